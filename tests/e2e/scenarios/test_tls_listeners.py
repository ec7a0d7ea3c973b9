"""TLS of listeners, of a virtual node behind the redirect rules and of a gateway: what each mode takes, which certificate
is shown, and who is let in. Asked from outside, with and without a certificate."""
import http.client
import ssl

import pytest

from demo.waiting import wait_until
from support import http2, requests
from support.certificates import Authority
from support.keeping import keeping_logs
from support.lab import Lab
from support.secret_agent import SecretAgent
from support.shop import Shop, to
from support.tls import files, secret, tls, trust
from support.versions import ENVOYS

STRICT, PERMISSIVE, DISABLED, AGENTS, NAMED, TRUSTED, BOTH, H2 = _PORTS = range(8441, 8449)
GUEST = "spiffe://lab/guest"
CLOSED = "closed"


class Bench:
    """The node `node` and the gateway `edge` with the same eight listeners, each with a proxy of each version."""

    def __init__(self, lab):
        self.lab = lab
        self.agent = lab.closing(SecretAgent(lab.directory / "agent.sock"))
        self.authority = Authority(lab.directory / "certificates")
        self.stranger = Authority(lab.directory / "certificates", "stranger")
        self.outside = lab.network.host("outside")
        self.clients = {
            "nobody": self.authority.client_context(),
            "guest": self.authority.client_context(*self.authority.issue("guest", GUEST)),
            "other": self.authority.client_context(*self.authority.issue("other", "spiffe://lab/other")),
            "stranger": self.authority.client_context(*self.stranger.issue("forged", GUEST)),
        }
        listeners = self._listeners()
        more = ("--sds-socket", self.agent.path)
        lab.node("node", listeners=listeners, serviceDiscovery={"dns": {"hostname": "node.lab"}})
        self._make_gateway(listeners)
        self.proxies = {("node", envoy): lab.sidecar("node", _PORTS, envoy, more=more) for envoy in ENVOYS}
        for proxy in self.proxies.values():
            self._serve(proxy.host)
        self.proxies |= {("gateway", envoy): lab.gateway("edge", envoy, more=more) for envoy in ENVOYS}
        for proxy in self.proxies.values():
            proxy.wait_live()

    def _listeners(self):
        own = files(self.authority.issue("file", "server.lab"))
        agents = secret(self.agent.put_certificate("server", self.authority.issue("agent", "server.lab")))
        trusted = secret(self.agent.put_trust("trust", self.authority))
        kinds = {STRICT: tls("STRICT", own), PERMISSIVE: tls("PERMISSIVE", own), DISABLED: tls("DISABLED", own),
                 AGENTS: tls("STRICT", agents), NAMED: tls("STRICT", own, validation=trust(self.authority, GUEST)),
                 TRUSTED: tls("STRICT", agents, validation=trust(trusted)),
                 BOTH: tls("PERMISSIVE", own, validation=trust(trusted, GUEST)), H2: tls("STRICT", own)}
        return [{"portMapping": {"port": port, "protocol": "http2" if port == H2 else "http"}, **kind}
                for port, kind in kinds.items()]

    def _make_gateway(self, listeners):
        self.lab.virtual_gateway("edge", listeners=listeners)
        shop = Shop(self.lab, None)
        shop.service("behind", to(shop.application("answer")))
        target = {"virtualService": {"virtualServiceName": shop.services["behind"][0]}}
        for port in _PORTS:
            route = {"match": {"prefix": "/", "port": port}, "action": {"target": target}}
            self.lab.gateway_route("edge", f"all-{port}", **{"http2Route" if port == H2 else "httpRoute": route})

    def _serve(self, host):
        """The node's applications, which know nothing of TLS."""
        for port in _PORTS[:-1]:
            self.lab.http_application("answer", host, port=port)
        with host.inside():
            self.lab.closing(http2.Http2Application("answer", "127.0.0.1", H2))


