"""Servers with TLS of every kind, and a client for each way in which a client policy is given to a proxy."""
import itertools

from demo.waiting import wait_until
from support import requests
from support.certificates import Authority
from support.secret_agent import SecretAgent
from support.shop import Shop
from support.tls import files, tls
from support.versions import ENVOYS

PORT = 8088  # of the gateway
DISCOVERED = "hub.lab"  # the service discovery name of every server
NAME = "spiffe://lab/named"
CHECKED_PATH = "/health"
_CHECK = {"healthCheck": {"protocol": "http", "path": CHECKED_PATH, "intervalMillis": 5000, "timeoutMillis": 2000,
                          "healthyThreshold": 2, "unhealthyThreshold": 2}}
# What is seen of a server that refuses the client: how it ends depends on whether its alert arrives before the end.
REFUSED = ("connection_error", 503)
# What Envoy counts where a handshake fails, from the narrowest on.
_COUNTERS = ("fail_verify_san", "fail_verify_error", "connection_error")


class Street:
    """The servers, by name: `ours` is shown under the discovery name and `named` under NAME, `foreign` is another
    authority's, `mutual` asks for a client's certificate, `plain` and `disabled` have no TLS. `checked` is as `mutual`, and
    health-checked: it is nobody's backend unless it is named. They are applications, so they say what reached them; no
    proxy is before them."""

    def __init__(self, lab):
        self.lab = lab
        self.agent = lab.closing(SecretAgent(lab.directory / "agent.sock"))
        self.authority = Authority(lab.directory / "certificates")
        self.stranger = Authority(lab.directory / "certificates", "stranger")
        self._shop = Shop(lab, None)
        self._numbers = itertools.count(1)
        self.servers, self._providers = {}, {}
        self.outside = lab.network.host("outside")
        on = tls("STRICT", files(("/its/own.pem", "/its/own.key")))
        off = tls("DISABLED", files(("/its/own.pem", "/its/own.key")))
        self._serve("ours", on, self.authority.server_context("ours", DISCOVERED))
        self._serve("named", on, self.authority.server_context("named", NAME))
        self._serve("foreign", on, self.stranger.server_context("foreign", DISCOVERED))
        self._serve("mutual", on, self.authority.server_context("mutual", DISCOVERED, asks_clients=True))
        self._serve("plain", {})
        self._serve("disabled", off)
        self.everybody = tuple(self.servers)
        self._serve("checked", {**on, **_CHECK},
                    self.authority.server_context("checked", DISCOVERED, asks_clients=True))

    def _serve(self, name, listener, context=None):
        application = self.lab.http_application(name, tls=context)
        self._shop.of(application, "http", listener=listener)
        self.servers[name] = application
        self.service(name, name)

    def service(self, name, server):
        """A virtual service whose provider is the server's node."""
        self._shop.provide(name, port=self.servers[server].port, virtualNode=self._shop.node_of(self.servers[server]))
        self._providers[name] = server
        return name

    def node_of(self, service):
        return self._shop.node_of(self.servers[self._providers[service]])

    def address_of(self, service):
        """(virtual service's name, port)"""
        return self._shop.services[service]

    def certificate(self, name="client", authority=None):
        return (authority or self.authority).issue(f"{name}-{next(self._numbers)}", f"spiffe://lab/{name}")


