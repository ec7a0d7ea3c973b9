"""A node that changes while it is called: its cluster is replaced, and the one before serves until the new one has
addresses (docs/adr/0009)."""
import pytest

from demo import load
from demo.waiting import wait_until
from support.lab import HTTP_PORT, MESH
from support.namespaces import HUB4, VIRTUAL4
from support.shop import to
from support.versions import both_envoys


class Moving:
    """A service of one node, whose cluster changes under its name, and the load on it."""

    def __init__(self, shop):
        self.shop, self.lab = shop, shop.lab
        self._application = self.lab.http_application("moving")
        self.host = f"{self.lab.unique('moving')}.lab"
        self.lab.dns.set(self.host, HUB4)
        self._node = self.lab.node(self.lab.unique("moving"), **self._spec("LOADBALANCER"))
        shop.service("moving", to(self._node))
        shop.settle()
        wait_until(lambda: shop.get("moving").status == 200, 30, "an answer")
        with shop.client.host.inside():
            self.load = load.Load(f"{VIRTUAL4}:{HTTP_PORT}", shop.services["moving"][0], rate=200, connections=2).start()

    @property
    def cluster(self):
        return f"cds_egress_{MESH}_{self._node}_http_{self._application.port}"

    def _spec(self, response_type):
        return {"listeners": [{"portMapping": {"port": self._application.port, "protocol": "http"}}],
                "serviceDiscovery": {"dns": {"hostname": self.host, "responseType": response_type}}}

    def change(self, response_type):
        self.lab.node(self._node, update=True, **self._spec(response_type))


@pytest.fixture
def moving(shop):
    made = Moving(shop)
    yield made
    made.load.stop()


@both_envoys
def test_no_request_fails_while_a_changed_cluster_resolves(moving):
    """With a DNS server that is far away, every change of a node once was a moment of 503."""
    moving.lab.dns.delay(moving.host, 0.3)
    for response_type in ["ENDPOINTS", "LOADBALANCER", "ENDPOINTS"]:
        moving.change(response_type)
        moving.lab.settle()
    moving.load.stop().assert_no_failure()


def test_a_changed_cluster_whose_name_is_not_answered_holds_up_no_other(moving):
    """The one before serves as long as Envoy's resolver asks, and a service that comes later gets its routes."""
    lab, shop = moving.lab, moving.shop
    lab.dns.silence(moving.host)
    moving.change("ENDPOINTS")
    wait_until(lambda: moving.cluster in shop.client.warming_clusters(), 30, "the changed cluster")
    before = moving.load.total
    wait_until(lambda: moving.load.total > before + 200, 30, "answers meanwhile")
    moving.load.stop().assert_no_failure()
    shop.service("other", to(shop.application("other")))
    lab.set_client()
    wait_until(lambda: shop.get("other").by == "other", 30, "the service that came later")
    lab.dns.speak(moving.host)
    lab.settle()
