"""Every operation and every error of the API through the SDKs that users have (clients/drivers.py)."""
import os

import botocore.session
import pytest

from clients import compare, drivers, outcome, page, rules
from clients.conditions import CONDITIONS, normal
from demo.mesh import ACCOUNT
from demo.world import ROOT

PAGE = ROOT / "docs/guide/compatibility.md"
ERRORS = [case["error"] for case in outcome.ERRORS]

each_client = pytest.mark.parametrize("client", drivers.CLIENTS, ids=drivers.NAMES)


@pytest.fixture(scope="session")
def outcomes(api_credentials):
    return outcome.of_all(api_credentials, ACCOUNT)


@pytest.fixture
def outcome_of(outcomes):
    return lambda client: outcomes[drivers.CLIENTS.index(client)]


def test_the_scenario_has_every_operation_and_error_of_the_model():
    model = botocore.session.get_session().get_service_model("appmesh")
    assert {step["operation"] for step in outcome.SCENARIO} == set(model.operation_names)
    assert {case["error"] for case in outcome.ERRORS} == {shape.name for shape in model.error_shapes}
    assert set(compare.STATUS) == {shape.name for shape in model.error_shapes}
    assert {case["when"] for case in outcome.ERRORS} == set(CONDITIONS)
    texts = [step["step"] for step in outcome.SCENARIO]
    assert len(texts) == len(set(texts))
    assert all(("expect" in step) != ("error" in step) for step in outcome.SCENARIO)


@each_client
def test_the_scenario(client, outcome_of):
    wrong = {step: found for step, found in outcome_of(client).problems.items() if found}
    assert not wrong


@each_client
@pytest.mark.parametrize("error", ERRORS)
def test_an_error_is_the_clients_own_type(client, error, outcome_of):
    assert outcome_of(client).errors[error] == []


@pytest.mark.parametrize("client", drivers.CLIENTS[1:], ids=drivers.NAMES[1:])
def test_all_clients_get_the_same_answers(client, outcome_of):
    assert not outcome_of(client).disagreements(outcome_of(drivers.CLIENTS[0]))


@each_client
def test_times_have_fractions(client, outcome_of):
    """Whole seconds for every one of them would be an accident of one in ten to the power of a hundred."""
    times = compare.times_of([result["pages"] for result in outcome_of(client).results if result["ok"]])
    assert any(time % 1 for time in times)


@each_client
def test_the_endpoint_from_the_environment(client, api_credentials):
    """A client that does not read the variable would ask AWS: it gets no way there."""
    step = {"operation": "ListMeshes", "input": {}}
    with normal() as world:
        world.client.create_mesh(meshName="found")
        nowhere = {"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": "127.0.0.0/8"}
        _, [result] = drivers.run(client, [step], world.directory, api_credentials(world),
                                  AWS_ENDPOINT_URL_APP_MESH=world.control.endpoint_url, **nowhere)
    assert result["ok"] == client.reads_endpoint, result
    if result["ok"]:
        assert [mesh["meshName"] for mesh in result["pages"][0]["meshes"]] == ["found"]


def test_every_rule_is_held(tmp_path):
    table = rules.held(tmp_path)
    assert {rule["number"] for rule in table} == set(range(44))
    assert [rule["name"] for rule in table if not rule["held"]] == []


def test_the_page_says_what_was_proved(outcomes, tmp_path):
    text = page.written(outcomes, rules.held(tmp_path))
    if os.environ.get("CHANCERY_COMPATIBILITY_REWRITE"):
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == text, "look at what changed, then: make compatibility"
