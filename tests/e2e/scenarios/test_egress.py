"""egressFilter, and the port that everybody shares: TLS to `*.amazonaws.com` and a backend of the mesh, both on 443."""
import ssl

import pytest

from demo.waiting import wait_until
from support import requests
from support.certificates import Authority
from support.keeping import keeping_logs
from support.lab import Lab
from support.shop import Shop, to
from support.versions import ENVOYS

AMAZON, DEEP, BARE = "sqs.us-east-1.amazonaws.com", "a.b.s3.us-east-1.amazonaws.com", "amazonaws.com"
STARTS = 20


class Outside:
    """A host that is no part of the mesh: TLS on 443, plaintext on 443 of another address, and on port 9999."""

    def __init__(self, lab):
        self.host = lab.network.host("outside")
        self.plain = lab.network.host("outside-plain")
        authority = Authority(lab.directory / "outside")
        server = authority.server_context("outside", AMAZON, DEEP, BARE, "example.com")
        self.trust = authority.client_context()
        self.tls = lab.tcp_application("tls", self.host, self.host.address4, 443, tls=server)
        self.http = lab.http_application("outside-443", self.plain, self.plain.address4, 443)
        self.other = lab.tcp_application("other", self.host, self.host.address4, 9999)

    def greeting(self, client, port, name=None):
        """What a client's application hears; "" when it is closed instead."""
        try:
            with requests.connect(client.host, port, address=self.host.address4, timeout=10) as connection:
                if name:
                    connection = self.trust.wrap_socket(connection, server_hostname=name)
                return requests.receive(connection).decode().strip()
        except (ssl.SSLError, ConnectionError):
            return ""


@pytest.fixture(scope="module", params=["DROP_ALL", "ALLOW_ALL"])
def street(request):
    """A mesh with that filter, a backend on 443, and somebody outside."""
    with keeping_logs(request, Lab({"egressFilter": {"type": request.param}})) as lab:
        lab.filter = request.param
        lab.outside = Outside(lab)
        yield lab


class Drawn:
    """The service `pay` on port 443, and a client's proxy of each version. An ambiguous filter chain is drawn by lot when
    Envoy starts, so one start proves nothing: they are started again and again."""

    def __init__(self, lab, protocol):
        self._lab = lab
        self.shop = Shop(lab, None)
        application = (lab.http_application if protocol == "http" else lab.tcp_application)("pay")
        self.shop.of(application, protocol)
        self.shop.service("pay", to(application), protocol=protocol, port=443)
        lab.set_client()
        self._proxies = {envoy: lab.sidecar("client", envoy=envoy) for envoy in ENVOYS}

    def starts(self, times):
        """The shop, called from each proxy after each start."""
        for number in range(times):
            if number:
                for envoy, proxy in self._proxies.items():
                    self._lab.restart(proxy, envoy)
            for proxy in self._proxies.values():
                proxy.wait_live()
            for self.shop.client in self._proxies.values():
                self.shop.settle()
                yield self.shop

    def close(self):
        for proxy in self._proxies.values():
            proxy.stop()
        self.shop.close()


def test_port_443_with_an_http_backend_at_every_start(street):
    drawn, outside = Drawn(street, "http"), street.outside
    for shop in drawn.starts(STARTS // len(ENVOYS)):
        assert shop.get("pay").by == "pay"
        assert outside.greeting(shop.client, 443, AMAZON) == "hello from tls"
        other = outside.greeting(shop.client, 443, "example.com")
        assert other == ("hello from tls" if street.filter == "ALLOW_ALL" else "")
    drawn.close()


def test_port_443_with_a_tcp_backend_at_every_start(street):
    """The application makes the TLS to such a backend: it takes all of 443 that is not `*.amazonaws.com`."""
    drawn = Drawn(street, "tcp")
    for shop in drawn.starts(STARTS // len(ENVOYS) // 2):
        assert street.outside.greeting(shop.client, 443, AMAZON) == "hello from tls"
        with shop.connect("pay") as connection:
            connection.sendall(b"anything but TLS")
            assert requests.receive(connection).startswith(b"hello from pay")
    drawn.close()


@pytest.fixture(scope="module")
def plain(street):
    """A client whose one backend is on port 8080."""
    street.set_client()
    shop = Shop(street, street.sidecar("client").wait_live())
    shop.service("known", to(shop.application()))
    yield shop.settle()
    shop.client.stop()
    shop.close()


@pytest.mark.field("MeshSpec.egressFilter.type")
def test_a_destination_outside_the_mesh(street, plain):
    greeting = street.outside.greeting(plain.client, 9999)
    if street.filter == "ALLOW_ALL":
        assert greeting == "hello from other"
    else:
        assert greeting == ""
        counted = plain.client.stats(r"^listener\..*_15001\.no_filter_chain_match$")
        assert sum(counted.values()) > 0


def test_a_host_outside_the_mesh_on_the_port_of_a_backend(street, plain):
    """An unknown host on a modelled port: where the application wanted it, or 404."""
    with street.outside.host.inside():
        application = street.http_application("stranger", street.outside.host, street.outside.host.address4, 8080)
    answer = requests.ask(plain.client.host, "stranger.example", 8080, address=street.outside.host.address4)
    assert answer.by == ("stranger" if street.filter == "ALLOW_ALL" else 404)
    assert plain.get("known").status == 200
    application.close()


def test_the_listeners_own_port_leads_nowhere(street, plain):
    """Somebody else's connection to port 15001 has no destination but that port: passed on, it would come back for ever."""
    accepted = r"^listener\..*_15001\.downstream_cx_total$"
    before = sum(plain.client.stats(accepted).values())
    with requests.connect(street.outside.host, 15001, address=plain.client.host.address4, timeout=10) as connection:
        assert requests.receive(connection) == b""
    assert sum(plain.client.stats(accepted).values()) <= before + 1
    assert plain.get("known").status == 200


def test_amazonaws_of_any_depth_but_not_itself(street, plain):
    for name, passes in ((AMAZON, True), (DEEP, True), (BARE, street.filter == "ALLOW_ALL")):
        assert street.outside.greeting(plain.client, 443, name) == ("hello from tls" if passes else ""), name


def test_a_filter_that_changes_reaches_running_proxies(street, plain):
    other = {"DROP_ALL": "ALLOW_ALL", "ALLOW_ALL": "DROP_ALL"}[street.filter]
    for now, passes in ((other, other == "ALLOW_ALL"), (street.filter, street.filter == "ALLOW_ALL")):
        street.change_mesh({"egressFilter": {"type": now}})
        street.settle()
        wait_until(lambda: bool(street.outside.greeting(plain.client, 9999)) == passes, 30, now)
