"""What one test adds to a lab: applications, virtual services of which the lab's clients may call each, and calls."""
import dataclasses
import itertools

from demo.waiting import wait_until
from support import requests
from support.lab import HTTP_PORT

CLIENT = "client"
_ports = itertools.count(20000)


def free_port():
    """A port for a virtual service of its own: one port has one protocol, and one TCP service."""
    return next(_ports)


@dataclasses.dataclass(frozen=True)
class Route:
    """A route's spec without its protocol. `targets` are applications or nodes with their weights."""
    targets: dict
    match: dict
    more: dict

    def spec(self, protocol, nodes):
        body = {**self.more, "action": {"weightedTargets": [
            {"virtualNode": nodes(target), "weight": weight} for target, weight in self.targets.items()]}}
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
        self._nodes = {}
        self._made = []

    def application(self, name="app", **node):
        """A new HTTP application; `node` goes into its virtual node's spec."""
        application = self.lab.http_application(name)
        return self.of(application, "http", **node)

    def of(self, application, protocol, hostname="hub.lab", listener=(), port=None, **spec):
        """Makes the virtual node of `application`."""
        name = self.lab.unique(application.name)
        mapping = {"port": port or application.port, "protocol": protocol}
        self.lab.node(name, listeners=[{"portMapping": mapping, **dict(listener)}],
                      serviceDiscovery={"dns": {"hostname": hostname}}, **spec)
        self._nodes[application] = name
        return application

    def node_of(self, application):
        """Name of its virtual node."""
        return self._nodes.get(application, application)

    def service(self, name, *routes, protocol="http", port=HTTP_PORT):
        """A virtual service behind a router with `routes`, which the client may call on `port` as `name`."""
        unique = self.lab.unique(name)
        router = self.lab.router(unique, {"port": port, "protocol": protocol})
        for number, route in enumerate(routes):
            self.lab.route(router, f"route-{number}", **route.spec(protocol, self.node_of))
        return self.provide(name, unique, port, virtualRouter=router)

    def provide(self, name, unique=None, port=HTTP_PORT, **provider):
        """A virtual service by `provider`."""
        full = f"{unique or self.lab.unique(name)}.lab"
        self.lab.service(full, **provider)
        self.services[name] = (full, port)
        self.lab.backends[full] = {}
        self._made.append(full)
        return name

    def reroute(self, name, number, route, protocol="http"):
        """Changes the route with that number of the service."""
        router = self.services[name][0].removesuffix(".lab")
        self.lab.route(router, f"route-{number}", update=True, **route.spec(protocol, self.node_of))

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

    def get(self, name, path="/", **how):
        """The answer that the client's application gets from the service `name`."""
        full, port = self.services[name]
        return requests.ask(self.client.host, full, port, path, **how)

    def connect(self, name, **how):
        """A TCP connection of the client's application to the service."""
        return requests.connect(self.client.host, self.services[name][1], **how)

    def count(self, name, times, path="/", **how):
        """Who answered how many of so many requests."""
        answers = {}
        for _ in range(times):
            by = self.get(name, path, **how).by
            answers[by] = answers.get(by, 0) + 1
        return answers

    def close(self):
        """The client forgets its services, from the next change on."""
        for full in self._made:
            self.lab.backends.pop(full, None)