class Caller:
    """Proxies of one resource, the oldest and the newest Envoy, that call every server."""

    def __init__(self, street, name=None):
        self.name = name or self.name
        self.street = street
        self.lab = street.lab
        self._policy = None
        self.under(None)
        more = ("--sds-socket", str(street.agent.path))
        self.proxies = {envoy: self._proxy(envoy, more) for envoy in ENVOYS}
        for proxy in self.proxies.values():
            proxy.wait_live()

    def _set(self, policy):
        """Tells the control plane of the policy."""
        raise NotImplementedError

    def _proxy(self, envoy, more):
        raise NotImplementedError

    def _ask(self, proxy, service):
        raise NotImplementedError

    def under(self, policy):
        """Every proxy has the policy in force when it returns."""
        self._set({"tls": policy} if policy else None)
        return self._settled()

    def _settled(self):
        self.lab.settle()
        for proxy in getattr(self, "proxies", {}).values():
            wait_until(lambda one=proxy: _is_settled(one), 30, "clusters that are warm")
        return self

    def meets(self, **wanted):
        """Asserts what becomes of a call to each server, from every proxy: the server's name if it answers, or what the
        proxy counts instead."""
        for envoy, proxy in self.proxies.items():
            for service, expected in wanted.items():
                seen = self._outcome(proxy, service)
                assert seen in (expected if isinstance(expected, tuple) else (expected,)), (envoy, service, seen)

    def ask(self, service):
        """What the server saw, by each proxy."""
        return [self._ask(proxy, service).json for proxy in self.proxies.values()]

    def _outcome(self, proxy, service):
        before = self.counters(proxy, service)
        answer = self._ask(proxy, service)
        if answer.status == 200:
            return answer.by
        after = self.counters(proxy, service)
        return next((name for name in _COUNTERS if after[name] > before[name]), answer.status)

    def counters(self, proxy, service):
        """Of all clusters of the service's node."""
        node = self.street.node_of(service)
        stats = proxy.stats(rf"^cluster\.cds_egress_lab_{node}_.*\.ssl\.({'|'.join(_COUNTERS)})$")
        return {name: sum(value for stat, value in stats.items() if stat.endswith(f".{name}")) for name in _COUNTERS}


class NodeCaller(Caller):
    """A virtual node's application calls."""

    def _node(self, policies, **spec):
        """`policies` by the service that is a backend."""
        backends = [{"virtualService": {"virtualServiceName": self.street.address_of(service)[0],
                                        **({"clientPolicy": policy} if policy else {})}}
                    for service, policy in policies.items()]
        self.lab.node(self.name, update=hasattr(self, "proxies"), backends=backends,
                      serviceDiscovery={"dns": {"hostname": f"{self.name}.lab"}}, **spec)

    def _proxy(self, envoy, more):
        return self.lab.sidecar(self.name, envoy=envoy, more=more)

    def _ask(self, proxy, service):
        return requests.ask(proxy.host, *self.street.address_of(service))


class ByBackend(NodeCaller):
    """Each backend has the policy."""
    name = "by-backend"

    def _set(self, policy):
        self._node(dict.fromkeys(self.street.everybody, policy))

    def under_each(self, **policies):
        """These services alone are backends, each with its own."""
        self._node({service: {"tls": policy} if policy else None for service, policy in policies.items()})
        return self._settled()


class ByDefaults(NodeCaller):
    """The node's backendDefaults have it."""
    name = "by-defaults"

    def _set(self, policy):
        self._node(dict.fromkeys(self.street.everybody),
                   **({"backendDefaults": {"clientPolicy": policy}} if policy else {}))


class ByGateway(Caller):
    """A gateway's backendDefaults have it."""
    name = "by-gateway"

    def __init__(self, street):
        super().__init__(street)
        for service in street.everybody:
            target = {"virtualService": {"virtualServiceName": street.address_of(service)[0]}}
            self.lab.gateway_route(self.name, service, httpRoute={"match": {"prefix": f"/{service}"},
                                                                  "action": {"target": target}})
        self.under(None)

    def _set(self, policy):
        self.lab.virtual_gateway(self.name, update=hasattr(self, "proxies"),
                                 listeners=[{"portMapping": {"port": PORT, "protocol": "http"}}],
                                 **({"backendDefaults": {"clientPolicy": policy}} if policy else {}))

    def _proxy(self, envoy, more):
        return self.lab.gateway(self.name, envoy, more=more)

    def _ask(self, proxy, service):
        return requests.ask(self.street.outside, "www.example.com", PORT, f"/{service}", address=proxy.host.address4)


def _is_settled(proxy):
    """Nothing warms, and every name is resolved."""
    dump = proxy.config_dump()["configs"]
    warming = any(section.get("dynamic_warming_clusters") or any("warming_state" in row for row in section.get(
        "dynamic_listeners", [])) for section in dump)
    return not warming and all(proxy.stats(r"^cluster\.cds_egress_lab_.*_http_[0-9]+\.membership_healthy$").values())
