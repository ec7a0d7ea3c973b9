"""ipPreference: IPv4, IPv6 and both, from the application's call to the other application."""
import pytest

from demo.waiting import wait_until
from support import requests
from support.keeping import keeping_logs
from support.lab import Lab
from support.namespaces import VIRTUAL4, VIRTUAL6
from support.shop import Shop

PREFERENCES = {
    # preference of the mesh: (families of the hosts, family of the call between the proxies)
    None: ((4,), 4),
    "IPv4_ONLY": ((4, 6), 4),
    "IPv6_ONLY": ((6,), 6),
    "IPv4_PREFERRED": ((4, 6), 4),
    "IPv6_PREFERRED": ((4, 6), 6),
}
PORT = 8080


class Pair:
    """A client and a server of one mesh, each with its proxy."""

    def __init__(self, lab, families):
        self.lab = lab
        self.shop = Shop(lab, None)
        lab.node("server", listeners=[{"portMapping": {"port": PORT, "protocol": "http"}}],
                 serviceDiscovery={"dns": {"hostname": "server.lab"}})
        self.shop.provide("server", virtualNode="server")
        lab.set_client()
        self.server = lab.sidecar("server", [PORT], families=families)
        self.client = self.shop.client = lab.sidecar("client", families=families)
        local = "::1" if lab.preference in ("IPv6_ONLY", "IPv6_PREFERRED") else "127.0.0.1"
        self.application = lab.http_application("server", self.server.host, local, PORT)
        for proxy in (self.server, self.client):
            proxy.wait_live()
        lab.settle()

    def call(self, address):
        return self.shop.get("server", address=address)


@pytest.fixture(scope="module", params=PREFERENCES, ids=str)
def pair(request):
    preference = request.param
    families, _ = PREFERENCES[preference]
    spec = {"serviceDiscovery": {"ipPreference": preference}} if preference else {}
    with keeping_logs(request, Lab(spec, families=families)) as lab:
        lab.preference = preference
        yield Pair(lab, families)


@pytest.mark.field("MeshSpec.serviceDiscovery.ipPreference")
def test_a_call_arrives_over_the_family_that_was_asked_for(pair):
    families, between = PREFERENCES[pair.lab.preference]
    address = VIRTUAL6 if families == (6,) else VIRTUAL4
    wait_until(lambda: pair.call(address).by == "server", 30, "an answer")
    hosts = pair.client.get("/clusters?format=json")["cluster_statuses"]
    (server,) = [row for row in hosts if row["name"].startswith("cds_egress_lab_server")]
    used = server["host_statuses"][0]["address"]["socket_address"]["address"]
    expected = {4: pair.server.host.address4, 6: pair.server.host.address6}
    assert used == expected[between]


def test_an_application_may_call_over_ipv6_when_there_is_a_preference(pair):
    """Then listeners are bound to `::`, and take both families."""
    if pair.lab.preference is None:
        with pytest.raises(OSError):
            pair.call(VIRTUAL6)
    else:
        assert pair.call(VIRTUAL6).by == "server"


def test_inbound_over_both_families(pair):
    outside = pair.lab.network.host("outside")
    for family in PREFERENCES[pair.lab.preference][0]:
        address = getattr(pair.server.host, f"address{family}")
        answer = requests.ask(outside, "server", PORT, address=address)
        assert answer.by == "server" and "x-envoy-upstream-service-time" in answer.headers, family
