"""The names that dashboards, alarms and log parsers know, on running Envoys: each table below is one of
contract/envoy.md §3, with its rows named, and is compared whole where the proxy must have nothing else."""
import re
import socket
from dataclasses import dataclass, field

import pytest

from demo import load
from demo.http_service import HttpService
from demo.waiting import wait_until
from demo.world import PORT

MESH = "names"
# So that histograms are there soon; and the tags that the App Mesh image had with ENABLE_ENVOY_STATS_TAGS.
FLAGS = ("--stats-tags", "--stats-flush-interval", "1s")
ALLOW_ALL = {"egressFilter": {"type": "ALLOW_ALL"}}
# What a backend's listener speaks, its node, its port.
BACKENDS = [("http", "api_v1", PORT), ("http2", "h-2", 8082), ("grpc", "color", 9090), ("tcp", "redis-server", 6379)]


def listeners(*ports):
    return [{"portMapping": {"port": port, "protocol": protocol}} for protocol, port in ports]


def create_mesh(client, spec):
    client.create_mesh(meshName=MESH, spec=spec)
    for protocol, node, port in BACKENDS:
        create_node(client, node, listeners((protocol, port)))
        by_node = {"virtualNode": {"virtualNodeName": node}}
        client.create_virtual_service(meshName=MESH, virtualServiceName=f"{node}.names", spec={"provider": by_node})


def create_node(client, name, its_listeners=(), backends=()):
    client.create_virtual_node(meshName=MESH, virtualNodeName=name, spec={
        "listeners": list(its_listeners), "serviceDiscovery": {"dns": {"hostname": f"{name}.discovery"}},
        "backends": [{"virtualService": {"virtualServiceName": backend}} for backend in backends]})


def create_gateway(client, name, *ports):
    client.create_virtual_gateway(meshName=MESH, virtualGatewayName=name, spec={"listeners": listeners(*ports)})
    for _, port in ports:
        target = {"target": {"virtualService": {"virtualServiceName": "api_v1.names"}}}
        client.create_gateway_route(meshName=MESH, virtualGatewayName=name, gatewayRouteName=f"all-{port}", spec={
            "httpRoute": {"action": target, "match": {"prefix": "/", "port": port}}})


@dataclass
class Names:
    """What a proxy has, by the kinds of §3.1; virtual hosts are those of each route configuration."""
    listeners: set = field(default_factory=set)
    clusters: set = field(default_factory=set)
    virtual_hosts: dict = field(default_factory=dict)
    stat_prefixes: set = field(default_factory=set)


VN_OUT = {"lds_egress_0.0.0.0_15001"}
BACKEND_CLUSTERS = {f"cds_egress_{MESH}_{node}_{protocol}_{port}" for protocol, node, port in BACKENDS}
# And, ours, the one that the listener's own port leads to: it has no endpoints.
PASS_THROUGH = {f"cds_egress_{MESH}_amazonaws", f"cds_egress_{MESH}_mesh-allow-all", f"cds_egress_{MESH}_not-served"}
# §3.1. Rows: listener VN in/out, local app cluster, upstream cluster, AWS and allow-all passthrough, route config
# in/out, vhost per VS, vhost allow-all, vhost VN ingress; HCM/TCP stat_prefix, multi-listener stat_prefix.
NODES = {
    "single": Names(
        VN_OUT | {"lds_ingress_0.0.0.0_15000"}, BACKEND_CLUSTERS | PASS_THROUGH | {f"cds_ingress_{MESH}_single_http_{PORT}"},
        {f"rds_ingress_http_{PORT}": {"local_service"}, f"rds_egress_http_{PORT}": {"api_v1.names", "mesh_allow_all"},
         "rds_egress_http2_8082": {"h-2.names", "mesh_allow_all"}, "rds_egress_grpc_9090": {"color.names", "mesh_allow_all"}},
        {"ingress", "egress"}),
    "several": Names(
        VN_OUT | {"lds_ingress_0.0.0.0_15000"},
        PASS_THROUGH | {f"cds_ingress_{MESH}_several_{name}" for name in (f"http_{PORT}", "http2_5555", "tcp_3306")},
        {f"rds_ingress_http_{PORT}": {"local_service"}, "rds_ingress_http2_5555": {"local_service"}},
        {f"ingress.http.{PORT}", "ingress.http2.5555", "ingress.tcp.3306", "egress"}),
}
# §3.1. Rows: listener VG in, gateway hop with one and with n listeners, route config, vhosts of a gateway.
GATEWAYS = {
    "edge": Names(
        VN_OUT | {f"lds_ingress_0.0.0.0_{PORT}"},
        {f"cds_ingress_{MESH}_edge_self_redirect_http_15001", f"cds_egress_{MESH}_api_v1_http_{PORT}"},
        {f"rds_ingress_http_{PORT}": {"self_redirect"}, "rds_egress_http_15001": {"api_v1.names", "default_backend"}}, {"ingress", "egress"}),
    "edges": Names(
        VN_OUT | {"lds_ingress_0.0.0.0_1111", "lds_ingress_0.0.0.0_2222"},
        {*(f"cds_ingress_{MESH}_edges_self_redirect_{port}_http_15001" for port in (1111, 2222)),
         f"cds_egress_{MESH}_api_v1_http_{PORT}"},
        {"rds_ingress_http_1111": {"self_redirect"}, "rds_ingress_http_2222": {"self_redirect"},
         "rds_egress_http_15001": {"api_v1.names", "default_backend"}}, {"ingress.http.1111", "ingress.http.2222", "egress"}),
}

