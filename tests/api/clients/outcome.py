"""What the clients made of the scenario and of the errors, run once in a test session."""
import concurrent.futures
import contextlib
import dataclasses
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
    # By the error's name: what was wrong.
    errors: dict

    def disagreements(self, other):
        """The steps to which this client and `other` were not given the same answer."""
        answers = zip(SCENARIO, compare.comparable(self.results), compare.comparable(other.results))
        hidden = () if self.client.tells_pages and other.client.tells_pages else ("nextToken",)
        return [step["step"] for step, own, others in answers
                if compare.without(own, hidden) != compare.without(others, hidden)]

    def proves(self, operation, reference):
        """Whether every step with the operation went as it should and as with `reference`, and one succeeded."""
        steps = [step for step in SCENARIO if step["operation"] == operation]
        wrong = {step for step, found in self.problems.items() if found} | set(self.disagreements(reference))
        return any("expect" in step for step in steps) and not any(step["step"] in wrong for step in steps)


def run_all(steps, condition, credentials_of):
    """(version, results) of each client, all at once, each with a control plane of its own."""

    def run(client, world):
        return drivers.run(client, steps, world.directory, credentials_of(world), world.control.endpoint_url)

    with contextlib.ExitStack() as worlds, concurrent.futures.ThreadPoolExecutor(len(drivers.CLIENTS)) as pool:
        made = [worlds.enter_context(condition()) for _ in drivers.CLIENTS]
        return list(pool.map(run, drivers.CLIENTS, made))


def run_scenario(credentials_of, account):
    steps = compare.filled_in(SCENARIO, account)
    started = time.time() - ROUNDING
    ran = run_all(steps, CONDITIONS["normal"], credentials_of)
    window = (started, time.time() + ROUNDING)
    return [Outcome(client, version, results, {step["step"]: compare.problems(client, step, result, window)
                                               for step, result in zip(steps, results)}, {})
            for client, (version, results) in zip(drivers.CLIENTS, ran)]


def error_problems(client, case, results):
    """The steps before the last only prepare."""
    *before, last = results
    refused = [f"{result['error']}: {result['message']}" for result in before if not result["ok"]]
    return refused or compare.error_problems(client, {"error": case["error"]}, last)


def add_errors(outcomes, when, credentials_of, account):
    """Fills in the errors that the condition `when` leads to."""
    cases = compare.filled_in([case for case in ERRORS if case["when"] == when], account)
    ran = run_all([step for case in cases for step in case["steps"]], CONDITIONS[when], credentials_of)
    for outcome, (_, results) in zip(outcomes, ran):
        left = iter(results)
        for case in cases:
            outcome.errors[case["error"]] = error_problems(outcome.client, case, [next(left) for _ in case["steps"]])


def of_all(credentials_of, account):
    """The outcome of each client, in the order of drivers.CLIENTS."""
    drivers.build_go()
    outcomes = run_scenario(credentials_of, account)
    for when in CONDITIONS:
        add_errors(outcomes, when, credentials_of, account)
    return outcomes
