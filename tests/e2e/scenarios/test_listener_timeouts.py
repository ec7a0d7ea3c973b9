"""listeners[].timeout of every protocol: the server's own proxy ends what takes longer."""
import pytest

from demo.waiting import wait_until
from support import http2, requests
from support.applications import HOLD
from support.grpc_application import GrpcClient
from support.versions import ENVOYS, both_envoys

SHORT, NONE = {"unit": "s", "value": 1}, {"unit": "s", "value": 0}
TIMEOUTS = {"per-request": {"perRequest": SHORT}, "idle": {"idle": SHORT, "perRequest": NONE},
            "none": {"idle": NONE, "perRequest": NONE}, "unset": {}}
REQUESTS = ["http", "http2", "grpc"]  # and tcp, which has connections alone
LISTENERS = {(protocol, name): 8000 + number for number, (protocol, name) in enumerate(
    [(protocol, name) for protocol in REQUESTS for name in TIMEOUTS] + [("tcp", name) for name in ("idle", "none", "unset")])}


def listener(protocol, name):
    timeout = {kind: value for kind, value in TIMEOUTS[name].items() if protocol != "tcp" or kind == "idle"}
    return {"portMapping": {"port": LISTENERS[protocol, name], "protocol": protocol},
            **({"timeout": {protocol: timeout}} if timeout else {})}


class Call:
    """A call over gRPC that is on its way, as a request of HTTP is."""

    def __init__(self, client, *where):
        self._client = client
        client.begin(*where[:3], address=where[3])

    def answer(self):
        return self._client.answer()


class Server:
    """The node `server` with a listener for each protocol and timeout, called from outside."""

    def __init__(self, lab, outside, envoy):
        self.proxy = lab.sidecar("server", LISTENERS.values(), envoy)
        self.applications = {which: lab.serve(which[0], "-".join(which), self.proxy.host, port=port)
                             for which, port in LISTENERS.items()}
        self._outside = outside
        self._callers = {name: lab.closing(GrpcClient(outside)) for name in TIMEOUTS}
        self.proxy.wait_live()

    def begin(self, protocol, name):
        where = "server", LISTENERS[protocol, name], "/shop.Books/Get", self.proxy.host.address4
        if protocol == "grpc":
            return Call(self._callers[name], *where)
        return {"http": requests, "http2": http2}[protocol].begin(self._outside, *where[:3], address=where[3])

    def ask(self, protocol, name):
        return said(self.begin(protocol, name))

    def active(self, protocol, name):
        """How many requests are at the application."""
        cluster = f"cluster.cds_ingress_lab_server_{protocol}_{LISTENERS[protocol, name]}"
        return self.proxy.stats(rf"^{cluster}\.upstream_rq_active$")[f"{cluster}.upstream_rq_active"]

    def connect(self, name):
        return requests.connect(self._outside, LISTENERS["tcp", name], self.proxy.host.address4)


def said(begun):
    """The status and what the proxy said, or "" if the application answered."""
    answer = begun.answer()
    if isinstance(answer, dict):
        return answer["code"], answer.get("details", "")
    return answer.status, "" if answer.status == 200 else answer.body.decode()


GOOD = {"http": (200, ""), "http2": (200, ""), "grpc": ("OK", "")}


def ended(protocol, why):
    return ("UNAVAILABLE" if protocol == "grpc" else 504, why)


@pytest.fixture(scope="module")
def servers(lab):
    lab.node("server", serviceDiscovery={"dns": {"hostname": "server.lab"}}, listeners=[
        listener(*which) for which in LISTENERS])
    outside = lab.network.host("outside")
    return {envoy: Server(lab, outside, envoy) for envoy in ENVOYS}


