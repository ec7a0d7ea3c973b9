"""connectionPool: what a node lets through to its application at once, and a gateway to its mesh. The rest is refused by
503, or closed, and counted."""
import pytest

from demo.waiting import wait_until
from support import http2, requests
from support.applications import HOLD
from support.grpc_application import GrpcClient
from support.shop import Shop
from support.versions import ENVOYS, both_envoys

PORTS = {"http": 8080, "http2": 8082, "grpc": 8083, "tcp": 9000}
POOLS = {"http": {"maxConnections": 1, "maxPendingRequests": 1}, "http2": {"maxRequests": 2}, "grpc": {"maxRequests": 2},
         "tcp": {"maxConnections": 2}}
UNLIMITED = 8090  # an http listener without a pool
of_both = pytest.mark.parametrize("kind", ["node", "gateway"])


def listeners(*protocols):
    return [{"portMapping": {"port": PORTS[each], "protocol": each}, "connectionPool": {each: POOLS[each]}}
            for each in protocols]


class Listener:
    """One of `proxy`, before `application`, with the statistics of the cluster that its pool is of."""

    def __init__(self, proxy, outside, port, application, cluster):
        self.application = application
        self._proxy, self._cluster = proxy, cluster
        self._where = {"host": outside, "name": "shop.example", "port": port, "address": proxy.host.address4}

    def begin(self, module=requests):
        return module.begin(**self._where)

    def ask(self, module=requests):
        return module.ask(**self._where)

    def connect(self):
        return requests.connect(self._where["host"], self._where["port"], self._where["address"])

    def call(self, client, how="call"):
        return getattr(client, how)("shop.example", self._where["port"], "/shop.Books/Get", address=self._where["address"])

    def stat(self, name):
        """The sum of what `name` matches."""
        return sum(self._proxy.stats(rf"^cluster\.{self._cluster}\.({name})$").values())

    def wait(self, name, value):
        wait_until(lambda: self.stat(name) == value, 30, f"{value} {name}")


@pytest.fixture(scope="module")
def outside(lab):
    return lab.network.host("outside")


@pytest.fixture(scope="module")
def callers(lab, outside):
    """Three at once."""
    return [lab.closing(GrpcClient(outside)) for _ in range(3)]


@pytest.fixture(scope="module")
def nodes(lab, outside):
    """The listeners of the node `server`, by Envoy's version and by protocol."""
    plain = {"portMapping": {"port": UNLIMITED, "protocol": "http"}}
    lab.node("server", serviceDiscovery={"dns": {"hostname": "server.lab"}}, listeners=[*listeners(*PORTS), plain])

    def listener(proxy, protocol, port):
        local = lab.serve(protocol, protocol, proxy.host, port=port)
        return Listener(proxy, outside, port, local, f"cds_ingress_lab_server_{protocol}_{port}")

    proxies = {envoy: lab.sidecar("server", [*PORTS.values(), UNLIMITED], envoy).wait_live() for envoy in ENVOYS}
    return {envoy: {**{protocol: listener(proxy, protocol, port) for protocol, port in PORTS.items()},
                    "unlimited": listener(proxy, "http", UNLIMITED)} for envoy, proxy in proxies.items()}


@pytest.fixture(scope="module")
def gateways(lab, outside):
    """The listeners of the gateway `edge`, likewise."""
    protocols = ["http", "http2", "grpc"]
    shop = Shop(lab, None)
    lab.virtual_gateway("edge", listeners=listeners(*protocols))
    applications = {each: shop.of(lab.serve(each, each), each) for each in protocols}
    for each in protocols:
        service = f"{each}.lab"
        lab.service(service, virtualNode=shop.node_of(applications[each]))
        match = {"serviceName": "shop.Books"} if each == "grpc" else {"prefix": "/"}
        lab.gateway_route("edge", each, **{f"{each}Route": {"match": {"port": PORTS[each], **match}, "action": {
            "target": {"virtualService": {"virtualServiceName": service}}}}})
    proxies = {envoy: lab.gateway("edge", envoy).wait_live() for envoy in ENVOYS}
    lab.settle()
    for shop.client in proxies.values():
        shop.wait_resolved()
    return {envoy: {each: Listener(proxy, outside, PORTS[each], applications[each],
                                   f"cds_ingress_lab_edge_self_redirect_{PORTS[each]}_{each}_15001") for each in protocols}
            for envoy, proxy in proxies.items()}