CLUSTER_STATS = [*(f"upstream_rq_{name}" for name in (
    "total", "2xx", "200", "completed", "active", "retry", "retry_success", "retry_limit_exceeded", "timeout",
    "per_try_timeout", "pending_total", "pending_overflow", "pending_active")),
    *(f"upstream_cx_{name}" for name in ("total", "active", "connect_fail", "rx_bytes_total", "tx_bytes_total")),
    "membership_healthy", "membership_total", "membership_change", "lb_healthy_panic", "external.upstream_rq_2xx",
    "default.total_match_count",
    *(f"circuit_breakers.{priority}.{name}" for priority in ("default", "high")
      for name in ("cx_open", "cx_pool_open", "rq_open", "rq_pending_open", "rq_retry_open"))]
# Not here: user_agent.ios.* and .android.*, which Envoy makes with the first request of such a client.
HTTP_STATS = ["downstream_rq_1xx", "downstream_rq_2xx", "downstream_rq_3xx", "downstream_rq_4xx", "downstream_rq_5xx",
              "downstream_rq_total", "downstream_rq_active", "downstream_cx_total", "rq_total", "no_route", "no_cluster",
              "tracing.random_sampling"]
RDS_STATS = ["config_reload", "update_success", "update_rejected", "version", "version_text"]
# Not here: tls_inspector.connection_closed, which neither Envoy has any more.
PROCESS_STATS = ["cluster_manager.cds.update_success", "listener_manager.lds.update_success",
                 "control_plane.connected_state", "control_plane.identifier", "control_plane.rate_limit_enforced",
                 "grpc.ads.streams_total", "grpc.ads.google_grpc_client_creation",
                 "tls_inspector.tls_found", "tls_inspector.tls_not_found", "tls_inspector.sni_found"]
# §3.2, each line of it: proxy, prefix, names behind it. {in} and {out} are the addresses that the proxy is bound to
# here, where App Mesh has 0.0.0.0: Envoy names a listener by its address.
STATS = [
    ("edge", f"cluster.cds_egress_{MESH}_api_v1_http_{PORT}.", CLUSTER_STATS),
    ("edge", f"cluster.cds_ingress_{MESH}_edge_self_redirect_http_15001.", CLUSTER_STATS),
    ("edge", "http.ingress.", HTTP_STATS),
    ("edge", "http.egress.", HTTP_STATS),
    ("edge", f"http.ingress.rds.rds_ingress_http_{PORT}.", RDS_STATS),
    ("edge", "http.egress.rds.rds_egress_http_15001.", RDS_STATS),
    ("edge", f"listener.{{in}}_{PORT}.", ["downstream_cx_total", "downstream_cx_active", "no_filter_chain_match",
                                          "http.ingress.downstream_rq_2xx", "worker_0.downstream_cx_total"]),
    ("edge", "listener.{out}_15001.", ["downstream_cx_total", "http.egress.downstream_rq_2xx"]),
    ("edge", "", PROCESS_STATS),
    ("single", f"cluster.cds_ingress_{MESH}_single_http_{PORT}.", CLUSTER_STATS[:2]),
    ("single", f"cluster.cds_egress_{MESH}_redis-server_tcp_6379.", ["upstream_cx_total", "membership_total"]),
    ("single", "tcp.egress.", ["downstream_cx_total", "downstream_cx_rx_bytes_total"]),
    ("several", f"http.ingress.http.{PORT}.", HTTP_STATS),
    ("several", "tcp.ingress.tcp.3306.", ["downstream_cx_total"]),
]

