"""Virtual gateways: matches, rewrites and listeners, asked from outside the mesh."""
import pytest

from support import requests
from support.keeping import keeping_logs
from support.lab import Lab
from support.shop import Shop, to
from support.versions import ENVOYS, both_envoys

PORT, SECOND = 8088, 8089
EDGE = "edge"


class Gateway:
    """The gateway `edge` with two listeners, one proxy of each version, and routes to services of a shop."""

    def __init__(self, lab):
        self.lab = lab
        self.shop = Shop(lab, None)
        lab.virtual_gateway(EDGE, listeners=[{"portMapping": {"port": port, "protocol": "http"}} for port in (PORT, SECOND)])
        self.outside = lab.network.host("outside")
        self.proxies = {envoy: lab.gateway(EDGE, envoy) for envoy in ENVOYS}
        self.services = {}

    def service(self, name):
        """A virtual service that says what reached it."""
        application = self.shop.application(name)
        self.services[name] = application
        self.shop.service(name, to(application))
        return self.shop.services[name][0]

    def route(self, name, service, match, kind="httpRoute", **rewrite):
        full, port = self.shop.services[service]
        action = {"target": {"virtualService": {"virtualServiceName": full}}, **({"rewrite": rewrite} if rewrite else {})}
        self.lab.gateway_route(EDGE, name, **{kind: {"match": {"port": PORT, **match}, "action": action}})

    def settle(self):
        for proxy in self.proxies.values():
            proxy.wait_live()
        self.lab.settle()
        for self.shop.client in self.proxies.values():
            self.shop.wait_resolved()

    def ask(self, path, envoy="newest", port=PORT, host="www.example.com", **how):
        """The answer to somebody outside."""
        address = self.proxies[envoy].host.address4
        return requests.ask(self.outside, host, port, path, address=address, **how)

    def seen(self, path, **how):
        """Who was asked for what: (application, path, host)."""
        answer = self.ask(path, **how)
        return (answer.by, answer.json["path"], answer.json["headers"]["host"]) if answer.status == 200 else answer.status


KEEP_HOST = {"defaultTargetHostname": "DISABLED"}
KEEP_PREFIX = {"defaultPrefix": "DISABLED"}


@pytest.fixture(scope="module")
def gateway(request):
    with keeping_logs(request, Lab()) as lab:
        made = Gateway(lab)
        for name in ("books", "carts", "mail"):
            made.service(name)
        made.route("default", "books", {"prefix": "/books"})
        made.route("value", "books", {"prefix": "/new/"}, prefix={"value": "/v2/"})
        made.route("keep-prefix", "books", {"prefix": "/kept"}, prefix=KEEP_PREFIX)
        made.route("keep-host", "carts", {"prefix": "/carts"}, hostname=KEEP_HOST)
        made.route("keep-both", "mail", {"prefix": "/mail"}, hostname=KEEP_HOST, prefix=KEEP_PREFIX)
        made.route("path", "books", {"path": {"exact": "/exact"}}, path={"exact": "/other"})
        made.route("path-kept", "books", {"path": {"exact": "/same"}})
        made.route("path-regex", "books", {"path": {"regex": "/any/[0-9]+"}}, path={"exact": "/number"})
        made.route("method", "carts", {"prefix": "/either", "method": "POST"}, prefix=KEEP_PREFIX)
        made.route("header", "mail", {"prefix": "/either", "headers": [{"name": "x-mail", "match": {"exact": "1"}}]})
        made.route("query", "mail", {"prefix": "/q", "queryParameters": [{"name": "m", "match": {"exact": "1"}}]})
        made.route("host", "carts", {"prefix": "/", "hostname": {"exact": "carts.example.com"}})
        made.route("suffix", "mail", {"prefix": "/", "hostname": {"suffix": ".mail.example.com"}})
        made.route("second", "mail", {"prefix": "/", "port": SECOND})
        made.settle()
        yield made


def name(gateway, service):
    return gateway.shop.services[service][0]


@pytest.mark.field("GatewayRouteSpec.httpRoute.action.rewrite.prefix.{defaultPrefix,value}",
                   "GatewayRouteSpec.httpRoute.match.prefix")
