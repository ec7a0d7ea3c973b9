"""httpRoute: what decides where a request goes. Each match has what it takes and what it does not."""
import pytest

from support.shop import to
from support.versions import both_envoys


def header(name, match=None, **more):
    return {"prefix": "/", "headers": [{"name": name, **({"match": match} if match else {}), **more}]}


# match, requests that it takes, requests that it does not take; a request is (path, options of shop.get).
MATCHES = {
    "prefix": ({"prefix": "/books"}, [("/books", {}), ("/books/1?x=y", {}), ("/bookshelf", {})], [("/", {}), ("/b", {})]),
    "path-exact": ({"path": {"exact": "/books"}}, [("/books", {}), ("/books?x=y", {})], [("/books/", {}), ("/Books", {})]),
    "path-regex": ({"path": {"regex": "/b(oo|u)ks"}}, [("/books", {}), ("/buks?x", {})], [("/books/1", {}), ("/a/books", {})]),
    "method": ({"prefix": "/", "method": "DELETE"}, [("/", {"method": "DELETE"})], [("/", {}), ("/", {"method": "POST"})]),
    "header-exact": (header("x-color", {"exact": "red"}), [("/", {"headers": {"X-Color": "red"}})],
                     [("/", {}), ("/", {"headers": {"x-color": "Red"}}), ("/", {"headers": {"x-color": "redder"}})]),
    "header-prefix": (header("x-color", {"prefix": "re"}), [("/", {"headers": {"x-color": "red"}})],
                      [("/", {}), ("/", {"headers": {"x-color": "green"}})]),
    "header-suffix": (header("x-color", {"suffix": "ed"}), [("/", {"headers": {"x-color": "red"}})],
                      [("/", {}), ("/", {"headers": {"x-color": "redder"}})]),
    "header-regex": (header("x-color", {"regex": "red|gr.*"}), [("/", {"headers": {"x-color": "green"}})],
                     [("/", {"headers": {"x-color": "dark green"}}), ("/", {"headers": {"x-color": "redder"}})]),
    "header-range": (header("x-age", {"range": {"start": 18, "end": 65}}),
                     [("/", {"headers": {"x-age": "18"}}), ("/", {"headers": {"x-age": "64"}})],
                     [("/", {"headers": {"x-age": "65"}}), ("/", {"headers": {"x-age": "17"}}),
                      ("/", {"headers": {"x-age": "old"}}), ("/", {})]),
    "header-present": (header("x-color"), [("/", {"headers": {"x-color": ""}}), ("/", {"headers": {"x-color": "red"}})],
                       [("/", {})]),
    "header-absent": (header("x-color", invert=True), [("/", {})], [("/", {"headers": {"x-color": "red"}})]),
    # Inverted, a value that is not there is no other value: the header must be there (contract/envoy.md §2.4).
    "header-inverted": (header("x-color", {"exact": "red"}, invert=True), [("/", {"headers": {"x-color": "green"}})],
                        [("/", {"headers": {"x-color": "red"}}), ("/", {})]),
    "query-exact": ({"prefix": "/", "queryParameters": [{"name": "q", "match": {"exact": "1"}}]},
                    [("/?q=1", {}), ("/?a=2&q=1", {})], [("/", {}), ("/?q=12", {}), ("/?Q=1", {})]),
    "query-present": ({"prefix": "/", "queryParameters": [{"name": "q"}]}, [("/?q=", {}), ("/?q=7", {})],
                      [("/", {}), ("/?other=q", {})]),
    "all-conditions": ({"prefix": "/a", "method": "GET", "headers": [{"name": "x-color", "match": {"exact": "red"}}],
                        "queryParameters": [{"name": "q"}]},
                       [("/a?q=1", {"headers": {"x-color": "red"}})],
                       [("/a?q=1", {}), ("/a", {"headers": {"x-color": "red"}}), ("/?q=1", {"headers": {"x-color": "red"}})]),
}


@pytest.fixture(scope="module")
def matched(shared_shop):
    """For each match a service of that name: what is taken goes to `taken`, the rest to `rest`."""
    taken, rest = shared_shop.application("taken"), shared_shop.application("rest")
    for name, (match, _, _) in MATCHES.items():
        shared_shop.service(name, to(taken, match=match, priority=1), to(rest))
    return shared_shop.settle()


@pytest.mark.field("RouteSpec.httpRoute.match.{prefix,method,path.exact,path.regex}",
                   "RouteSpec.httpRoute.match.headers[].{name,invert}",
                   "RouteSpec.httpRoute.match.headers[].match",
                   "RouteSpec.httpRoute.match.queryParameters[].{name,match.exact}")
@pytest.mark.parametrize("match", MATCHES)
@both_envoys
def test_match(matched, clients, envoy, match):
    _, yes, no = MATCHES[match]
    matched.client = clients[envoy]
    matched.wait_resolved()
    assert {(path, str(how)): matched.get(match, path, **how).by for path, how in yes + no} == {
        **{(path, str(how)): "taken" for path, how in yes}, **{(path, str(how)): "rest" for path, how in no}}


def test_a_path_is_normalized_before_it_is_matched(matched):
    assert matched.get("prefix", "/shelf/../books").by == "taken"
    assert matched.get("prefix", "//books").by == "taken"


@pytest.mark.field("RouteSpec.httpRoute.action.weightedTargets[].{virtualNode,weight}")
@both_envoys
def test_weights_divide_the_requests(shop):
    blue, green, grey = (shop.application(name) for name in ("blue", "green", "grey"))
    shop.service("colors", to({blue: 3, green: 1, grey: 0}))
    answers = shop.settle().count("colors", 600)
    # Five standard deviations of 600 draws are 53.
    assert abs(answers["blue"] - 450) <= 53 and set(answers) == {"blue", "green"}, answers


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
