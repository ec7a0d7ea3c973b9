"""retryPolicy: what is tried again, counted at the application. gRPC's own events are in test_grpc_routes.py."""
import pytest

from demo.waiting import wait_until
from support.applications import HANG, RESET
from support.http2 import REFUSED
from support.shop import PORTS, to
from support.versions import both_envoys

every_protocol = pytest.mark.parametrize("protocol", PORTS)
# What a client is told when no attempt got an answer.
FAILED = {"http": 503, "http2": 503, "grpc": "grpc 14"}


def policy(*events, retries=2, tcp=(), per_try=None):
    return {"maxRetries": retries, "perRetryTimeout": {"unit": "ms", "value": per_try or 5000},
            **({"httpRetryEvents": list(events)} if events else {}), **({"tcpRetryEvents": list(tcp)} if tcp else {})}


POLICIES = {**{event: policy(event) for event in ("server-error", "gateway-error", "client-error", "stream-error")},
            "several": policy("gateway-error", "client-error"), "none": policy("server-error", retries=0),
            "impatient": policy("server-error", per_try=1000),
            "impatient-without-reset": policy("client-error", per_try=1000)}


@pytest.fixture(scope="module")
def retrying(shared_shop):
    """For each protocol and each policy a service, such as `http2-several`, all of one application; `default` has none.
    The applications of `refused` and `refused-once` are gone."""
    shop = shared_shop
    shop.applications = {protocol: shop.application("app", protocol) for protocol in PORTS}
    shop.gone = {protocol: shop.application("gone", protocol) for protocol in PORTS}
    for protocol, application in shop.applications.items():
        for name, value in POLICIES.items():
            shop.service(f"{protocol}-{name}", to(application, retryPolicy=value), protocol=protocol)
        shop.service(f"{protocol}-default", to(application), protocol=protocol)
        gone = shop.gone[protocol]
        shop.service(f"{protocol}-refused", to(gone, retryPolicy=policy(tcp=["connection-error"])), protocol=protocol)
        shop.service(f"{protocol}-refused-once", to(gone, retryPolicy=policy("client-error")), protocol=protocol)
        gone.close()
    return shop.settle()


def stats(shop, application, protocol, *names):
    """Those statistics of the cluster that the application is."""
    cluster = f"cluster.cds_egress_lab_{shop.node_of(application)}_{protocol}_{application.port}."
    found = shop.client.stats("^" + cluster)
    return [found[cluster + name] for name in names]


# event, what the application answers first, how many attempts it then sees; it would answer 200 to the second.
TRIED_AGAIN = {
    "http": [
        ("server-error", 500, 2), ("server-error", 503, 2), ("server-error", 511, 2), ("server-error", RESET, 2),
        ("server-error", 409, 1), ("server-error", 404, 1),
        ("gateway-error", 502, 2), ("gateway-error", 503, 2), ("gateway-error", 504, 2), ("gateway-error", RESET, 2),
        ("gateway-error", 500, 1), ("gateway-error", 409, 1),
        ("client-error", 409, 2), ("client-error", 404, 1), ("client-error", 503, 1), ("client-error", RESET, 1),
        # A refused stream of HTTP/2 alone.
        ("stream-error", RESET, 1), ("stream-error", 503, 1),
        ("several", 502, 2), ("several", 409, 2), ("several", 500, 1),
        ("none", 500, 1), ("none", RESET, 1),
        ("default", 503, 2), ("default", RESET, 2), ("default", 500, 1), ("default", 409, 1)],
    "http2": [
        ("server-error", 500, 2), ("server-error", RESET, 2), ("server-error", 409, 1),
        ("gateway-error", 502, 2), ("gateway-error", RESET, 2), ("gateway-error", 500, 1),
        ("client-error", 409, 2), ("client-error", 503, 1), ("client-error", REFUSED, 1),
        ("stream-error", REFUSED, 2), ("stream-error", RESET, 1), ("stream-error", 503, 1),
        ("default", 503, 2), ("default", REFUSED, 2), ("default", RESET, 2), ("default", 500, 1)],
}
TRIED_AGAIN["grpc"] = TRIED_AGAIN["http2"]


@pytest.mark.field("RouteSpec.{httpRoute,http2Route,grpcRoute}.retryPolicy.httpRetryEvents[]")
@both_envoys
@pytest.mark.parametrize("protocol,event,first,attempts",
                         [(protocol, *each) for protocol, those in TRIED_AGAIN.items() for each in those])
def test_event(retrying, clients, envoy, protocol, event, first, attempts):
    retrying.client = clients[envoy]
    retrying.wait_resolved()
    application = retrying.applications[protocol].will_answer(first, 200)
    answer = retrying.get(f"{protocol}-{event}")
    assert application.attempts == attempts
    assert answer.code == (200 if attempts > 1 else FAILED[protocol] if first in (RESET, REFUSED) else first)


@pytest.mark.field("RouteSpec.{httpRoute,http2Route,grpcRoute}.retryPolicy.maxRetries")
@every_protocol
def test_max_retries_is_the_number_of_further_attempts(retrying, protocol):
    application = retrying.applications[protocol].will_answer(503)
    counted = ["upstream_rq_retry", "upstream_rq_retry_limit_exceeded"]
    before = stats(retrying, application, protocol, *counted)
    assert (retrying.get(f"{protocol}-server-error").status, application.attempts) == (503, 3)
    assert stats(retrying, application, protocol, *counted) == [before[0] + 2, before[1] + 1]


def test_the_default_tries_twice_more_and_posts_too(retrying):
    application = retrying.applications["http"].will_answer(503)
    assert (retrying.get("http-default", method="POST", body=b"once").status, application.attempts) == (503, 3)
    assert [request.body for request in application.requests] == [b"once"] * 3


@pytest.mark.field("RouteSpec.{httpRoute,http2Route,grpcRoute}.retryPolicy.perRetryTimeout")
@every_protocol
@both_envoys
def test_an_attempt_that_takes_too_long_is_tried_again(retrying, clients, envoy, protocol):
    retrying.client = clients[envoy]
    application = retrying.applications[protocol].will_answer(HANG, 200)
    before = stats(retrying, application, protocol, "upstream_rq_per_try_timeout")
    assert (retrying.get(f"{protocol}-impatient").code, application.attempts) == (200, 2)
    assert stats(retrying, application, protocol, "upstream_rq_per_try_timeout") == [before[0] + 1]


@every_protocol
def test_without_an_event_that_includes_reset_it_ends_the_request(retrying, protocol):
    application = retrying.applications[protocol].will_answer(HANG, 200)
    answer = retrying.get(f"{protocol}-impatient-without-reset")
    assert answer.code == ("grpc 14" if protocol == "grpc" else 504)
    wait_until(lambda: application.attempts == 1, 30, "its one attempt")


@pytest.mark.field("RouteSpec.{httpRoute,http2Route,grpcRoute}.retryPolicy.tcpRetryEvents[]")
@every_protocol
@both_envoys
def test_connection_error_tries_a_refused_connection_again(retrying, clients, envoy, protocol):
    retrying.client = clients[envoy]

    def attempts_of(service):
        before = stats(retrying, retrying.gone[protocol], protocol, "upstream_cx_connect_fail")
        assert retrying.get(f"{protocol}-{service}").code == FAILED[protocol]
        return stats(retrying, retrying.gone[protocol], protocol, "upstream_cx_connect_fail")[0] - before[0]

    assert attempts_of("refused") == 3
    assert attempts_of("refused-once") == 1
