"""Nodes, targets and backends come and go under load, twenty times, and no request fails."""
import threading

import pytest

from demo import load, mesh
from demo.http_service import HttpService
from demo.waiting import wait_until
from demo.world import PORT, Watches

ROUNDS = 20
OTHER_PORT = 9090


class Watcher:
    """Samples /config_dump of `proxies`: no route leads to a cluster that is not there."""

    def __init__(self, proxies):
        self._proxies = proxies
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.samples = 0
        self.dangling = []

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _run(self):
        while not self._stop.wait(0.1):
            for proxy in self._proxies:
                clusters, routed = proxy.clusters_and_routes()
                self.samples += 1
                if routed - clusters:
                    self.dangling.append((proxy.resource, routed - clusters))


def node_spec(hostname, port=PORT, backends=()):
    return {
        "listeners": [{"portMapping": {"port": port, "protocol": "http"}}],
        "serviceDiscovery": {"dns": {"hostname": hostname}},
        "backends": [{"virtualService": {"virtualServiceName": name}} for name in backends],
    }


class Shop:
    """The calls of this test on the example mesh."""

    def __init__(self, watches):
        self.watches = watches
        self.world = watches.world
        self.client = watches.world.client
        self.services = {}

    def add_node(self, name, port=PORT):
        """A node whose name leads straight to a service."""
        address = self.world.subnet.address()
        self.services[name] = HttpService(address, port, name, name)
        self.world.dns.set(f"{name}.watches", address)
        self.client.create_virtual_node(meshName="watches", virtualNodeName=name,
                                        spec=node_spec(f"{name}.watches", port))

    def remove_node(self, name):
        response = self.client.delete_virtual_node(meshName="watches", virtualNodeName=name)
        return mesh.transaction_of(response)

    def set_backends(self, *names):
        response = self.client.update_virtual_node(meshName="watches", virtualNodeName="website",
                                                   spec=node_spec("website.watches", backends=names))
        return mesh.transaction_of(response)

    def wait_live(self, txn):
        state = self.world.control.wait_live("watches", txn)
        assert state["rejected"] == 0, state

    def wait_answer(self, host, port):
        address = f"{self.watches.website.egress}:{port}"
        wait_until(lambda: load.get(address, host=host)[0] == 200, 30, f"an answer from {host}")

    def add_service(self, name):
        self.client.create_virtual_service(meshName="watches", virtualServiceName=f"{name}.watches",
                                           spec={"provider": {"virtualNode": {"virtualNodeName": name}}})

    def close(self):
        for service in self.services.values():
            service.close()


@pytest.fixture
def shop(each_world):
    made = Shop(Watches(each_world).wait_answering())
    yield made
    made.close()


def one_round(shop, old, new, patient):
    """Traffic moves from node `old` to the new node `new`, and a backend comes and goes. With
    `patient` each step waits until it is live; without, the calls follow each other at once."""
    made = []

    def step(txn):
        made.append(txn)
        if patient:
            shop.wait_live(txn)

    shop.add_node(new)
    step(mesh.set_split(shop.client, **{old: 50, new: 50}))
    step(mesh.set_split(shop.client, **{new: 100}))
    step(shop.remove_node(old))
    step(shop.set_backends("search.watches", "extra.watches"))
    if patient:
        shop.wait_answer("extra.watches", PORT)
    step(shop.set_backends("search.watches"))
    for txn in made:
        shop.wait_live(txn)


def test_make_before_break(shop):
    shop.add_node("extra")
    shop.add_service("extra")
    senders = [shop.watches.website, shop.watches.edge]
    gone = []
    old = "search"
    with shop.watches.client_load(rate=200) as inside, shop.watches.gateway_load(rate=100) as outside, \
            Watcher(senders) as watcher:
        for number in range(ROUNDS):
            new = f"search-{number}"
            one_round(shop, old, new, patient=number % 2 == 0)
            # Nobody calls the old one any more.
            if old in shop.services:
                shop.services.pop(old).close()
            gone.append(old)
            old = new
    inside.assert_no_failure()
    outside.assert_no_failure()
    assert watcher.samples > ROUNDS and not watcher.dangling, watcher.dangling[:5]
    for proxy in senders:
        left = {f"cds_egress_watches_{name}_http_{PORT}" for name in gone} & proxy.clusters()
        assert not left, f"{proxy.resource} still has {left}"
        missed = proxy.stats(r"http\..*\.no_cluster$")
        assert missed and not any(missed.values()), missed


def test_a_node_that_moves_to_another_port_loses_no_request(shop):
    shop.add_node("moving")
    address = shop.services["moving"].address.rsplit(":", 1)[0]
    shop.services["moved"] = HttpService(address, OTHER_PORT, "moving", "moved")
    shop.wait_live(mesh.set_split(shop.client, moving=100))
    with shop.watches.client_load(rate=200) as traffic:
        response = shop.client.update_virtual_node(meshName="watches", virtualNodeName="moving",
                                                   spec=node_spec("moving.watches", OTHER_PORT))
        shop.wait_live(mesh.transaction_of(response))
        wait_until(lambda: traffic.versions["moved"] > 20, 30, "answers on the new port")
    traffic.assert_no_failure()


def test_a_backend_on_a_port_of_its_own_comes_and_goes(shop):
    """Without interception a new port is a new address of the egress listener, and Envoy then opens
    new sockets: a connection that waits in an old one's queue at that moment is reset by the kernel.
    Requests on connections that were accepted are not lost, and that is what is asserted. With
    interception the listener's address never changes."""
    shop.add_node("other", OTHER_PORT)
    shop.add_service("other")
    with shop.watches.client_load(rate=200, redial=True) as traffic:
        for _ in range(5):
            shop.wait_live(shop.set_backends("search.watches", "other.watches"))
            shop.wait_answer("other.watches", OTHER_PORT)
            shop.wait_live(shop.set_backends("search.watches"))
    traffic.assert_no_failure()
    assert traffic.redials <= traffic.total // 100
    for proxy in shop.watches.proxies:
        assert not any(proxy.stats("no_cluster").values()), proxy.resource
