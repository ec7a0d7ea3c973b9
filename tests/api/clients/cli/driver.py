"""Runs steps through the AWS CLI. ../drivers.py says what goes in and what comes out.

Each step is one command line, given to the CLI's own entry in this process: to start `aws` itself a
hundred times would cost a minute. The interpreter that runs this file decides which CLI it is."""
import contextlib
import io
import json
import re
import sys

import awscli
from awscli import clidriver

CLI = clidriver.create_clidriver()
# What `aws` prints for an error that the service answered.
ANSWERED = re.compile(r"An error occurred \((\w+)\) when calling the \w+ operation(?: \([^)]*\))?: (.*)", re.S)


def command_line(step, endpoint_url):
    command = re.sub(r"(?<!^)(?=[A-Z])", "-", step["operation"]).lower()
    arguments = dict(step["input"])
    size = ["--page-size", str(arguments.pop("limit"))] if step.get("pages") else ["--no-paginate"]
    endpoint = ["--endpoint-url", endpoint_url] if endpoint_url else []
    paged = step["operation"].startswith("List")
    return ["appmesh", command, "--cli-input-json", json.dumps(arguments), *endpoint, *(size if paged else [])]


def run(step, endpoint_url):
    printed, complained = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(complained):
        code = CLI.main(command_line(step, endpoint_url))
    if code == 0:
        # All pages as one, and nothing at all for an empty answer.
        return {"ok": True, "pages": [json.loads(printed.getvalue() or "{}")]}
    answered = ANSWERED.search(complained.getvalue())
    if not answered:
        return {"ok": False, "error": f"exit code {code}", "message": complained.getvalue().strip()}
    return {"ok": False, "error": answered.group(1), "message": answered.group(2).strip()}


def main():
    print(json.dumps({"version": awscli.__version__}))
    endpoint_url = sys.argv[1] if len(sys.argv) > 1 else None
    for step in json.load(sys.stdin):
        print(json.dumps(run(step, endpoint_url)))


main()
