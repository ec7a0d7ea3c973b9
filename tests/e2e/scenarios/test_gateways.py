"""Virtual gateways: rewrites, hostnames, ports, priorities, asked from outside the mesh. Matches are in
test_gateway_matches.py."""
import functools

import pytest

from support import requests
from support.gateway import KINDS, PORT, SECOND, Gateway
from support.grpc_application import GrpcApplication, GrpcClient
from support.keeping import keeping_logs
from support.lab import Lab
from support.shop import PORTS, to
from support.versions import ENVOYS, both_envoys

KEEP_HOST = {"defaultTargetHostname": "DISABLED"}
KEEP_PREFIX = {"defaultPrefix": "DISABLED"}
NOT_FOUND = {"http": 404, "http2": 404, "grpc": "grpc 12"}
every_kind = pytest.mark.parametrize("gateway", KINDS, indirect=True)
with_paths = pytest.mark.parametrize("gateway", ["http", "http2"], indirect=True)


@pytest.fixture(scope="module")
def gateway(request):
    """Two listeners of one protocol; what only paths can say is not said of gRPC."""
    with keeping_logs(request, Lab()) as lab:
        made = Gateway(lab, dict.fromkeys((PORT, SECOND), request.param))
        for name in ("books", "carts", "mail"):
            made.service(name)
        made.not_found = NOT_FOUND[made.protocol]
        if made.protocol != "grpc":
            _add_paths(made)
        for service, rewrite in {"books": {}, "carts": {"hostname": KEEP_HOST}}.items():
            match = {"serviceName": f"a.{service}"} if made.protocol == "grpc" else {"prefix": f"/a.{service}/"}
            made.route(f"service-{service}", service, match, **rewrite)
        made.route("host", "carts", made.anything(hostname={"exact": "carts.example.com"}))
        made.route("suffix", "mail", made.anything(hostname={"suffix": ".mail.example.com"}))
        made.route("second", "mail", made.anything(port=SECOND))
        _add_priorities(made)
        _add_target_ports(made)
        made.settle()
        yield made


def _add_paths(made):
    made.route("default", "books", {"prefix": "/books"})
    made.route("value", "books", {"prefix": "/new/"}, prefix={"value": "/v2/"})
    made.route("keep-prefix", "books", {"prefix": "/kept"}, prefix=KEEP_PREFIX)
    made.route("keep-both", "mail", {"prefix": "/mail"}, hostname=KEEP_HOST, prefix=KEEP_PREFIX)
    made.route("path", "books", {"path": {"exact": "/exact"}}, path={"exact": "/other"})
    made.route("path-kept", "books", {"path": {"exact": "/same"}})
    made.route("path-regex", "books", {"path": {"regex": "/any/[0-9]+"}}, path={"exact": "/number"})


def _add_priorities(made):
    for name, service, priority in [("none", "mail", None), ("low", "books", 20), ("high", "carts", 10)]:
        match = made.anything(hostname={"exact": "ranked.example.com"})
        made.route(f"priority-{name}", service, match, priority=priority)


def _add_target_ports(made):
    """The service `ported` answers by another application on each of its ports."""
    ports = PORTS[made.protocol]
    applications = [made.shop.application(name, made.protocol) for name in ("first", "second")]
    made.shop.service("ported", *(to(each, match=made.anything(port=port)) for each, port in zip(applications, ports)),
                      protocol=made.protocol, second=ports[1])
    for each, port in zip(applications, ports):
        made.route(f"to-{each.name}", "ported", made.anything(hostname={"exact": f"{each.name}.example.com"}), port)


@pytest.mark.field("GatewayRouteSpec.{httpRoute,http2Route}.action.rewrite.prefix.{defaultPrefix,value}")
@with_paths
@both_envoys
def test_prefix_rewrites(gateway, envoy):
    books = gateway.full("books")
    assert gateway.seen("/books", envoy=envoy) == ("books", "/", books)
    assert gateway.seen("/books/1?x=y", envoy=envoy) == ("books", "/1?x=y", books)
    assert gateway.seen("/new/1", envoy=envoy) == ("books", "/v2/1", books)
    assert gateway.seen("/kept/1", envoy=envoy) == ("books", "/kept/1", books)
    assert gateway.seen("/nothing", envoy=envoy) == 404


@pytest.mark.field("GatewayRouteSpec.{httpRoute,http2Route}.action.rewrite.path.exact")
@with_paths
@both_envoys
def test_path_rewrites_keep_the_query(gateway, envoy):
    books = gateway.full("books")
    assert gateway.seen("/exact?q=1", envoy=envoy) == ("books", "/other?q=1", books)
    assert gateway.seen("/same?q=1", envoy=envoy) == ("books", "/same?q=1", books)
    assert gateway.seen("/any/42?q=1", envoy=envoy) == ("books", "/number?q=1", books)
    assert gateway.seen("/exact/more", envoy=envoy) == 404
    assert gateway.seen("/any/thing", envoy=envoy) == 404


@pytest.mark.field("GatewayRouteSpec.{httpRoute,http2Route,grpcRoute}.action.{rewrite.hostname,target.virtualService}")
@every_kind
@both_envoys
def test_the_host_becomes_the_services_unless_it_is_kept(gateway, envoy):
    assert gateway.seen("/a.books/1", envoy=envoy)[::2] == ("books", gateway.full("books"))
    assert gateway.seen("/a.carts/1", envoy=envoy)[::2] == ("carts", "www.example.com")


