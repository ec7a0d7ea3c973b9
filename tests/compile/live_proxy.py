"""A real Envoy with one proxy's configuration of a golden, altered only as far as it must be to be called without
interception and to be seen through:

- a listener that takes redirected connections is bound, on a loopback address, to the very ports that calls want;
- ports below 1024 are moved up by 20,000, wherever they are matched, so that nobody needs to be root;
- clusters lead to MarkedUpstreams, a gateway's own hop to its own listener; clusters without endpoints stay so;
- chains and routes get names, which the answers carry as headers;
- certificates are the test's own, and logs go nowhere.
"""
import copy
import json
import os

from demo.processes import Child
from demo.waiting import wait_until
from demo import load
from marked_upstream import MarkedUpstreams

_HCM = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
CHAIN_HEADER = "x-chain"
ROUTE_HEADER = "x-route"


def moved(port):
    return port + 20000 if port < 1024 else port


def is_redirected(listener):
    return any(each["name"] == "envoy.filters.listener.original_dst" for each in listener.get("listener_filters", []))


def own_port(listener):
    return listener["address"]["socket_address"]["port_value"]


class LiveProxy:
    """`proxy` is one of a golden's expect.json; `ports` are those that calls to each redirected listener want, by the
    listener's port. Use as a context manager."""

    def __init__(self, envoy, proxy, ports, subnet, directory, certificate):
        self._directory = directory
        self._certificate = certificate
        self._proxy = copy.deepcopy(proxy)
        self._upstreams = MarkedUpstreams(subnet.address())
        self._admin = f"{subnet.address()}:9901"
        self.addresses = {own_port(listener): subnet.address() for listener in proxy["listeners"]}
        for listener in self._proxy["listeners"]:
            self._adapt_listener(listener, ports)
        bootstrap = directory / "envoy.json"
        bootstrap.write_text(json.dumps(self._bootstrap()), encoding="utf-8")
        self._child = Child("envoy", [envoy, "-c", bootstrap, "--concurrency", "1", "--disable-hot-restart", "-l",
                                      "warning"], directory / "envoy.log", env=dict(os.environ))

    def __enter__(self):
        try:
            wait_until(self._is_live, 60, "Envoy live")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._child.stop(timeout=3)
        self._upstreams.close()

    def log(self):
        return self._child.log()

    def _is_live(self):
        self._child.assert_running()
        return load.get(self._admin, path="/ready")[1].strip() == "LIVE"

    def _bootstrap(self):
        host, port = self._admin.rsplit(":", 1)
        return {
            "node": {"id": "golden", "cluster": "golden"},
            "admin": {"address": {"socket_address": {"address": host, "port_value": int(port)}}},
            "static_resources": {"clusters": [self._marked(each) for each in self._proxy["clusters"]],
                                 "listeners": self._proxy["listeners"]},
            "layered_runtime": {"layers": [{"name": "static",
                                            "static_layer": {"re2.max_program_size.error_level": 1000}}]},
        }

    def _marked(self, cluster):
        name = cluster["name"]
        marked = {"name": name, "type": "STATIC", "connect_timeout": "5s", "load_assignment": {"cluster_name": name}}
        target = self._target(cluster)
        if target:
            address = {"socket_address": {"address": target[0], "port_value": target[1]}}
            marked["load_assignment"]["endpoints"] = [{"lb_endpoints": [{"endpoint": {"address": address}}]}]
        return marked

    def _target(self, cluster):
        if cluster.get("type") in (None, "STATIC"):  # proto3 prints no zero
            endpoints = cluster.get("load_assignment", {}).get("endpoints")
            if not endpoints:
                return None
            port = endpoints[0]["lb_endpoints"][0]["endpoint"]["address"]["socket_address"]["port_value"]
            if "_self_redirect_" in cluster["name"]:
                return self.addresses[port], port
        return self._upstreams.address, self._upstreams.port(cluster["name"])

    def _adapt_listener(self, listener, ports):
        own = own_port(listener)
        bound = sorted(ports.get(own, [])) if is_redirected(listener) else [own]
        addresses = [{"address": {"socket_address": {"address": self.addresses[own], "port_value": moved(port)}}}
                     for port in bound or [own]]
        listener["address"] = addresses[0]["address"]
        listener["additional_addresses"] = addresses[1:]
        for each in listener.get("listener_filters", []):
            _move_ranges(each.get("filter_disabled", {}))
        for index, chain in enumerate(listener["filter_chains"]):
            chain["name"] = f"{listener['name']}#{index}"
            match = chain.get("filter_chain_match", {})
            if "destination_port" in match:
                match["destination_port"] = moved(match["destination_port"])
            self._adapt_tls(chain)
            for each in chain["filters"]:
                self._adapt_filter(each["typed_config"])

    def _adapt_tls(self, chain):
        if "transport_socket" not in chain:
            return
        context = chain["transport_socket"]["typed_config"]["common_tls_context"]
        context.pop("tls_certificate_sds_secret_configs", None)
        context["tls_certificates"] = [{"certificate_chain": {"filename": self._certificate.chain},
                                        "private_key": {"filename": self._certificate.key}}]
        for validation in ("validation_context", "combined_validation_context", "validation_context_sds_secret_config"):
            if context.pop(validation, None):
                context["validation_context"] = {"trusted_ca": {"filename": self._certificate.chain}}

    def _adapt_filter(self, config):
        config.pop("access_log", None)
        if config["@type"] != _HCM:
            return
        wanted = config.pop("rds")["route_config_name"]
        routes = copy.deepcopy(next(each for each in self._proxy["routes"] if each["name"] == wanted))
        routes["response_headers_to_add"] = [
            {"header": {"key": CHAIN_HEADER, "value": "%FILTER_CHAIN_NAME%"}},
            {"header": {"key": ROUTE_HEADER, "value": "%ROUTE_NAME%"}}]
        for host in routes.get("virtual_hosts", []):
            for index, route in enumerate(host.get("routes", [])):
                route["name"] = f"{host['name']}#{index}"
        config["route_config"] = routes


def _move_ranges(value):
    """Moves every destination_port_range in a predicate."""
    if isinstance(value, list):
        for item in value:
            _move_ranges(item)
    elif isinstance(value, dict):
        if "destination_port_range" in value:
            start, end = (value["destination_port_range"][name] for name in ("start", "end"))
            value["destination_port_range"] = {"start": moved(start), "end": moved(end - 1) + 1}
        for item in value.values():
            _move_ranges(item)
