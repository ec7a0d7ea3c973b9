"""grpcRoute, with clients and applications of gRPC: methods choose, codes are tried again, streams stay whole. What it
shares with other kinds is in test_http_routes.py, test_retries.py and so on."""
import pytest

from support import requests
from support.grpc_application import GrpcApplication, GrpcClient
from support.shop import to
from support.versions import both_envoys

CODES = {"cancelled": "CANCELLED", "deadline-exceeded": "DEADLINE_EXCEEDED", "internal": "INTERNAL",
         "resource-exhausted": "RESOURCE_EXHAUSTED", "unavailable": "UNAVAILABLE"}


@pytest.fixture(scope="module")
def rpc(shared_shop, clients):
    """Services over gRPC."""
    shop = shared_shop

    def application(name):
        return shop.of(shop.lab.closing(GrpcApplication(name, shop.lab.network.hub.address4)), "grpc")

    def service(name, *routes):
        shop.service(name, *routes, protocol="grpc")

    shop.taken, shop.rest = application("taken"), application("rest")
    rest = to(shop.rest)
    service("service", to(shop.taken, match={"serviceName": "shop.Books"}, priority=1), rest)
    service("method", to(shop.taken, match={"serviceName": "shop.Books", "methodName": "Get"}, priority=1), rest)
    for event in CODES:
        service(event, to(shop.taken, retryPolicy={"maxRetries": 2, "perRetryTimeout": {"unit": "s", "value": 5},
                                                   "grpcRetryEvents": [event]}))
    service("default", to(shop.taken))
    shop.callers = {proxy: shop.lab.closing(GrpcClient(proxy.host)) for proxy in clients.values()}
    return shop.settle()


def ask(shop, service, path, *kind):
    answer = shop.callers[shop.client].call(*shop.services[service], path, *kind)
    return answer.get("answer", answer["code"])


@pytest.mark.field("RouteSpec.grpcRoute.match.{serviceName,methodName}")
@both_envoys
def test_service_and_method(rpc, clients, envoy):
    rpc.client = clients[envoy]
    rpc.wait_resolved()
    rpc.taken.will_answer("OK")
    assert ask(rpc, "service", "/shop.Books/Get") == "taken"
    assert ask(rpc, "service", "/shop.Books/List") == "taken"
    assert ask(rpc, "service", "/shop.BooksToo/Get") == "rest"
    assert ask(rpc, "method", "/shop.Books/Get") == "taken"
    assert ask(rpc, "method", "/shop.Books/GetAll") == "rest"


def test_streams_follow_the_same_routes(rpc):
    rpc.taken.will_answer("OK")
    assert ask(rpc, "service", "/shop.Books/ListStream", "stream") == ["taken 0", "taken 1", "taken 2"]
    assert ask(rpc, "method", "/shop.Books/ListStream", "stream") == ["rest 0", "rest 1", "rest 2"]


def test_what_is_no_grpc_has_no_route(rpc):
    assert requests.ask(rpc.client.host, *rpc.services["service"], "/shop.Books/Get", method="POST").status == 404


@pytest.mark.field("RouteSpec.grpcRoute.retryPolicy.{grpcRetryEvents[],maxRetries}")
@pytest.mark.parametrize("event", CODES)
@both_envoys
def test_an_event_is_tried_again_and_no_other(rpc, clients, envoy, event):
    rpc.client = clients[envoy]
    rpc.wait_resolved()
    rpc.taken.will_answer(CODES[event])
    assert ask(rpc, event, "/shop.Books/Get") == CODES[event]
    other = next(code for code in CODES.values() if code != CODES[event])
    assert len(rpc.taken.take_calls(f"{other} OK")) == 3
    assert ask(rpc, event, "/shop.Books/Get") == other
    assert len(rpc.taken.take_calls()) == 1


def test_the_default_tries_what_is_unavailable_again(rpc):
    rpc.taken.will_answer("UNAVAILABLE", "UNAVAILABLE", "OK")
    assert ask(rpc, "default", "/shop.Books/Get") == "taken"
    assert len(rpc.taken.take_calls("INTERNAL OK")) == 3
    assert ask(rpc, "default", "/shop.Books/Get") == "INTERNAL"
    assert len(rpc.taken.take_calls()) == 1