@with_paths
def test_host_and_prefix_may_both_be_kept(gateway):
    assert gateway.seen("/mail/1") == ("mail", "/mail/1", "www.example.com")


@every_kind
def test_a_grpc_path_is_never_rewritten(gateway):
    path = gateway.seen("/a.books/Get")[1]
    assert path == ("/a.books/Get" if gateway.protocol == "grpc" else "/Get")


@every_kind
@both_envoys
def test_a_forged_virtual_service_header_chooses_nothing(gateway, envoy):
    """The gateway's second hop finds the service by a header that a client must not be able to set."""
    for forged in ("mail", "books"):
        headers = {"x-app-mesh-virtual-service": gateway.full(forged)}
        assert gateway.seen("/a.carts/1", envoy=envoy, headers=headers)[::2] == ("carts", "www.example.com")
        assert gateway.seen("/nothing", envoy=envoy, headers=headers) == gateway.not_found


@pytest.mark.parametrize("gateway", ["grpc"], indirect=True)
@both_envoys
def test_calls_and_streams_of_grpc_itself_pass(gateway, envoy):
    application = gateway.lab.closing(GrpcApplication("real", gateway.lab.network.hub.address4))
    gateway.shop.service(f"real-{envoy}", to(gateway.shop.of(application, "grpc")), protocol="grpc")
    gateway.route(f"real-{envoy}", f"real-{envoy}", {"hostname": {"exact": f"{envoy}.example.com"}})
    gateway.settle()
    client = gateway.lab.closing(GrpcClient(gateway.outside))
    call = functools.partial(client.call, f"{envoy}.example.com", PORT, address=gateway.proxies[envoy].host.address4)
    assert call("/shop.Books/Get")["answer"] == "real"
    assert call("/shop.Books/ListStream", "stream")["answer"] == ["real 0", "real 1", "real 2"]
    application.will_answer("NOT_FOUND")
    assert call("/shop.Books/Get")["code"] == "NOT_FOUND"


@pytest.mark.field("GatewayRouteSpec.{httpRoute,http2Route,grpcRoute}.match.hostname.{exact,suffix}")
@every_kind
@both_envoys
def test_hostnames_choose_first_with_and_without_port(gateway, envoy):
    for host, by in [("carts.example.com", "carts"), (f"carts.example.com:{PORT}", "carts"),
                     ("CARTS.example.com", "carts"), ("a.mail.example.com", "mail"),
                     (f"a.b.mail.example.com:{PORT}", "mail"), ("mail.example.com", gateway.not_found),
                     ("other.example.com", gateway.not_found)]:
        assert gateway.ask("/any.Thing/Get", envoy=envoy, host=host).by == by, host


@pytest.mark.field("GatewayRouteSpec.{httpRoute,http2Route,grpcRoute}.match.port",
                   "VirtualGatewaySpec.listeners[].portMapping.{port,protocol}")
@every_kind
@both_envoys
def test_a_route_of_one_listener_is_not_one_of_the_other(gateway, envoy):
    assert gateway.ask("/any.Thing/Get", envoy=envoy, port=SECOND).by == "mail"
    assert gateway.ask("/any.Thing/Get", envoy=envoy, port=PORT).by == gateway.not_found
    assert gateway.ask("/a.books/Get", envoy=envoy, port=PORT).by == "books"


@pytest.mark.field("GatewayRouteSpec.{httpRoute,http2Route,grpcRoute}.action.target.port")
@every_kind
@both_envoys
def test_the_targets_port_chooses_the_listener_of_its_router(gateway, envoy):
    for name in ("first", "second"):
        assert {gateway.ask(envoy=envoy, host=f"{name}.example.com").by for _ in range(4)} == {name}


@pytest.mark.field("GatewayRouteSpec.priority")
@every_kind
def test_the_lowest_number_is_asked_first_at_the_gateway(gateway):
    def everywhere():
        return {gateway.ask(envoy=envoy, host="ranked.example.com").by for envoy in gateway.proxies}

    assert everywhere() == {"carts"}
    ranked = gateway.anything(hostname={"exact": "ranked.example.com"})
    gateway.route("priority-high", "carts", ranked, priority=30, update=True)
    gateway.settle()
    assert everywhere() == {"books"}


@every_kind
def test_the_timeout_of_the_services_route_holds_at_the_gateway(gateway):
    application = gateway.shop.application("slow", gateway.protocol).will_answer("hang")
    gateway.shop.service("slow", to(application, timeout={"perRequest": {"unit": "ms", "value": 300}}),
                         protocol=gateway.protocol)
    gateway.route("slow", "slow", gateway.anything(hostname={"exact": "slow.example.com"}))
    gateway.settle()
    assert gateway.ask(host="slow.example.com").code == ("grpc 14" if gateway.protocol == "grpc" else 504)


@pytest.mark.parametrize("envoy", ENVOYS)
@pytest.mark.parametrize("gateway", ["http"], indirect=True)
def test_the_second_hop_is_for_the_gateway_alone(gateway, envoy):
    """Who reached port 15001 would reach every target, past the listener's TLS, its clients' certificates and its routes."""
    proxy = gateway.proxies[envoy]
    assert gateway.seen("/books/1", envoy=envoy)[0] == "books"
    with pytest.raises(OSError):
        requests.ask(gateway.outside, gateway.full("books"), 15001, "/", address=proxy.host.address4)
    counted = proxy.stats(r"^listener\..*_15001\.no_filter_chain_match$")
    assert sum(counted.values()) == 1