@both_envoys
def test_prefix_rewrites(gateway, envoy):
    books = name(gateway, "books")
    assert gateway.seen("/books", envoy=envoy) == ("books", "/", books)
    assert gateway.seen("/books/1?x=y", envoy=envoy) == ("books", "/1?x=y", books)
    assert gateway.seen("/new/1", envoy=envoy) == ("books", "/v2/1", books)
    assert gateway.seen("/kept/1", envoy=envoy) == ("books", "/kept/1", books)
    assert gateway.seen("/nothing", envoy=envoy) == 404


@pytest.mark.field("GatewayRouteSpec.httpRoute.action.rewrite.path.exact",
                   "GatewayRouteSpec.httpRoute.match.path.{exact,regex}")
@both_envoys
def test_path_rewrites_keep_the_query(gateway, envoy):
    books = name(gateway, "books")
    assert gateway.seen("/exact?q=1", envoy=envoy) == ("books", "/other?q=1", books)
    assert gateway.seen("/same?q=1", envoy=envoy) == ("books", "/same?q=1", books)
    assert gateway.seen("/any/42?q=1", envoy=envoy) == ("books", "/number?q=1", books)
    assert gateway.seen("/exact/more", envoy=envoy) == 404
    assert gateway.seen("/any/thing", envoy=envoy) == 404


@pytest.mark.field("GatewayRouteSpec.httpRoute.action.rewrite.hostname.defaultTargetHostname")
@both_envoys
def test_hostname_rewrites(gateway, envoy):
    assert gateway.seen("/books", envoy=envoy)[2] == name(gateway, "books")
    assert gateway.seen("/carts/1", envoy=envoy) == ("carts", "/1", "www.example.com")
    assert gateway.seen("/mail/1", envoy=envoy) == ("mail", "/mail/1", "www.example.com")


@both_envoys
def test_a_forged_virtual_service_header_chooses_nothing(gateway, envoy):
    """The gateway's second hop finds the service by a header that a client must not be able to set."""
    for forged in ("mail", "books"):
        headers = {"x-app-mesh-virtual-service": name(gateway, forged)}
        assert gateway.seen("/carts/1", envoy=envoy, headers=headers) == ("carts", "/1", "www.example.com")
        assert gateway.seen("/nothing", envoy=envoy, headers=headers) == 404


@pytest.mark.field("GatewayRouteSpec.httpRoute.match.{method,headers[].name,headers[].match.exact,queryParameters[].name,queryParameters[].match.exact}")
def test_method_header_and_query(gateway):
    assert gateway.ask("/either", method="POST").by == "carts"
    assert gateway.ask("/either", headers={"x-mail": "1"}).by == "mail"
    assert gateway.ask("/either").status == 404
    assert gateway.ask("/q?m=1").by == "mail"
    assert gateway.ask("/q?m=2").status == 404


@pytest.mark.field("GatewayRouteSpec.httpRoute.match.hostname.{exact,suffix}")
@both_envoys
def test_hostnames_choose_first_with_and_without_port(gateway, envoy):
    for host, by in [("carts.example.com", "carts"), (f"carts.example.com:{PORT}", "carts"),
                     ("CARTS.example.com", "carts"), ("a.mail.example.com", "mail"),
                     (f"a.b.mail.example.com:{PORT}", "mail"), ("mail.example.com", 404), ("other.example.com", 404)]:
        assert gateway.ask("/anything", envoy=envoy, host=host).by == by, host


@pytest.mark.field("GatewayRouteSpec.httpRoute.match.port",
                   "VirtualGatewaySpec.listeners[].portMapping.port")
@both_envoys
def test_a_route_of_one_listener_is_not_one_of_the_other(gateway, envoy):
    assert gateway.ask("/anything", envoy=envoy, port=SECOND).by == "mail"
    assert gateway.ask("/anything", envoy=envoy, port=PORT).status == 404
    assert gateway.ask("/books", envoy=envoy, port=PORT).by == "books"


def test_the_timeout_of_the_services_route_holds_at_the_gateway(gateway):
    shop = gateway.shop
    application = shop.application("slow").will_answer("hang")
    shop.service("slow", to(application, timeout={"perRequest": {"unit": "ms", "value": 300}}))
    gateway.route("slow", "slow", {"prefix": "/slow"})
    gateway.settle()
    assert gateway.ask("/slow").status == 504
