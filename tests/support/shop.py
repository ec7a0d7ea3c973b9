"""What one test adds to a lab: applications, virtual services of which the lab's clients may call each, and calls."""
import dataclasses
import itertools
from collections import Counter

from demo.waiting import wait_until
from support import http2, requests
from support.lab import HTTP_PORT

CLIENT = "client"
# Where the services of each protocol are called, and routers of two listeners besides: one port has one protocol.
PORTS = {"http": (HTTP_PORT, 8180), "http2": (8082, 8182), "grpc": (8083, 8183)}
# How each is called; see requests.ask.
ASK = {"http": requests.ask, "http2": http2.ask, "grpc": http2.call}
_ports = itertools.count(20000)


def free_port():
    """A port for a virtual service of its own: one port has one protocol, and one TCP service."""
    return next(_ports)


@dataclasses.dataclass(frozen=True)
class Route:
    """A route's spec without its protocol. `targets` are applications or nodes with their weights; `named` makes what
    names one of them in the spec."""
    targets: dict
    match: dict
    more: dict

    def spec(self, protocol, named):
        body = {**self.more, "action": {"weightedTargets": [
            {**named(target), "weight": weight} for target, weight in self.targets.items()]}}
        match = self.match if self.match is not None else {} if protocol in ("tcp", "grpc") else {"prefix": "/"}
        priority = {"priority": body.pop("priority")} if "priority" in body else {}
        return {**priority, f"{protocol}Route": {**body, **({"match": match} if match else {}),
                                                 **({"match": {}} if protocol == "grpc" and not match else {})}}


def to(*targets, match=None, **more):
    """A route to applications of equal weight, or to those of one {application: weight}."""
    weights = targets[0] if isinstance(targets[0], dict) else dict.fromkeys(targets, 1)
    return Route(weights, match, more)


class Shop:
    """Nodes, routers and services with names of their own in `lab`, called from the proxy `client`. Each application is the
    node of its name; no proxy is before it, so what it sees is what the client's proxy sent."""

    def __init__(self, lab, client):
        self.lab = lab
        self.client = client
        self.services = {}
        self._protocols = {}
        self._nodes = {}
        self._several = set()  # applications that share a node
        self._made = []

    def application(self, name="app", protocol="http", **node):
        """A new application; `node` goes into its virtual node's spec."""
        return self.of(self.lab.application(name, protocol), protocol, **node)

    def of(self, application, protocol, hostname="hub.lab", listener=(), port=None, others=(), **spec):
        """Makes the virtual node of `application`. It has `others` too, each behind a listener of its own."""
        name = self.lab.unique(application.name)
        mapping = {"port": port or application.port, "protocol": protocol}
        more = [{"portMapping": {"port": other.port, "protocol": protocol}} for other in others]
        self.lab.node(name, listeners=[{"portMapping": mapping, **dict(listener)}, *more],
                      serviceDiscovery={"dns": {"hostname": hostname}}, **spec)
        self._nodes.update(dict.fromkeys((application, *others), name))
        self._several.update((application, *others) if others else ())
        return application

    def node_of(self, application):
        """Name of its virtual node."""
        return self._nodes.get(application, application)

    def _target(self, application):
        """It as a route's target: by its port too, if its node has several."""
        port = {"port": application.port} if application in self._several else {}
        return {"virtualNode": self.node_of(application), **port}

    def service(self, name, *routes, protocol="http", port=None, second=None):
        """A virtual service behind a router with `routes`, which the client may call on `port` as `name`; the router
        listens on the port `second` too, if one is named."""
        unique = self.lab.unique(name)
        port = port or (free_port() if protocol == "tcp" else PORTS[protocol][0])
        router = self.lab.router(unique, *({"port": each, "protocol": protocol} for each in (port, second) if each))
        for number, route in enumerate(routes):
            self.lab.route(router, f"route-{number}", **route.spec(protocol, self._target))
        return self.provide(name, unique, port, protocol, virtualRouter=router)

    def provide(self, name, unique=None, port=HTTP_PORT, protocol="http", **provider):
        """A virtual service by `provider`."""
        full = f"{unique or self.lab.unique(name)}.lab"
        self.lab.service(full, **provider)
        self.services[name] = (full, port)
        self._protocols[name] = protocol
        self.lab.backends[full] = {}
        self._made.append(full)
        return name

    def reroute(self, name, number, route, protocol="http"):
        """Changes the route with that number of the service."""
        router = self.services[name][0].removesuffix(".lab")
        self.lab.route(router, f"route-{number}", update=True, **route.spec(protocol, self._target))

    def settle(self):
        """Returns when the client's proxy has it all, and the names of its nodes are resolved."""
        self.lab.set_client()
        self.lab.settle()
        self.wait_resolved()
        return self

    def wait_resolved(self):
        names = {self.node_of(application) for application in self._nodes}

        def resolved():
            stats = self.client.stats(r"^cluster\.cds_egress_lab_.*\.membership_healthy$")
            return all(value > 0 for name, value in stats.items() if name.split("_")[3] in names)

        wait_until(resolved, 30, "addresses of the nodes")

    def get(self, name, path=None, port=None, **how):
        """The answer that the client's application gets from the service `name`, on `port` if not on its own."""
        full, own = self.services[name]
        paths = {"path": path} if path is not None else {}
        return ASK[self._protocols[name]](self.client.host, full, port or own, **paths, **how)

    def connect(self, name, port=None, **how):
        """A TCP connection of the client's application to the service."""
        return requests.connect(self.client.host, port or self.services[name][1], **how)

    def greeting(self, name, port=None):
        """Which TCP application greets on a new connection; "" if it is closed instead."""
        with self.connect(name, port) as connection:
            return requests.receive(connection).decode().strip().removeprefix("hello from ")

    def who(self, name, port=None):
        """Which application a call reaches, whatever its protocol; what the proxy did instead."""
        return self.greeting(name, port) if self._protocols[name] == "tcp" else self.get(name, port=port).by

    def count(self, name, times):
        """Who was reached by how many of so many calls."""
        return Counter(self.who(name) for _ in range(times))

    def close(self):
        """The client forgets its services, from the next change on."""
        for full in self._made:
            self.lab.backends.pop(full, None)
