"""retryPolicy: which answers are tried again, counted at the application."""
import pytest

from support.applications import HANG, RESET
from support.shop import to
from support.versions import both_envoys


def policy(*events, retries=2, tcp=(), per_try=None):
    return {"maxRetries": retries, "perRetryTimeout": {"unit": "ms", "value": per_try or 5000},
            **({"httpRetryEvents": list(events)} if events else {}), **({"tcpRetryEvents": list(tcp)} if tcp else {})}


@pytest.fixture(scope="module")
def retrying(shared_shop):
    """For each event a service of its name, all of one application."""
    application = shared_shop.application()
    for event in ("server-error", "gateway-error", "client-error", "stream-error"):
        shared_shop.service(event, to(application, retryPolicy=policy(event)))
    shared_shop.service("several", to(application, retryPolicy=policy("gateway-error", "client-error")))
    shared_shop.service("none", to(application, retryPolicy=policy("server-error", retries=0)))
    shared_shop.service("default", to(application))
    shared_shop.service("impatient", to(application, retryPolicy=policy("server-error", per_try=200)))
    shared_shop.service("impatient-without-reset", to(application, retryPolicy=policy("client-error", per_try=200)))
    shared_shop.settle()
    shared_shop.application_ = application
    return shared_shop


# event, what the application answers first, how many attempts it then sees; it would answer 200 to the second.
TRIED_AGAIN = [
    ("server-error", 500, 2), ("server-error", 503, 2), ("server-error", 511, 2), ("server-error", RESET, 2),
    ("server-error", 409, 1), ("server-error", 404, 1),
    ("gateway-error", 502, 2), ("gateway-error", 503, 2), ("gateway-error", 504, 2), ("gateway-error", RESET, 2),
    ("gateway-error", 500, 1), ("gateway-error", 409, 1),
    ("client-error", 409, 2), ("client-error", 404, 1), ("client-error", 503, 1), ("client-error", RESET, 1),
    # A refused stream of HTTP/2 alone: test_http2.py.
    ("stream-error", RESET, 1), ("stream-error", 503, 1),
    ("several", 502, 2), ("several", 409, 2), ("several", 500, 1),
    ("none", 500, 1), ("none", RESET, 1),
    ("default", 503, 2), ("default", RESET, 2), ("default", 500, 1), ("default", 409, 1),
]


@pytest.mark.field("RouteSpec.httpRoute.retryPolicy.httpRetryEvents[]")
@both_envoys
@pytest.mark.parametrize("event,first,attempts", TRIED_AGAIN)
def test_event(retrying, clients, envoy, event, first, attempts):
    retrying.client = clients[envoy]
    retrying.wait_resolved()
    application = retrying.application_.will_answer(first, 200)
    answer = retrying.get(event)
    assert application.attempts == attempts
    assert answer.status == (200 if attempts > 1 else 503 if first == RESET else first)


@pytest.mark.field("RouteSpec.httpRoute.retryPolicy.maxRetries")
def test_max_retries_is_the_number_of_further_attempts(retrying):
    application = retrying.application_.will_answer(503)
    assert (retrying.get("server-error").status, application.attempts) == (503, 3)


def test_the_default_tries_twice_more_and_posts_too(retrying):
    application = retrying.application_.will_answer(503)
    assert (retrying.get("default", method="POST", body=b"once").status, application.attempts) == (503, 3)
    assert [request.body for request in application.requests] == [b"once"] * 3


@pytest.mark.field("RouteSpec.httpRoute.retryPolicy.perRetryTimeout")
def test_an_attempt_that_takes_too_long_is_tried_again(retrying):
    application = retrying.application_.will_answer(HANG, 200)
    assert (retrying.get("impatient").status, application.attempts) == (200, 2)


def test_without_an_event_that_includes_reset_it_ends_the_request(retrying):
    application = retrying.application_.will_answer(HANG, 200)
    assert (retrying.get("impatient-without-reset").status, application.attempts) == (504, 1)


@pytest.mark.field("RouteSpec.httpRoute.retryPolicy.tcpRetryEvents[]")
def test_connection_error_tries_a_refused_connection_again(shop):
    gone = shop.application("gone")
    gone.close()
    shop.service("refused", to(gone, retryPolicy=policy(tcp=["connection-error"])))
    shop.service("refused-once", to(gone, retryPolicy=policy("client-error")))
    shop.settle()
    tries = f"cluster.cds_egress_lab_{shop.node_of(gone)}_http_{gone.port}.upstream_cx_connect_fail"

    def attempts_of(service):
        before = shop.client.stats(tries)[tries]
        assert shop.get(service).status == 503
        return shop.client.stats(tries)[tries] - before

    assert attempts_of("refused") == 3
    assert attempts_of("refused-once") == 1
