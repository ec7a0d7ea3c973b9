"""A changed EDS cluster warms until its endpoints are sent again, though they are the same (contract/xds.md 1). The App
Mesh EMS stayed silent, and clusters were empty for half an hour. The compiler makes no such clusters yet, so the protocol
core gives them to a real Envoy without it (tests/interop/xds_server.cc)."""
import json
import os
import subprocess

import pytest

from conftest import ENVOYS
from demo import load
from demo.addresses import Subnet
from demo.http_service import HttpService
from demo.proxies import Proxy, find_envoy
from demo.waiting import wait_until
from demo.world import PORT, ROOT, default_binary

SERVER = ROOT / os.environ.get("CHANCERY_BUILD", "build/release") / "tests/interop/xds_server"
CLUSTERS = ["one", "two"]


class Server:
    """The protocol core, whose clients have what show() was given last."""

    def __init__(self, address):
        self._process = subprocess.Popen([SERVER, f"{address}:0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                         bufsize=1)
        self.address = self._process.stdout.readline().strip()

    def show(self, **state):
        self._process.stdin.write(json.dumps(state) + "\n")

    def close(self):
        self._process.communicate(timeout=30)


class Bench:
    """An Envoy whose listener on port PORT leads to the EDS cluster `one`; `two` is another, of the same service."""

    def __init__(self, envoy, directory):
        self.subnet = Subnet()
        self._txn = 0
        self.service = HttpService(self.subnet.address(), PORT, "one", "one")
        self._server = Server(self.subnet.address())
        self.proxy = Proxy("mesh/shop/virtualNode/web", self.subnet)
        self.change(1)
        self.proxy.start(find_envoy(ROOT / "build/env" / f"envoy-{envoy}"), default_binary(), self._server.address,
                         "127.0.0.1:53", directory)
        self.proxy.wait_live()

    def change(self, seconds):
        """Both clusters with another connect timeout; endpoints and listener stay as they are, byte for byte."""
        self._txn += 1
        source = {"ads": {}, "resource_api_version": "V3"}
        host, port = self.service.address.rsplit(":", 1)
        address = {"socket_address": {"address": host, "port_value": int(port)}}
        proxy = {"@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
                 "stat_prefix": "one", "cluster": "one"}
        self._server.show(
            txn=self._txn,
            clusters=[{"name": name, "type": "EDS", "connect_timeout": f"{seconds}s",
                       "eds_cluster_config": {"eds_config": source}} for name in CLUSTERS],
            endpoints=[{"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}]}
                       for name in CLUSTERS],
            listeners=[{"name": "in", "filter_chains": [{"filters": [{"name": "tcp", "typed_config": proxy}]}],
                        "address": {"socket_address": {"address": self.proxy.ingress, "port_value": PORT}}}])

    def active(self):
        """The connect timeouts of the clusters that serve."""
        for section in self.proxy.config_dump()["configs"]:
            if section["@type"].endswith(".ClustersConfigDump"):
                return {row["cluster"]["name"]: row["cluster"]["connect_timeout"]
                        for row in section.get("dynamic_active_clusters", [])}
        return {}

    def stat(self, name):
        return {cluster: self.proxy.stats(rf"^cluster\.{cluster}\.{name}$").get(f"cluster.{cluster}.{name}", 0)
                for cluster in CLUSTERS}

    def close(self):
        self.proxy.stop()
        self._server.close()
        self.service.close()
        self.subnet.close()


@pytest.fixture(params=ENVOYS)
def bench(request, tmp_path):
    made = Bench(request.param, tmp_path)
    yield made
    made.close()


def all_equal(value):
    return dict.fromkeys(CLUSTERS, value)


def test_endpoints_are_sent_again_behind_a_changed_cluster(bench):
    with load.Load(f"{bench.proxy.ingress}:{PORT}", rate=100, connections=2) as traffic:
        for number in (2, 3, 4):
            bench.change(number)
            wait_until(lambda: bench.active() == all_equal(f"{number}s"), 30, "the changed clusters in force")
            # One answer for each form of the cluster, and it was that which ended the warming: not Envoy's patience,
            # nor what it remembered.
            wait_until(lambda: bench.stat("update_success") == all_equal(number), 30, "the endpoints again")
            assert bench.stat("membership_total") == all_equal(1)
        assert bench.stat("init_fetch_timeout") == all_equal(0)
        assert bench.stat("assignment_use_cached") == all_equal(0)
    traffic.assert_no_failure()
