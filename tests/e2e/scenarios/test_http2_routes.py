"""http2Route: HTTP/2 to the application and from it, the matches that only it has, streams that are refused."""
import pytest

from support import http2
from support.applications import RESET
from support.http2 import REFUSED, Http2Application
from support.shop import to
from support.versions import both_envoys

PORT = 8082


@pytest.fixture(scope="module")
def two(shared_shop):
    """Services over HTTP/2."""
    shop = shared_shop

    def application(name):
        return shop.of(shop.lab.closing(Http2Application(name, shop.lab.network.hub.address4)), "http2")

    def retry(event):
        return {"maxRetries": 2, "perRetryTimeout": {"unit": "s", "value": 5}, "httpRetryEvents": [event]}

    shop.taken, shop.rest = application("taken"), application("rest")
    for name, match in [("scheme", {"prefix": "/", "scheme": "https"}), ("path", {"path": {"exact": "/a"}}),
                        ("header", {"prefix": "/", "headers": [{"name": "x-a", "match": {"exact": "1"}}]})]:
        shop.service(name, to(shop.taken, match=match, priority=1), to(shop.rest), protocol="http2", port=PORT)
    for event in ("stream-error", "server-error", "client-error"):
        shop.service(event, to(shop.taken, retryPolicy=retry(event)), protocol="http2", port=PORT)
    return shop.settle()


def ask(shop, service, path="/", **how):
    return http2.ask(shop.client.host, shop.services[service][0], PORT, path, **how)


@pytest.mark.field("RouteSpec.http2Route.match.{prefix,path.exact,headers[].name,headers[].match.exact}")
@both_envoys
def test_matches(two, clients, envoy):
    two.client = clients[envoy]
    two.wait_resolved()
    two.taken.will_answer(200)
    assert ask(two, "path", "/a").by == "taken"
    assert ask(two, "path", "/b").by == "rest"
    assert ask(two, "header", headers={"x-a": "1"}).by == "taken"
    assert ask(two, "header", headers={"x-a": "2"}).by == "rest"


@pytest.mark.field("RouteSpec.http2Route.retryPolicy.{httpRetryEvents[],maxRetries}")
@both_envoys
@pytest.mark.parametrize("event,first,attempts", [
    ("stream-error", REFUSED, 2), ("stream-error", RESET, 1), ("stream-error", 503, 1),
    ("server-error", RESET, 2), ("server-error", 500, 2), ("client-error", 409, 2), ("client-error", REFUSED, 1)])
def test_retries(two, clients, envoy, event, first, attempts):
    two.client = clients[envoy]
    two.wait_resolved()
    application = two.taken.will_answer(first, 200)
    answer = ask(two, event)
    assert application.attempts == attempts
    assert answer.status == (200 if attempts > 1 else 503 if isinstance(first, str) else first)


def test_many_requests_share_a_connection(two):
    two.taken.will_answer(200)
    before = two.client.stats(r"^cluster\.cds_egress_lab_taken.*\.upstream_cx_total$")
    assert [ask(two, "path", "/a").status for _ in range(5)] == [200] * 5
    assert two.client.stats(r"^cluster\.cds_egress_lab_taken.*\.upstream_cx_total$") == before