NODE_TAGS = {"appmesh_mesh": MESH, "appmesh_virtual_node": "single"}
GATEWAY_TAGS = {"appmesh_mesh": MESH, "appmesh_virtual_gateway": "edge"}
UPSTREAM = {"envoy_cluster_name": f"cds_egress_{MESH}_api_v1_http_{PORT}"}
IN = {"envoy_http_conn_manager_prefix": "ingress"}
# §3.3, the names that published dashboards and rules use, and the multi-listener table below them: proxy, metric,
# labels that one of its series has (`appmesh_*` by --stats-tags).
PROMETHEUS = [
    ("single", "envoy_cluster_upstream_rq", {**NODE_TAGS, **UPSTREAM, "envoy_response_code": "200"}),
    ("single", "envoy_cluster_upstream_rq_xx", {**NODE_TAGS, **UPSTREAM, "envoy_response_code_class": "2"}),
    *(("single", f"envoy_cluster_{name}", {**NODE_TAGS, **UPSTREAM}) for name in (
        "upstream_rq_time_bucket", "upstream_rq_total", "upstream_rq_retry", "upstream_rq_retry_success",
        "upstream_cx_active", "upstream_cx_total", "upstream_cx_connect_fail", "upstream_cx_rx_bytes_total",
        "upstream_cx_tx_bytes_total", "membership_healthy", "membership_total", "circuit_breakers_default_cx_open",
        "circuit_breakers_default_rq_open", "assignment_stale")),
    *(("single", f"envoy_cluster_manager_{name}", NODE_TAGS) for name in (
        "active_clusters", "warming_clusters", "cluster_added")),
    *(("single", f"envoy_listener_manager_{name}", NODE_TAGS) for name in (
        "total_listeners_active", "listener_create_failure")),
    *(("single", f"envoy_server_{name}", NODE_TAGS) for name in ("live", "memory_allocated", "uptime")),
    *(("edge", f"envoy_http_downstream_{name}", {**GATEWAY_TAGS, **IN}) for name in (
        "rq_total", "rq_time_bucket", "cx_active")),
    # What docs/guide/envoy-agent.md names in the place of envoy_appmesh_*.
    ("single", "envoy_cluster_upstream_rq_time_bucket", {**NODE_TAGS, **UPSTREAM}),
    *(("single", f"envoy_listener_downstream_cx_{name}", NODE_TAGS) for name in ("active", "total")),
    *(("single", f"envoy_http_downstream_{name}", {**NODE_TAGS, **IN}) for name in (
        "rq_total", "cx_rx_bytes_total", "cx_tx_bytes_total")),
    ("edge", "envoy_http_downstream_rq_xx", {**GATEWAY_TAGS, **IN, "envoy_response_code_class": "2"}),
    ("edge", "envoy_listener_http_downstream_rq_xx", {**GATEWAY_TAGS, **IN, "envoy_response_code_class": "2"}),
    ("single", "envoy_http_downstream_rq_xx", {**NODE_TAGS, **IN, "envoy_response_code_class": "2"}),
    ("several", "envoy_http_downstream_rq_xx",
     {**IN, "appmesh_listener_protocol": "http", "appmesh_listener_port": str(PORT), "envoy_response_code_class": "2"}),
    ("several", "envoy_http_downstream_rq_xx",
     {**IN, "appmesh_listener_protocol": "http2", "appmesh_listener_port": "5555"}),
    ("several", "envoy_tcp_downstream_cx_total",
     {"envoy_tcp_prefix": "ingress", "appmesh_listener_protocol": "tcp", "appmesh_listener_port": "3306"}),
    ("several", "envoy_listener_http_downstream_rq_xx",
     {**IN, "appmesh_listener_protocol": "http", "appmesh_listener_port": str(PORT)}),
    ("several", "envoy_http_rds_update_success",
     {**IN, "appmesh_listener_port": "5555", "envoy_rds_route_config": "rds_ingress_http2_5555"}),
    ("edges", "envoy_http_downstream_rq_xx",
     {**IN, "appmesh_listener_protocol": "http", "appmesh_listener_port": "2222", "envoy_response_code_class": "2"}),
]