class Side:
    """One of the proxies, and who asks it."""

    def __init__(self, bench, kind, envoy):
        self.bench = bench
        self.proxy = bench.proxies[kind, envoy]
        self._kind = kind

    def ask(self, port, who=None):
        """Who answers `who`, one of the bench's clients, or somebody in plaintext."""
        context = who and self.bench.clients[who]
        try:
            return requests.ask(self.bench.outside, "server.lab", port, address=self.proxy.host.address4, tls=context).by
        except (ConnectionError, ssl.SSLError, http.client.HTTPException):
            return CLOSED

    def shown(self, port, **offers):
        """Common name of the certificate that a client is shown, and the protocol that is agreed on."""
        context = self.bench.authority.client_context()
        if offers:
            context.set_alpn_protocols(offers["alpn"])
        connection = requests.connect(self.bench.outside, port, address=self.proxy.host.address4)
        with connection, context.wrap_socket(connection, server_hostname="server.lab") as encrypted:
            subject = encrypted.getpeercert()["subject"]
            return dict(part[0] for part in subject)["commonName"], encrypted.selected_alpn_protocol()

    def refuses(self, port, who, counter):
        """Asserts that it does, and counts why."""
        address = "0.0.0.0_15000" if self._kind == "node" else f"0.0.0.0_{port}"
        pattern = rf"^listener\.{address}\.ssl\.{counter}$"
        before = sum(self.proxy.stats(pattern).values())
        assert self.ask(port, who) == CLOSED, (port, who)
        wait_until(lambda: sum(self.proxy.stats(pattern).values()) > before, 30, f"{counter} of {who} at {port}")


@pytest.fixture(scope="module")
def bench(request):
    with keeping_logs(request, Lab()) as lab:
        yield Bench(lab)


@pytest.fixture(params=[(kind, envoy) for kind in ("node", "gateway") for envoy in ENVOYS], ids="-".join)
def side(bench, request):
    return Side(bench, *request.param)


@pytest.mark.field("{VirtualNodeSpec,VirtualGatewaySpec}.listeners[].tls.mode")
def test_what_each_mode_takes(side):
    expected = [(STRICT, CLOSED, "answer"), (PERMISSIVE, "answer", "answer"), (DISABLED, "answer", CLOSED)]
    for port, plain, encrypted in expected:
        assert (side.ask(port), side.ask(port, "nobody")) == (plain, encrypted), port
    side.refuses(STRICT, None, "connection_error")


@pytest.mark.field("{VirtualNodeSpec,VirtualGatewaySpec}.listeners[].tls.certificate"
                   ".{file.certificateChain,file.privateKey,sds.secretName}")
def test_the_certificate_that_is_shown(side):
    """The client believes our authority alone, so there is a key that fits."""
    assert [side.shown(port)[0] for port in (STRICT, PERMISSIVE, AGENTS)] == ["file", "file", "agent"]
    assert side.ask(AGENTS) == CLOSED


@pytest.mark.field("{VirtualNodeSpec,VirtualGatewaySpec}.listeners[].tls.validation"
                   ".{trust.file.certificateChain,subjectAlternativeNames.match.exact[]}")
def test_who_is_let_in_by_trust_of_a_file_and_by_name(side):
    assert side.ask(NAMED, "guest") == "answer"
    side.refuses(NAMED, "other", "fail_verify_san")
    side.refuses(NAMED, "stranger", "fail_verify_error")
    side.refuses(NAMED, "nobody", "fail_verify_no_cert")
    assert side.ask(STRICT, "nobody") == "answer"


@pytest.mark.field("{VirtualNodeSpec,VirtualGatewaySpec}.listeners[].tls.validation.trust.sds.secretName")
def test_who_is_let_in_by_trust_of_the_agent(side):
    assert (side.ask(TRUSTED, "guest"), side.ask(TRUSTED, "other")) == ("answer", "answer")
    side.refuses(TRUSTED, "stranger", "fail_verify_error")
    side.refuses(TRUSTED, "nobody", "fail_verify_no_cert")


def test_trust_of_the_agent_and_names_where_plaintext_is_taken_too(side):
    assert (side.ask(BOTH), side.ask(BOTH, "guest")) == ("answer", "answer")
    side.refuses(BOTH, "other", "fail_verify_san")
    side.refuses(BOTH, "nobody", "fail_verify_no_cert")


def test_the_protocol_that_is_agreed_on(side):
    offers = ["h2", "http/1.1"]
    assert [side.shown(port, alpn=offers)[1] for port in (STRICT, H2)] == ["http/1.1", "h2"]
    context = side.bench.authority.client_context()
    context.set_alpn_protocols(["h2"])
    answer = http2.ask(side.bench.outside, "server.lab", H2, address=side.proxy.host.address4, tls=context)
    assert answer.by == "answer"
