"""Certificates and trust from a secret agent alone: mutual TLS between proxies over every protocol, and what the agent
renews under load, when no request fails and what is new is in force."""
import contextlib
import http.client
import itertools
import ssl

import pytest

from demo import load
from demo.waiting import wait_until
from support import http2, requests
from support.certificates import Authority
from support.grpc_application import GrpcApplication, GrpcClient
from support.handshakes import Handshakes
from support.keeping import keeping_logs
from support.lab import Lab
from support.namespaces import VIRTUAL4
from support.secret_agent import SecretAgent
from support.shop import Shop, to
from support.tls import secret, tls, trust
from support.versions import ENVOYS, both_envoys

EDGE_PORT = 8443
HTTP, HTTP2, GRPC, TCP = 8080, 8082, 8083, 9000
PROTOCOLS = {"http": HTTP, "http2": HTTP2, "grpc": GRPC, "tcp": TCP}
RENEWALS = 5


class Bench:
    """A gateway, and a client and a server with mutual TLS between them: all by secrets of one agent."""

    def __init__(self, lab):
        self.lab = lab
        self.agent = lab.closing(SecretAgent(lab.directory / "agent.sock"))
        self._numbers = itertools.count(1)
        self.authority = Authority(lab.directory / "certificates")
        self.next = Authority(lab.directory / "certificates", "next")
        self.outside = lab.network.host("outside")
        for name in ("edge", "server", "client"):
            self.renew(name)
        self.agent.put_trust("trust", self.authority)
        self._make_server()
        self._make_client()
        self._make_gateway()
        more = ("--sds-socket", self.agent.path)
        self.servers = {envoy: lab.sidecar("server", PROTOCOLS.values(), envoy, more=more) for envoy in ENVOYS}
        # Each client's proxy calls the servers of both versions in turn.
        lab.dns.set("server.lab", *(proxy.host.address4 for proxy in self.servers.values()))
        for proxy in self.servers.values():
            for port in (HTTP, TCP):
                lab.http_application("answer", proxy.host, port=port)
            with proxy.host.inside():
                lab.closing(http2.Http2Application("answer", "127.0.0.1", HTTP2))
                lab.closing(GrpcApplication("answer", "127.0.0.1", GRPC))
        self.clients = {envoy: lab.sidecar("client", envoy=envoy, more=more) for envoy in ENVOYS}
        self.gateways = {envoy: lab.gateway("edge", envoy, more=more) for envoy in ENVOYS}
        for proxy in [*self.servers.values(), *self.clients.values(), *self.gateways.values()]:
            proxy.wait_live()

    def renew(self, name, authority=None):
        """A new certificate for the secret: the common name that it has."""
        names = (f"{name}.lab", f"spiffe://lab/{name}")
        pair = (authority or self.authority).issue(f"{name}-{next(self._numbers)}", *names)
        self.agent.put_certificate(name, pair)
        return pair[0].stem

    def _make_server(self):
        mutual = tls("STRICT", secret("server"), validation=trust(secret("trust"), "spiffe://lab/client"))
        discovery = {"dns": {"hostname": "server.lab", "responseType": "ENDPOINTS"}}
        self.lab.node("server", serviceDiscovery=discovery, listeners=[
            {"portMapping": {"port": port, "protocol": protocol}, **mutual} for protocol, port in PROTOCOLS.items()])
        for protocol, port in PROTOCOLS.items():
            router = self.lab.router(protocol, {"port": port, "protocol": protocol})
            target = {"action": {"weightedTargets": [{"virtualNode": "server", "weight": 1, "port": port}]}}
            match = {"tcp": {}, "grpc": {"match": {}}}.get(protocol, {"match": {"prefix": "/"}})
            self.lab.route(router, "all", **{f"{protocol}Route": {**target, **match}})
            self.lab.service(f"{protocol}.lab", virtualRouter=router)

    def _make_client(self):
        policy = {"tls": {"validation": trust(secret("trust"), "spiffe://lab/server"), "certificate": secret("client")}}
        self.lab.node("client", serviceDiscovery={"dns": {"hostname": "client.lab"}}, backends=[
            {"virtualService": {"virtualServiceName": f"{protocol}.lab"}} for protocol in PROTOCOLS],
            backendDefaults={"clientPolicy": policy})

    def _make_gateway(self):
        self.lab.virtual_gateway("edge", listeners=[{"portMapping": {"port": EDGE_PORT, "protocol": "http"},
                                                     **tls("STRICT", secret("edge"))}])
        shop = Shop(self.lab, None)
        shop.service("behind", to(shop.application("answer")))
        target = {"virtualService": {"virtualServiceName": shop.services["behind"][0]}}
        self.lab.gateway_route("edge", "all", httpRoute={"match": {"prefix": "/"}, "action": {"target": target}})

    def ask_gateway(self, envoy):
        """Common name of the certificate that one request is shown."""
        context = self.authority.client_context()
        connection = requests.connect(self.outside, EDGE_PORT, address=self.gateways[envoy].host.address4)
        with context.wrap_socket(connection, server_hostname="edge.lab") as encrypted:
            encrypted.sendall(b"GET / HTTP/1.1\r\nhost: edge.lab\r\nconnection: close\r\n\r\n")
            assert encrypted.recv(65536).startswith(b"HTTP/1.1 200 ")
            return dict(part[0] for part in encrypted.getpeercert()["subject"])["commonName"]

    def ask_over_tcp(self, envoy):
        """One request on a connection of its own, so with a handshake of its own between the proxies."""
        answer = requests.ask(self.clients[envoy].host, "tcp.lab", TCP)
        assert answer.status == 200, answer
        return answer.by

    @contextlib.contextmanager
    def kept_alive(self, envoy):
        """Load over HTTP, on connections that last."""
        made = load.Load(f"{VIRTUAL4}:{HTTP}", "http.lab", rate=100)
        with self.clients[envoy].host.inside():  # where its threads and their sockets are then
            made.start()
        try:
            yield made
        finally:
            made.stop()

    def handshakes(self, envoy, protocol="tcp"):
        """How many the client's proxy made."""
        pattern = rf"^cluster\.cds_egress_lab_server_{protocol}_{PROTOCOLS[protocol]}\.ssl\.handshake$"
        return sum(self.clients[envoy].stats(pattern).values())

    def is_let_in(self, *certificate, authority):
        """By every server, somebody with this certificate who trusts `authority`."""
        context = authority.client_context(*certificate)
        context.check_hostname = False
        return all(self._is_let_in(context, proxy) for proxy in self.servers.values())

    def _is_let_in(self, context, proxy):
        try:
            return requests.ask(self.outside, "server", HTTP, address=proxy.host.address4, tls=context).status == 200
        except (ssl.SSLError, ConnectionError, http.client.HTTPException):
            return False


