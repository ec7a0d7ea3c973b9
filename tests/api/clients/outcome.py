"""What a client made of the scenario and of the errors, run once in a test session."""
import dataclasses
import functools
import json
import time

from clients import compare, drivers
from clients.conditions import CONDITIONS

SCENARIO = json.loads((drivers.HERE / "scenario.json").read_text(encoding="utf-8"))
ERRORS = json.loads((drivers.HERE / "errors.json").read_text(encoding="utf-8"))
# The clocks of this process and of the control plane are one; SDKs round to milliseconds.
ROUNDING = 0.002


@dataclasses.dataclass
class Outcome:
    client: drivers.Client
    version: str
    results: list
    # By the step's text, for each step of the scenario: what was wrong.
    problems: dict
    # By the error's name: what was wrong, or None where its condition cannot be made yet.
    errors: dict

    def proves(self, operation):
        """Whether every step with the operation went as it should, and one of them succeeded."""
        steps = [step for step in SCENARIO if step["operation"] == operation]
        return any("expect" in step for step in steps) and not any(self.problems[step["step"]] for step in steps)


def run_scenario(client, credentials_of, account):
    steps = compare.filled_in(SCENARIO, account)
    with CONDITIONS["normal"]() as world:
        started = time.time() - ROUNDING
        version, results = drivers.run(client, steps, world.directory, credentials_of(world), world.control.endpoint_url)
        window = (started, time.time() + ROUNDING)
    problems = {step["step"]: compare.problems(client, step, result, window) for step, result in zip(steps, results)}
    return version, results, problems


def error_problems(client, case, results):
    """The steps before the last only prepare."""
    *before, last = results
    refused = [f"{result['error']}: {result['message']}" for result in before if not result["ok"]]
    return refused or compare.error_problems(client, {"error": case["error"]}, last)


def run_errors(client, credentials_of, account):
    found = {case["error"]: None for case in ERRORS}
    for when, condition in CONDITIONS.items():
        cases = compare.filled_in([case for case in ERRORS if case["when"] == when], account)
        steps = [step for case in cases for step in case["steps"]]
        with condition() as world:
            _, results = drivers.run(client, steps, world.directory, credentials_of(world), world.control.endpoint_url)
        left = iter(results)
        for case in cases:
            found[case["error"]] = error_problems(client, case, [next(left) for _ in case["steps"]])
    return found


@functools.cache
def of(client, credentials_of, account):
    version, results, problems = run_scenario(client, credentials_of, account)
    return Outcome(client, version, results, problems, run_errors(client, credentials_of, account))
