"""timeout: a request, and a silence, that last too long."""
from concurrent import futures

import pytest

from demo.waiting import wait_until
from support.applications import HANG, HOLD
from support.shop import PORTS, to
from support.versions import both_envoys

SHORT = {"unit": "s", "value": 1}
NEVER = {"unit": "ms", "value": 0}
ONCE = {"maxRetries": 0, "perRetryTimeout": {"unit": "s", "value": 60}, "httpRetryEvents": ["client-error"]}
# What a client is told; of gRPC it is UNAVAILABLE, not DEADLINE_EXCEEDED.
ENDED = {"http": 504, "http2": 504, "grpc": "grpc 14"}
every_protocol = pytest.mark.parametrize("protocol", PORTS)


@pytest.fixture(scope="module")
def timed(shared_shop):
    """For each protocol and each timeout a service, such as `grpc-slow`, all of one application."""
    shop = shared_shop
    shop.applications = {protocol: shop.application("app", protocol) for protocol in PORTS}
    for protocol, application in shop.applications.items():
        for name, more in {
                "slow": {"timeout": {"perRequest": SHORT}},
                "tried": {"timeout": {"perRequest": {"unit": "ms", "value": 2500}}, "retryPolicy": {
                    "maxRetries": 9, "perRetryTimeout": SHORT, "httpRetryEvents": ["gateway-error"]}},
                "silent": {"timeout": {"idle": SHORT, "perRequest": NEVER}, "retryPolicy": ONCE},
                "patient": {"timeout": {"perRequest": NEVER, "idle": NEVER}},
                "usual": {},
        }.items():
            shop.service(f"{protocol}-{name}", to(application, **more), protocol=protocol)
    return shop.settle()


@pytest.fixture
def hanging(timed, clients, envoy, protocol):
    timed.client = clients[envoy]
    timed.wait_resolved()
    return timed.applications[protocol].will_answer(HANG)


@pytest.mark.field("RouteSpec.{httpRoute,http2Route,grpcRoute}.timeout.perRequest")
@every_protocol
@both_envoys
def test_per_request_ends_a_request(timed, hanging, protocol):
    hanging.will_answer(HOLD)
    with futures.ThreadPoolExecutor(1) as others:
        usual = others.submit(timed.get, f"{protocol}-usual")
        wait_until(lambda: hanging.attempts == 1, 30, "a request without a timeout of its own")
        answer = timed.get(f"{protocol}-slow")
        assert (answer.code, answer.text) == (ENDED[protocol], "upstream request timeout")
        assert not usual.done()
        hanging.release()
        assert usual.result().code == 200
    assert timed.get(f"{protocol}-slow").code == 200


@every_protocol
def test_per_request_bounds_all_attempts_together(timed, hanging, protocol):
    assert timed.get(f"{protocol}-tried").code == ENDED[protocol]
    wait_until(lambda: 2 <= hanging.attempts <= 3, 30, "an attempt and another, or two")


@pytest.mark.field("RouteSpec.{httpRoute,http2Route,grpcRoute}.timeout.idle")
@every_protocol
@both_envoys
def test_idle_ends_a_request_on_which_nothing_moves(timed, hanging, protocol):
    answer = timed.get(f"{protocol}-silent")
    assert (answer.code, answer.text) == (ENDED[protocol], "stream timeout")
    hanging.will_answer(200)
    assert timed.get(f"{protocol}-silent").code == 200


def test_zero_is_no_timeout(timed):
    """Envoy would end it after 15 seconds, and its proxy says so: that is not waited for."""
    configs = timed.client.get("/config_dump?resource=dynamic_route_configs")["configs"]
    actions = {host["name"]: host["routes"][0]["route"] for config in configs
               for host in config["route_config"]["virtual_hosts"] if "route" in host.get("routes", [{}])[0]}
    for protocol in PORTS:
        patient, usual = (actions[timed.services[f"{protocol}-{name}"][0]] for name in ("patient", "usual"))
        assert patient["timeout"] == patient["idle_timeout"] == "0s"
        assert not {"timeout", "idle_timeout"} & set(usual)
