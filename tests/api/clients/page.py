"""docs/guide/compatibility.md, written from what a test run proved and from nothing else."""
from clients.outcome import ERRORS, SCENARIO

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

{errors}

## Rules

The 43 field rules of App Mesh, and below them those of our own and of Envoy's. *Grade* says how sure it is that App Mesh
has the rule: `HARD`, a refusal or an acceptance is on record; `DOC`, AWS documents it; `M`, the API's model has it; `CLI`,
only client-side tools refuse; `INF`, inferred; `silent`, no source says anything; `Envoy`, an Envoy would refuse. *Enforced*:
`always`; `strict`, with `--strict` alone; `shape`, with the shapes, before other rules; `quota`, where a quota is set;
`accepted`, such requests pass on purpose. *Held*: a request that breaks the rule was refused and one that keeps it was
accepted, or, of an accepted one, that it was accepted.

{rules}
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


def errors_table(outcomes):
    return table(["Error", *(each.client.name for each in outcomes)],
                 [[case["error"], *("no" if each.errors[case["error"]] else "yes" for each in outcomes)] for case in ERRORS])


def rules_table(rules):
    return table(["Rule", "What", "Grade", "Enforced", "Held"],
                 [[str(rule["number"] or ""), rule["rule"], rule["grade"], rule["enforced"],
                   "yes" if rule["held"] else "no"] for rule in rules])


def written(outcomes, rules):
    return HEAD.format(clients=clients_table(outcomes), steps=len(SCENARIO), operations=operations_table(outcomes),
                       errors=errors_table(outcomes), rules=rules_table(rules))
