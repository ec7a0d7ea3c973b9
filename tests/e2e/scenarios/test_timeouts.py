"""timeout: a request, and a silence, that last too long."""
import pytest

from support.applications import HANG
from support.shop import to

SHORT = {"unit": "ms", "value": 300}
NEVER = {"unit": "ms", "value": 0}
ONCE = {"maxRetries": 0, "perRetryTimeout": {"unit": "s", "value": 60}, "httpRetryEvents": ["client-error"]}


@pytest.fixture
def hanging(shop):
    return shop.application().will_answer(HANG)


@pytest.mark.field("RouteSpec.httpRoute.timeout.perRequest")
def test_per_request_ends_a_request(shop, hanging):
    shop.service("slow", to(hanging, timeout={"perRequest": SHORT}))
    answer = shop.settle().get("slow")
    assert (answer.status, answer.body) == (504, b"upstream request timeout")
    hanging.will_answer(200)
    assert shop.get("slow").status == 200


def test_per_request_bounds_all_attempts_together(shop, hanging):
    shop.service("tried", to(hanging, timeout={"perRequest": {"unit": "ms", "value": 700}},
                             retryPolicy={"maxRetries": 9, "perRetryTimeout": SHORT, "httpRetryEvents": ["gateway-error"]}))
    assert shop.settle().get("tried").status == 504
    assert 2 <= hanging.attempts <= 3


@pytest.mark.field("RouteSpec.httpRoute.timeout.idle")
def test_idle_ends_a_request_on_which_nothing_moves(shop, hanging):
    shop.service("silent", to(hanging, timeout={"idle": SHORT, "perRequest": NEVER}, retryPolicy=ONCE))
    answer = shop.settle().get("silent")
    assert (answer.status, answer.body) == (504, b"stream timeout")


def test_zero_is_no_timeout(shop, hanging):
    """Envoy would end it after 15 seconds, and its proxy says so: that is not waited for."""
    shop.service("patient", to(hanging, timeout={"perRequest": NEVER, "idle": NEVER}))
    shop.service("usual", to(hanging))
    shop.settle()
    hosts = shop.client.get("/config_dump?resource=dynamic_route_configs")["configs"][0]["route_config"]["virtual_hosts"]
    actions = {host["name"]: host["routes"][0]["route"] for host in hosts}
    assert actions[shop.services["patient"][0]]["timeout"] == "0s"
    assert actions[shop.services["patient"][0]]["idle_timeout"] == "0s"
    assert not {"timeout", "idle_timeout"} & set(actions[shop.services["usual"][0]])
