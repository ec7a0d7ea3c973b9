"""docs/guide/compatibility.md, written from what a test run proved and from nothing else."""
import json

from clients.outcome import ERRORS, SCENARIO
from demo.world import ROOT

# What holds each of the API's field rules: a list of {"rule", "text", "grade", "enforced"}. The section is
# left out while there is no such file.
RULES = ROOT / "tests/api/rules.json"

HEAD = """\
# Compatibility

This page is written by the tests from what they saw (`make compatibility`), and a test fails when it says anything else.
Each client is the real one, with its own parser, signer and errors; [clients.md](clients.md) says how to point it at Chancery.

## Clients

{clients}

## Operations

*yes*: the client made the call, and each answer had what App Mesh's contract says and was the same as boto3's. The
scenario has {steps} calls: creates, updates, pages of one entry, zero and `false`, empty specs, names that need
encoding, owners, client tokens, deletes and refusals.

{operations}

## Errors

*yes*: the server was brought to the error, and the client raised its own type of that name (the CLI prints the name).
*not reached*: no test can bring the server to it yet.

{errors}
"""


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def clients_table(outcomes):
    return table(["Client", "Version", "Finds `AWS_ENDPOINT_URL_APP_MESH`"],
                 [[each.client.name, each.version, "yes" if each.client.reads_endpoint else "no"] for each in outcomes])


def operations_table(outcomes):
    operations = list(dict.fromkeys(step["operation"] for step in SCENARIO))
    return table(["Operation", *(each.client.name for each in outcomes)],
                 [[operation, *("yes" if each.proves(operation, outcomes[0]) else "no" for each in outcomes)]
                  for operation in sorted(operations)])


def error_cell(found):
    return "not reached" if found is None else "no" if found else "yes"


def errors_table(outcomes):
    return table(["Error", *(each.client.name for each in outcomes)],
                 [[case["error"], *(error_cell(each.errors[case["error"]]) for each in outcomes)] for case in ERRORS])


def rules_section():
    if not RULES.exists():
        return ""
    rules = json.loads(RULES.read_text(encoding="utf-8"))
    rows = [[str(rule["rule"]), rule["text"], rule["grade"], rule["enforced"]] for rule in rules]
    return "\n## Rules\n\n" + table(["Rule", "What", "Grade", "Enforced"], rows) + "\n"


def written(outcomes):
    return HEAD.format(clients=clients_table(outcomes), steps=len(SCENARIO), operations=operations_table(outcomes),
                       errors=errors_table(outcomes)) + rules_section()
