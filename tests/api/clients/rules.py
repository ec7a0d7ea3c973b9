"""The API's field rules: the table of src/frontend, and which of them its tests were just seen to hold."""
import json
import os
import subprocess

from demo.world import ROOT

FILTER = "Rules/FieldRuleTest.*:QuotasTest.BackendsAreCountedInCreateAndUpdate"
# Rules that are held by another test than the one that each row of the table has of its own.
HELD_BY = {"backends-quota": "QuotasTest.BackendsAreCountedInCreateAndUpdate"}


def program(name):
    build = ROOT / os.environ.get("CHANCERY_BUILD", "build/release")
    return build / "src/frontend" / name


def passed(directory):
    """Names of the tests of rules that ran and passed."""
    report = directory / "rules.json"
    subprocess.run([program("frontend_test"), f"--gtest_filter={FILTER}", f"--gtest_output=json:{report}"],
                   capture_output=True, timeout=300, check=False)
    suites = json.loads(report.read_text(encoding="utf-8"))["testsuites"]
    return {f"{suite['name']}.{test['name']}" for suite in suites for test in suite["testsuite"]
            if test["result"] == "COMPLETED" and not test.get("failures")}


def test_of(rule):
    own = f"Rules/FieldRuleTest.HoldsAsTheTableSays/{rule['number']}_{rule['name'].replace('-', '_')}"
    return HELD_BY.get(rule["name"], own)


def held(directory):
    """The rules of the table, in its order, each with `held`."""
    done = subprocess.run([program("rules_dump")], capture_output=True, timeout=60, check=True)
    names = passed(directory)
    return [{**rule, "held": test_of(rule) in names} for rule in json.loads(done.stdout)]