@pytest.fixture(scope="module")
def bench(request):
    with keeping_logs(request, Lab()) as lab:
        yield Bench(lab)


@both_envoys
def test_every_protocol_between_proxies(bench, envoy):
    host = bench.clients[envoy].host
    asks = {"http": lambda: requests.ask(host, "http.lab", HTTP), "http2": lambda: http2.ask(host, "http2.lab", HTTP2),
            "tcp": lambda: requests.ask(host, "tcp.lab", TCP)}
    for protocol, ask in asks.items():
        wait_until(lambda one=ask: is_good(lambda: one().status == 200), 30, f"an answer over {protocol}")
        assert ask().by == "answer" and bench.handshakes(envoy, protocol) > 0


@both_envoys
def test_grpc_between_proxies(bench, envoy):
    with contextlib.closing(GrpcClient(bench.clients[envoy].host)) as client:
        wait_until(lambda: client.call("grpc.lab", GRPC, "/shop.Books/Get") == {"code": "OK", "answer": "answer"}, 30,
                   "an answer over gRPC")
        stream = client.call("grpc.lab", GRPC, "/shop.Books/ListStream", "stream")
        assert stream == {"code": "OK", "answer": ["answer 0", "answer 1", "answer 2"]}
    assert bench.handshakes(envoy, "grpc") > 0


@both_envoys
def test_a_gateways_certificate_is_renewed_under_load(bench, envoy):
    wait_until(lambda: is_good(lambda: bench.ask_gateway(envoy)), 30, "an answer")
    with Handshakes(lambda: bench.ask_gateway(envoy)) as running:
        running.wait_for_more()
        for _ in range(RENEWALS):
            name = bench.renew("edge")
            wait_until(lambda wanted=name: wanted in running.wait_for_more(1), 30, "the new certificate")
            assert set(running.wait_for_more()) == {name}
    running.assert_no_failure()
    assert len(set(what for _, what in running.seen)) == RENEWALS + 1


@both_envoys
def test_an_authority_is_replaced_under_load(bench, envoy):
    """As an agent does it: both are trusted, then everybody gets a certificate of the new one, then that alone is
    trusted."""
    old, new = bench.authority, bench.next
    ours, theirs = old.issue("ours", "spiffe://lab/client"), new.issue("theirs", "spiffe://lab/client")
    wait_until(lambda: is_good(lambda: bench.ask_over_tcp(envoy)), 30, "an answer")
    assert bench.is_let_in(*ours, authority=old) and not bench.is_let_in(*theirs, authority=old)
    with bench.kept_alive(envoy) as kept, Handshakes(lambda: bench.ask_over_tcp(envoy)) as running:
        running.wait_for_more()
        bench.agent.put_trust("trust", old, new)
        bench.agent.wait_taken("trust", proxies=4)
        running.wait_for_more()
        for name in ("server", "client"):
            bench.renew(name, new)
            bench.agent.wait_taken(name, proxies=2)
            running.wait_for_more()
        bench.agent.put_trust("trust", new)
        bench.agent.wait_taken("trust", proxies=4)
        running.wait_for_more()
        before = bench.handshakes(envoy)
        seen = running.wait_for_more()
        assert bench.handshakes(envoy) - before >= len(seen) / 2, "no handshakes of their own"
    running.assert_no_failure()
    kept.assert_no_failure()
    assert bench.is_let_in(*theirs, authority=new) and not bench.is_let_in(*ours, authority=new)
    bench.authority, bench.next = new, old


def test_an_agent_that_is_gone_takes_nothing_away(bench):
    with Handshakes(lambda: bench.ask_gateway("newest")) as running:
        running.wait_for_more()
        bench.agent.close()
        running.wait_for_more(100)
    running.assert_no_failure()


def test_a_proxy_that_starts_before_its_agent_is_whole_when_the_agent_comes(bench):
    path = bench.lab.directory / "late.sock"
    proxy = bench.lab.sidecar("client", envoy="newest", more=("--sds-socket", path))

    def is_served():
        return is_good(lambda: requests.ask(proxy.host, "http.lab", HTTP).status == 200)

    wait_until(lambda: proxy.stats(r"^sds\..*\.update_attempt$"), 30, "a proxy that asks its agent")
    assert not is_served()
    agent = bench.lab.closing(SecretAgent(path))
    agent.put_trust("trust", bench.authority)
    agent.put_certificate("client", bench.authority.issue("late", "client.lab", "spiffe://lab/client"))
    proxy.wait_live()
    wait_until(is_served, 30, "an answer")


def is_good(ask):
    try:
        return bool(ask())
    except (OSError, http.client.HTTPException, AssertionError):
        return False
