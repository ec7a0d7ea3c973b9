"""serviceDiscovery.dns: names that change, have several addresses, are wrong or get no answer."""
import pytest

from demo.waiting import wait_until
from support import requests
from support.shop import to
from support.versions import both_envoys


def place(lab, name, port=0):
    """An application on a host of its own: (application, its address)."""
    host = lab.network.host(lab.unique(name))
    return lab.http_application(name, host, host.address4, port), host.address4


@pytest.mark.field("VirtualNodeSpec.serviceDiscovery.dns.hostname")
def test_a_name_that_changes_is_followed(shop):
    lab = shop.lab
    old, first = place(lab, "old")
    new, second = place(lab, "new", old.port)
    lab.dns.set("moving.lab", first)
    shop.service("moving", to(shop.of(old, "http", hostname="moving.lab")))
    shop.settle()
    assert shop.get("moving").by == "old"
    lab.dns.set("moving.lab", second)
    wait_until(lambda: shop.get("moving").by == "new", 30, "the new address")


@pytest.mark.field("VirtualNodeSpec.serviceDiscovery.dns.responseType")
def test_endpoints_takes_every_address_and_loadbalancer_one(shop):
    lab = shop.lab
    one, first = place(lab, "one")
    other, second = place(lab, "other", one.port)
    lab.dns.set("pair.lab", first, second)
    for service, kind in (("all", "ENDPOINTS"), ("any", "LOADBALANCER")):
        node = lab.node(lab.unique(service), listeners=[{"portMapping": {"port": one.port, "protocol": "http"}}],
                        serviceDiscovery={"dns": {"hostname": "pair.lab", "responseType": kind}})
        shop.service(service, to(node))
    shop.settle()
    wait_until(lambda: len(shop.count("all", 10)) == 2, 30, "both addresses")
    assert len(shop.count("any", 20)) == 1


FAMILIES = {
    # The name's families, and over which of them an application is called, or the status.
    "IPv4_ONLY": {"both": "4", "only-4": "4", "only-6": 503},
    "IPv6_ONLY": {"both": "6", "only-4": 503, "only-6": "6"},
    "IPv4_PREFERRED": {"both": "4", "only-4": "4", "only-6": "6"},
    "IPv6_PREFERRED": {"both": "6", "only-4": "4", "only-6": "6"},
}


@pytest.fixture(scope="module")
def dual(lab, shared_shop):
    """A service for each preference of its node and each name, of one host with an application in each family."""
    host = lab.network.host("dual")
    port = lab.http_application("4", host, host.address4).port
    lab.http_application("6", host, host.address6, port)
    for name, addresses in (("both", [host.address4, host.address6]), ("only-4", [host.address4]),
                            ("only-6", [host.address6])):
        lab.dns.set(f"{name}.lab", *addresses)
        for preference in FAMILIES:
            node = lab.node(f"{name}-{preference}", listeners=[{"portMapping": {"port": port, "protocol": "http"}}],
                            serviceDiscovery={"dns": {"hostname": f"{name}.lab", "ipPreference": preference}})
            shared_shop.service(node, to(node))
    lab.set_client()
    lab.settle()
    return shared_shop


@pytest.fixture(scope="module")
def dual_clients(lab, clients):
    """Proxies of `client` whose hosts have both families."""
    return {envoy: lab.sidecar("client", envoy=envoy, families=(4, 6)).wait_live() for envoy in clients}


@pytest.mark.field("VirtualNodeSpec.serviceDiscovery.dns.ipPreference")
@both_envoys
@pytest.mark.parametrize("preference", FAMILIES)
def test_ip_preference_of_a_node_chooses_the_family(dual, dual_clients, envoy, preference):
    dual.client = dual_clients[envoy]
    for name, by in FAMILIES[preference].items():
        wait_until(lambda: dual.get(f"{name}-{preference}").by == by, 30, f"an answer of {name} by {by}")


@pytest.mark.field("VirtualNodeSpec.serviceDiscovery.dns.ipPreference")
@both_envoys
def test_ip_preference_of_a_node_is_that_of_its_own_proxy(lab, envoy):
    """It listens on both families then, and its application is at ::1."""
    name = lab.unique("six")
    lab.node(name, listeners=[{"portMapping": {"port": 8080, "protocol": "http"}}],
             serviceDiscovery={"dns": {"hostname": "six.lab", "ipPreference": "IPv6_PREFERRED"}})
    proxy = lab.sidecar(name, [8080], envoy, families=(4, 6)).wait_live()
    lab.http_application("six", proxy.host, "::1", 8080)
    outside = lab.network.host("outside")
    for address in (proxy.host.address4, proxy.host.address6):
        assert requests.ask(outside, "six", 8080, address=address).by == "six"


def test_a_name_that_does_not_exist_is_503_until_it_does(shop):
    application, address = place(shop.lab, "late")
    shop.service("late", to(shop.of(application, "http", hostname="late.lab")))
    shop.lab.set_client()
    shop.lab.settle()
    assert shop.get("late").status == 503
    shop.lab.dns.set("late.lab", address)
    wait_until(lambda: shop.get("late").by == "late", 30, "the name")


@both_envoys
def test_a_silent_dns_server_does_not_hold_up_a_proxy(shop, envoy):
    """One backend whose name gets no answer once kept a whole proxy from becoming live."""
    lab = shop.lab
    lab.dns.silence("silent.lab")
    shop.service("silent", to(shop.of(lab.http_application("silent"), "http", hostname="silent.lab")))
    shop.service("talking", to(shop.application("talking")))
    lab.set_client()
    fresh = lab.sidecar("client", envoy=envoy).wait_live()
    lab.settle()
    shop.client = fresh
    wait_until(lambda: shop.get("talking").by == "talking", 30, "the other backend")
    assert shop.get("silent").status == 503
    fresh.stop()
    lab.dns.set("silent.lab", lab.network.hub.address4)
    lab.dns.speak("silent.lab")