@pytest.fixture
def listener(request, kind, envoy):
    """The listener of that kind and version which has the protocol of the test's name; its application holds what comes."""
    found = request.getfixturevalue(f"{kind}s")[envoy][request.function.__name__.split("_")[1]]
    found.application.will_answer(HOLD)
    return found


REFUSED = "upstream_rq_pending_overflow|upstream_rq_active_overflow"  # of max_requests: the second from Envoy 1.40 on


@pytest.mark.field("{VirtualNodeSpec,VirtualGatewaySpec}.listeners[].connectionPool.http.{maxConnections,maxPendingRequests}")
@both_envoys
@of_both
def test_http_takes_a_connection_and_one_that_waits_for_it(listener):
    first = listener.begin()
    listener.wait("upstream_rq_active", 1)  # until it has its connection it is one that waits
    second = listener.begin()
    listener.wait("upstream_rq_pending_active", 1)
    refused = listener.ask()
    assert (refused.status, refused.headers["x-envoy-overloaded"]) == (503, "true")
    assert listener.stat("upstream_rq_pending_overflow") == listener.stat("circuit_breakers.default.cx_open") == 1
    assert listener.stat("upstream_cx_overflow") > 0
    listener.application.release()
    assert (first.answer().status, second.answer().status, listener.ask().status) == (200, 200, 200)
    assert listener.stat("upstream_rq_pending_overflow") == listener.stat("upstream_cx_total") == 1


@pytest.mark.field("{VirtualNodeSpec,VirtualGatewaySpec}.listeners[].connectionPool.http2.maxRequests")
@both_envoys
@of_both
def test_http2_takes_two_requests(listener):
    first, second = listener.begin(http2), listener.begin(http2)
    listener.wait("upstream_rq_active", 2)
    refused = listener.ask(http2)
    assert (refused.status, refused.headers["x-envoy-overloaded"]) == (503, "true")
    assert listener.stat(REFUSED) == listener.stat("circuit_breakers.default.rq_open") == 1
    listener.application.release()
    assert (first.answer().status, second.answer().status, listener.ask(http2).status) == (200, 200, 200)
    assert listener.stat(REFUSED) == 1


@pytest.mark.field("{VirtualNodeSpec,VirtualGatewaySpec}.listeners[].connectionPool.grpc.maxRequests")
@both_envoys
@of_both
def test_grpc_takes_two_calls(listener, callers):
    for caller in callers[:2]:
        listener.call(caller, "begin")
    listener.wait("upstream_rq_active", 2)
    refused = listener.call(callers[2])
    assert refused["code"] == "UNAVAILABLE" and "overflow" in refused["details"]
    assert listener.stat(REFUSED) == listener.stat("circuit_breakers.default.rq_open") == 1
    listener.application.release()
    assert [caller.answer()["code"] for caller in callers[:2]] == ["OK", "OK"]
    assert listener.call(callers[2])["code"] == "OK" and listener.stat(REFUSED) == 1


@pytest.mark.field("VirtualNodeSpec.listeners[].connectionPool.tcp.maxConnections")
@both_envoys
@pytest.mark.parametrize("kind", ["node"])
def test_tcp_takes_two_connections(listener):
    hello = b"hello from tcp\n"
    listener.application.release()
    with listener.connect() as first:
        with listener.connect() as second, listener.connect() as refused:
            assert [requests.receive(each) for each in (first, second, refused)] == [hello, hello, b""]
            assert listener.stat("upstream_cx_overflow") == listener.stat("circuit_breakers.default.cx_open") == 1
        listener.wait("upstream_cx_active", 1)
        with listener.connect() as next_one:
            assert requests.receive(next_one) == hello


@both_envoys
@pytest.mark.parametrize("kind", ["node"])
def test_unlimited_without_a_pool(listener):
    begun = [listener.begin() for _ in range(5)]
    wait_until(lambda: listener.application.attempts == 5, 30, "all at the application")
    listener.application.release()
    assert [each.answer().status for each in begun] == [200] * 5
    assert listener.stat("upstream_(cx|rq_pending)_overflow") == 0