@pytest.mark.field("VirtualNodeSpec.listeners[].timeout.{http,http2,grpc}.perRequest")
@both_envoys
@pytest.mark.parametrize("protocol", REQUESTS)
def test_per_request_ends_a_request(servers, envoy, protocol):
    """Long before one for which nothing is set."""
    server = servers[envoy]
    application, other = (server.applications[protocol, name].will_answer(HOLD) for name in ("per-request", "unset"))
    unset = server.begin(protocol, "unset")
    wait_until(lambda: server.active(protocol, "unset") == 1, 30, "the request at the application")
    assert server.ask(protocol, "per-request") == ended(protocol, "upstream request timeout")
    other.release()
    assert said(unset) == GOOD[protocol]
    application.release()
    assert server.ask(protocol, "per-request") == GOOD[protocol]


@pytest.mark.field("VirtualNodeSpec.listeners[].timeout.{http,http2,grpc}.idle")
@both_envoys
@pytest.mark.parametrize("protocol", REQUESTS)
def test_idle_ends_a_request_on_which_nothing_moves(servers, envoy, protocol):
    server = servers[envoy]
    application = server.applications[protocol, "idle"].will_answer(HOLD)
    assert server.ask(protocol, "idle") == ended(protocol, "stream timeout")
    application.release()
    assert server.ask(protocol, "idle") == GOOD[protocol]


@pytest.mark.field("VirtualNodeSpec.listeners[].timeout.tcp.idle")
@both_envoys
def test_idle_closes_a_connection_on_which_nothing_moves(servers, envoy):
    with servers[envoy].connect("idle") as closed, servers[envoy].connect("unset") as kept:
        assert requests.receive(closed) and requests.receive(kept)
        assert requests.receive(closed) == b""  # its end
        kept.sendall(b"still there")
        assert requests.receive(kept) == b"still there"


def test_zero_is_none_and_unset_is_fifteen_seconds(servers):
    """For a request. A silence of five minutes ends it where `idle` is unset, and is not waited for."""
    cases = [(server, protocol) for server in servers.values() for protocol in REQUESTS]
    for server, protocol in cases:
        for name in ("none", "unset"):
            server.applications[protocol, name].will_answer(HOLD)
    unset = [server.begin(protocol, "unset") for server, protocol in cases]
    none = [server.begin(protocol, "none") for server, protocol in cases]
    assert [said(each) for each in unset] == [ended(protocol, "upstream request timeout") for _, protocol in cases]
    for server, protocol in cases:
        server.applications[protocol, "none"].release()
    assert [said(each) for each in none] == [GOOD[protocol] for _, protocol in cases]


@both_envoys
def test_zero_idle_is_none_says_the_proxy(servers, envoy):
    """Its own is five minutes, and an hour for tcp."""
    configs = servers[envoy].proxy.get("/config_dump?resource=dynamic_route_configs")["configs"]
    routes = {each["route_config"]["name"]: each["route_config"]["virtual_hosts"][0]["routes"][0]["route"] for each in configs}
    for protocol in REQUESTS:
        idle = {name: routes[f"rds_ingress_{protocol}_{LISTENERS[protocol, name]}"].get("idle_timeout") for name in TIMEOUTS}
        assert idle == {"per-request": None, "idle": "1s", "none": "0s", "unset": None}, protocol
    chains = servers[envoy].proxy.get("/config_dump?resource=dynamic_listeners")["configs"]
    idle = {proxy["cluster"]: proxy.get("idle_timeout") for proxy in tcp_proxies(chains) if "_ingress_" in proxy["cluster"]}
    assert idle == {f"cds_ingress_lab_server_tcp_{LISTENERS['tcp', name]}": value
                    for name, value in [("idle", "1s"), ("none", "0s"), ("unset", None)]}


def tcp_proxies(value):
    """Configurations of the tcp_proxy filter, at any depth."""
    if isinstance(value, list):
        for item in value:
            yield from tcp_proxies(item)
    elif isinstance(value, dict):
        if value.get("@type", "").endswith(".TcpProxy") and "cluster" in value:
            yield value
        for item in value.values():
            yield from tcp_proxies(item)
