"""Random valid changes of a mesh under which the same requests must succeed before, meanwhile and after."""
from support.lab import HTTP_PORT

GATEWAY_PORT = 8088
_PREFIXES = ["/", "/a", "/b"]  # of what the load asks for


class Changes:
    """Makes the mesh, then one random change after the other. Every route leads to an application that answers, whatever
    the request: so no change may fail one. `rng` decides everything."""

    def __init__(self, lab, rng, applications):
        self._lab = lab
        self._rng = rng
        self._applications = applications  # where new nodes may lead to
        self._extra = {"nodes": [], "routes": [], "services": [], "gateway routes": []}
        self._number = 0
        self.made = {}
        self._make_mesh()

    # What there is at the beginning and stays.

    def _make_mesh(self):
        lab = self._lab
        lab.node("server", **self._server())
        lab.node("direct", **self._direct())
        for router in ("main", "spare"):
            lab.router(router, {"port": HTTP_PORT, "protocol": "http"})
            lab.route(router, "rest", **self._rest())
        lab.service("stable.lab", virtualRouter="main")
        lab.backends["stable.lab"] = {}
        lab.set_client()
        lab.virtual_gateway("edge", **self._gateway())
        lab.gateway_route("edge", "rest", **self._gateway_route("/"))

    def _server(self):
        """Behind a proxy of its own."""
        http = {"perRequest": self._seconds(5, 15), "idle": self._seconds(5, 300)}
        return {"listeners": [{"portMapping": {"port": HTTP_PORT, "protocol": "http"},
                               **({"timeout": {"http": http}} if self._maybe() else {})}],
                "serviceDiscovery": {"dns": {"hostname": "server.lab"}}, **self._logging()}

    def _direct(self):
        """An application without a proxy, that moves from port to port."""
        port = self._rng.choice(self._applications).port
        return {"listeners": [{"portMapping": {"port": port, "protocol": "http"}}],
                "serviceDiscovery": {"dns": {"hostname": "hub.lab",
                                             "responseType": self._rng.choice(["LOADBALANCER", "ENDPOINTS"])}}}

    def _rest(self, match=None):
        """A route with random weights, timeouts and retries."""
        nodes = ["server", "direct", *self._extra["nodes"]]
        weights = [self._rng.randint(0, 3) for _ in nodes]
        weights[self._rng.randrange(len(nodes))] += 1
        targets = [{"virtualNode": node, "weight": weight} for node, weight in zip(nodes, weights)]
        route = {"match": match or {"prefix": "/"}, "action": {"weightedTargets": targets[:10]}}
        if not any(target["weight"] for target in targets[:10]):
            targets[0]["weight"] = 1
        if self._maybe():
            route["timeout"] = {"perRequest": self._seconds(5, 15)}
        if self._maybe():
            route["retryPolicy"] = {"maxRetries": self._rng.randint(1, 3), "perRetryTimeout": self._seconds(4, 5),
                                    "httpRetryEvents": ["gateway-error", "stream-error"],
                                    "tcpRetryEvents": ["connection-error"]}
        return {"httpRoute": route, **({"priority": self._rng.randint(0, 1000)} if match else {})}

    def _gateway(self):
        ports = [GATEWAY_PORT, *([GATEWAY_PORT + 1] if self._maybe() else [])]
        return {"listeners": [{"portMapping": {"port": port, "protocol": "http"}} for port in ports], **self._logging()}

    def _gateway_route(self, prefix):
        rewrite = self._rng.choice([{}, {"prefix": {"defaultPrefix": "DISABLED"}}, {"prefix": {"value": "/v2/"}},
                                    {"hostname": {"defaultTargetHostname": "DISABLED"}}])
        if "value" in rewrite.get("prefix", {}) and not prefix.endswith("/"):
            rewrite = {}
        action = {"target": {"virtualService": {"virtualServiceName": "stable.lab"}}}
        return {"httpRoute": {"match": {"prefix": prefix, "port": GATEWAY_PORT}, "action": {**action, **({"rewrite": rewrite} if rewrite else {})}}}

    def _logging(self):
        path = str(self._lab.logs / "changes.log")
        return {"logging": {"accessLog": {"file": {"path": path}}}} if self._maybe() else {}

    def _match(self):
        return {"prefix": self._rng.choice(_PREFIXES), **self._rng.choice([
            {}, {"method": "GET"}, {"headers": [{"name": "x-load"}]},
            {"headers": [{"name": "x-load", "match": {"exact": "no"}, "invert": True}]},
            {"queryParameters": [{"name": "q", "match": {"exact": "1"}}]}])}

    # The changes. Each returns nothing when it cannot be made now.

    def step(self):
        """Makes one change; its name."""
        while True:
            change = self._rng.choice(_CHANGES)
            name = change.__name__.removeprefix("_").replace("_", " ")
            if change(self):
                self.made[name] = self.made.get(name, 0) + 1
                return name

    def _change_the_filter(self):
        self._lab.change_mesh({"egressFilter": {"type": self._rng.choice(["DROP_ALL", "ALLOW_ALL"])}})
        return True

    def _change_the_server(self):
        self._lab.node("server", update=True, **self._server())
        return True

    def _move_the_direct_node(self):
        self._lab.node("direct", update=True, **self._direct())
        return True

    def _change_weights(self):
        self._lab.route(self._rng.choice(["main", "spare"]), "rest", update=True, **self._rest())
        return True

    def _add_a_node(self):
        if len(self._extra["nodes"]) >= 6:
            return False
        self._extra["nodes"].append(self._lab.node(self._new("node"), **self._direct()))
        return True

    def _delete_a_node(self):
        """Out of every route first, as the API asks for."""
        if not self._extra["nodes"]:
            return False
        node = self._extra["nodes"].pop(0)
        for router, route in [("main", "rest"), ("spare", "rest"), *self._extra["routes"]]:
            described = self._lab.client.describe_route(meshName="lab", virtualRouterName=router, routeName=route)
            if node in str(described["route"]["spec"]):
                self._lab.route(router, route, update=True, **self._rest({"prefix": "/"} if route != "rest" else None))
        self._lab.delete("virtual_node", virtualNodeName=node)
        return True

    def _add_a_route(self):
        if len(self._extra["routes"]) >= 8:
            return False
        router = self._rng.choice(["main", "spare"])
        self._extra["routes"].append((router, self._lab.route(router, self._new("route"), **self._rest(self._match()))))
        return True

    def _delete_a_route(self):
        if not self._extra["routes"]:
            return False
        router, route = self._extra["routes"].pop(0)
        self._lab.delete("route", virtualRouterName=router, routeName=route)
        return True

    def _change_the_provider(self):
        provider = self._rng.choice([{"virtualRouter": {"virtualRouterName": name}} for name in ("main", "spare")])
        self._lab.change("virtual_service", virtualServiceName="stable.lab", spec={"provider": provider})
        return True

    def _add_a_backend(self):
        """Another service, on a port that no other has."""
        if len(self._extra["services"]) >= 4:
            return False
        name = self._new("other")
        node = self._lab.node(name, listeners=[{"portMapping": {"port": 30000 + self._number, "protocol": "http"}}],
                              serviceDiscovery={"dns": {"hostname": "hub.lab"}})
        self._lab.service(f"{name}.lab", virtualNode=node)
        self._lab.backends[f"{name}.lab"] = {}
        self._lab.set_client(**self._logging())
        self._extra["services"].append(name)
        return True

    def _remove_a_backend(self):
        if not self._extra["services"]:
            return False
        name = self._extra["services"].pop(0)
        del self._lab.backends[f"{name}.lab"]
        self._lab.set_client(**self._logging())
        self._lab.delete("virtual_service", virtualServiceName=f"{name}.lab")
        self._lab.delete("virtual_node", virtualNodeName=name)
        return True

    def _change_the_gateway(self):
        self._lab.virtual_gateway("edge", update=True, **self._gateway())
        return True

    def _add_a_gateway_route(self):
        if len(self._extra["gateway routes"]) >= 4:
            return False
        spec = self._gateway_route(self._rng.choice(_PREFIXES[1:]))
        name = self._new("gateway-route")
        self._lab.gateway_route("edge", name, **spec, priority=self._number)
        self._extra["gateway routes"].append(name)
        return True

    def _delete_a_gateway_route(self):
        if not self._extra["gateway routes"]:
            return False
        self._lab.delete("gateway_route", virtualGatewayName="edge", gatewayRouteName=self._extra["gateway routes"].pop(0))
        return True

    def _come_and_go_of_a_router(self):
        """With a route, for nobody."""
        name = self._lab.router(self._new("router"), {"port": HTTP_PORT, "protocol": "http"})
        self._lab.route(name, "rest", **self._rest())
        self._lab.delete("route", virtualRouterName=name, routeName="rest")
        self._lab.delete("virtual_router", virtualRouterName=name)
        return True

    def _new(self, what):
        self._number += 1
        return f"{what}-{self._number}"

    def _maybe(self):
        return self._rng.random() < 0.5

    def _seconds(self, least, most):
        return {"unit": "s", "value": self._rng.randint(least, most)}


_CHANGES = [
    Changes._change_the_filter, Changes._change_the_server, Changes._move_the_direct_node, Changes._change_weights,
    Changes._change_weights, Changes._add_a_node, Changes._delete_a_node, Changes._add_a_route, Changes._delete_a_route,
    Changes._change_the_provider, Changes._add_a_backend, Changes._remove_a_backend, Changes._change_the_gateway,
    Changes._add_a_gateway_route, Changes._delete_a_gateway_route, Changes._come_and_go_of_a_router
]
