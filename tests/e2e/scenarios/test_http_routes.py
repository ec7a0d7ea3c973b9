"""httpRoute, http2Route, grpcRoute: what decides where a request goes, and where it does not."""
import pytest

from support import matches
from support.shop import PORTS, to
from support.versions import both_envoys


@pytest.fixture(scope="module")
def matched(shared_shop):
    """For each match a service of that name: what is taken goes to `taken`, the rest to `rest`."""
    for protocol in PORTS:
        taken, rest = shared_shop.application("taken", protocol), shared_shop.application("rest", protocol)
        for name, (match, _, _) in matches.OF_ROUTES[protocol].items():
            shared_shop.service(f"{protocol}-{name}", to(taken, match=match, priority=1), to(rest), protocol=protocol)
    return shared_shop.settle()


@pytest.mark.field("RouteSpec.{httpRoute,http2Route}.match.{prefix,method,path,headers,queryParameters}",
                   "RouteSpec.grpcRoute.match.{serviceName,methodName,metadata}")
@pytest.mark.parametrize("protocol,match", matches.cases(matches.OF_ROUTES))
@both_envoys
def test_match(matched, clients, envoy, protocol, match):
    matched.client = clients[envoy]
    matched.wait_resolved()
    matches.check(matches.OF_ROUTES[protocol][match], lambda **how: matched.get(f"{protocol}-{match}", **how).by)


def test_a_path_is_normalized_before_it_is_matched(matched):
    assert matched.get("http-prefix", "/shelf/../books").by == "taken"
    assert matched.get("http-prefix", "//books").by == "taken"


@pytest.mark.field("RouteSpec.priority")
def test_the_lowest_number_is_asked_first_and_none_is_last(shop):
    apps = {name: shop.application(name) for name in ("first", "second", "none")}
    anything = {"prefix": "/"}
    shop.service("ranked", to(apps["none"], match=anything),
                 to(apps["second"], match={"prefix": "/a"}, priority=20),
                 to(apps["first"], match={"prefix": "/a/b"}, priority=10))
    shop.settle()
    assert [shop.get("ranked", path).by for path in ("/a/b", "/a", "/")] == ["first", "second", "none"]
    # A shorter prefix before a longer one hides it.
    shop.reroute("ranked", 1, to(apps["second"], match={"prefix": "/a"}, priority=5))
    shop.settle()
    assert shop.get("ranked", "/a/b").by == "second"


def test_of_equal_priority_the_longest_prefix_wins(shop):
    long, short = shop.application("long"), shop.application("short")
    shop.service("equal", to(short, match={"prefix": "/"}), to(long, match={"prefix": "/a"}))
    shop.settle()
    assert [shop.get("equal", path).by for path in ("/a", "/")] == ["long", "short"]


def test_a_request_that_no_route_takes_is_not_found(shop):
    shop.service("narrow", to(shop.application(), match={"prefix": "/only"}))
    shop.settle()
    assert [shop.get("narrow", path).status for path in ("/only/this", "/other")] == [200, 404]


def test_a_host_that_is_no_backend_is_not_found(shop):
    shop.service("known", to(shop.application()))
    shop.settle()
    full, port = shop.services["known"]
    assert shop.get("known").status == 200
    assert shop.get("known", headers={"Host": f"{full}:{port}"}).status == 200
    assert shop.get("known", headers={"Host": full.upper()}).status == 200
    assert shop.get("known", headers={"Host": f"{full}:1234"}).status == 404
    assert shop.get("known", headers={"Host": "unknown.lab"}).status == 404


def test_the_host_header_reaches_the_application_as_it_was(shop):
    application = shop.application()
    shop.service("asked", to(application))
    shop.settle().get("asked")
    assert application.last.headers["host"] == shop.services["asked"][0]


@pytest.mark.field("VirtualServiceSpec.provider.virtualNode")
def test_a_virtual_node_as_provider_has_no_router(shop):
    application = shop.application("direct")
    shop.provide("direct", port=application.port, virtualNode=shop.node_of(application))
    assert shop.settle().get("direct").by == "direct"
