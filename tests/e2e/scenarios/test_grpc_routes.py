"""grpcRoute: services, methods and metadata choose; codes are tried again; streams stay whole."""
import pytest

from support import requests
from support.grpc_application import GrpcApplication, GrpcClient
from support.shop import to
from support.versions import both_envoys

PORT = 8083


@pytest.fixture(scope="module")
def rpc(shared_shop, clients):
    """Services over gRPC."""
    shop = shared_shop

    def application(name):
        return shop.of(shop.lab.closing(GrpcApplication(name, shop.lab.network.hub.address4)), "grpc")

    def service(name, *routes):
        shop.service(name, *routes, protocol="grpc", port=PORT)

    shop.taken, shop.rest = application("taken"), application("rest")
    rest = to(shop.rest)
    service("service", to(shop.taken, match={"serviceName": "shop.Books"}, priority=1), rest)
    service("method", to(shop.taken, match={"serviceName": "shop.Books", "methodName": "Get"}, priority=1), rest)
    service("metadata", to(shop.taken, match={"metadata": [{"name": "x-tier", "match": {"exact": "gold"}}]}, priority=1), rest)
    service("not-gold", to(shop.taken, match={"metadata": [{"name": "x-tier", "match": {"exact": "gold"}, "invert": True}]},
                           priority=1), rest)
    for event in ("cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable"):
        service(event, to(shop.taken, retryPolicy={"maxRetries": 2, "perRetryTimeout": {"unit": "s", "value": 5},
                                                   "grpcRetryEvents": [event]}))
    shop.callers = {proxy: shop.lab.closing(GrpcClient(proxy.host)) for proxy in clients.values()}
    return shop.settle()


def ask(shop, service, path, *kind, **metadata):
    answer = shop.callers[shop.client].call(shop.services[service][0], PORT, path, *kind, **metadata)
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


@pytest.mark.field("RouteSpec.grpcRoute.match.metadata[].{name,invert,match.exact}")
def test_metadata(rpc):
    rpc.taken.will_answer("OK")
    assert ask(rpc, "metadata", "/a.B/C", x_tier="gold") == "taken"
    assert ask(rpc, "metadata", "/a.B/C", x_tier="golden") == "rest"
    assert ask(rpc, "metadata", "/a.B/C") == "rest"
    assert ask(rpc, "not-gold", "/a.B/C", x_tier="lead") == "taken"
    assert ask(rpc, "not-gold", "/a.B/C", x_tier="gold") == "rest"


def test_what_is_no_grpc_has_no_route(rpc):
    full, _ = rpc.services["service"]
    assert requests.ask(rpc.client.host, full, PORT, "/shop.Books/Get", method="POST").status == 404


CODES = {"cancelled": "CANCELLED", "deadline-exceeded": "DEADLINE_EXCEEDED", "internal": "INTERNAL",
         "resource-exhausted": "RESOURCE_EXHAUSTED", "unavailable": "UNAVAILABLE"}


@pytest.mark.field("RouteSpec.grpcRoute.retryPolicy.{grpcRetryEvents[],maxRetries}")
@pytest.mark.parametrize("event", CODES)
def test_retries(rpc, event):
    rpc.taken.will_answer(CODES[event], "OK")
    assert ask(rpc, event, "/shop.Books/Get") == "taken"
    assert len(rpc.taken.take_calls("NOT_FOUND OK")) == 2
    assert ask(rpc, event, "/shop.Books/Get") == "NOT_FOUND"
    assert len(rpc.taken.take_calls()) == 1