class Running:
    """The proxies of the tables, each with some traffic through each of its listeners."""

    def __init__(self, world):
        self.world = world
        create_mesh(world.client, ALLOW_ALL)
        create_node(world.client, "single", listeners(("http", PORT)), [f"{node}.names" for _, node, _ in BACKENDS])
        create_node(world.client, "several", listeners(("http", PORT), ("http2", 5555), ("tcp", 3306)))
        create_gateway(world.client, "edge", ("http", PORT))
        create_gateway(world.client, "edges", ("http", 1111), ("http", 2222))
        self._backend = self._serve_backend()
        self.proxies = {name: world.proxy(f"mesh/{MESH}/virtualNode/{name}", flags=FLAGS) for name in NODES}
        self.proxies |= {name: world.proxy(f"mesh/{MESH}/virtualGateway/{name}", flags=FLAGS) for name in GATEWAYS}
        for name in NODES:
            world.service(self.proxies[name], name, "v1")
        for proxy in self.proxies.values():
            proxy.wait_live()
        self._send()

    def close(self):
        self._backend.close()

    def _serve_backend(self):
        address = self.world.subnet.address()
        self.world.dns.set("api_v1.discovery", address)
        return HttpService(address, PORT, "api", "v1")

    def _send(self):
        single, several, edge, edges = (self.proxies[name] for name in ("single", "several", "edge", "edges"))
        for address, host in [(f"{single.ingress}:{PORT}", None), (f"{single.egress}:{PORT}", "api_v1.names"),
                              (f"{several.ingress}:{PORT}", None), (f"{edge.ingress}:{PORT}", None),
                              (f"{edges.ingress}:1111", None), (f"{edges.ingress}:2222", None)]:
            wait_until(lambda where=(address, host): load.get(where[0], host=where[1])[0] == 200, 30, f"200 of {address}")
        for proxy, port in [(several.ingress, 3306), (single.egress, 6379)]:
            socket.create_connection((proxy, port), timeout=10).close()

    def names(self, name):
        dump = {section["@type"].rsplit(".", 1)[1]: section for section in self.proxies[name].config_dump()["configs"]}
        found = Names()
        for row in dump["ListenersConfigDump"]["dynamic_listeners"]:
            listener = row["active_state"]["listener"]
            found.listeners.add(listener["name"])
            found.stat_prefixes |= {each["typed_config"]["stat_prefix"] for chain in listener["filter_chains"]
                                    for each in chain["filters"]}
        found.clusters = {row["cluster"]["name"] for row in dump["ClustersConfigDump"]["dynamic_active_clusters"]}
        for row in dump["RoutesConfigDump"]["dynamic_route_configs"]:
            config = row["route_config"]
            found.virtual_hosts[config["name"]] = {host["name"] for host in config["virtual_hosts"]}
        return found

    def stats(self, name):
        text = self.proxies[name].get("/stats")
        return {line.rpartition(": ")[0] for line in str(text).splitlines()}

    def series(self, name):
        """(metric, labels) of everything at /stats/prometheus."""
        lines = str(self.proxies[name].get("/stats/prometheus")).splitlines()
        return [(match[1], dict(re.findall(r'(\w+)="([^"]*)"', match[2])))
                for match in (re.match(r"(\w+)\{(.*)\} ", line) for line in lines) if match]


@pytest.fixture(scope="module")
def running(each_module_world):
    made = Running(each_module_world)
    yield made
    made.close()


@pytest.mark.parametrize("name", [*NODES, *GATEWAYS])
def test_resources(running, name):
    assert running.names(name) == {**NODES, **GATEWAYS}[name]


@pytest.mark.parametrize("name,prefix,names", STATS, ids=[f"{name}-{prefix}" for name, prefix, _ in STATS])
def test_stats(running, name, prefix, names):
    proxy = running.proxies[name]
    prefix = prefix.replace("{in}", proxy.ingress).replace("{out}", proxy.egress)
    assert {prefix + each for each in names} - running.stats(name) == set()


def test_prometheus(running):
    def missing():
        series = {name: running.series(name) for name in running.proxies}
        return [row for row in PROMETHEUS
                if not any(metric == row[1] and labels.items() >= row[2].items() for metric, labels in series[row[0]])]

    # Histograms come with the next flush.
    wait_until(lambda: not any("bucket" in row[1] for row in missing()), 30, "histograms")
    assert missing() == []


def test_a_node_that_may_not_pass_anything_has_no_such_names(running):
    """§3.1, the counter-example: without ALLOW_ALL neither its cluster nor its virtual hosts."""
    world, proxy = running.world, running.proxies["single"]
    world.client.update_mesh(meshName=MESH, spec={"egressFilter": {"type": "DROP_ALL"}})
    try:
        gone = f"cds_egress_{MESH}_mesh-allow-all"
        wait_until(lambda: gone not in proxy.clusters(), 30, f"the end of {gone}")
        assert not any("mesh_allow_all" in hosts for hosts in running.names("single").virtual_hosts.values())
        assert f"cds_egress_{MESH}_amazonaws" in proxy.clusters()
    finally:
        world.client.update_mesh(meshName=MESH, spec=ALLOW_ALL)
        wait_until(lambda: gone in proxy.clusters(), 30, f"{gone} again")
