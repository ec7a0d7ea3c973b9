"""serviceDiscovery.dns: names that change, have several addresses, are wrong or get no answer."""
import pytest

from demo.waiting import wait_until
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
