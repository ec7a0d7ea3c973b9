"""Random valid changes of a mesh under which the same requests must succeed before, meanwhile and after."""
import collections

from support.namespaces import HUB4

# Of the mesh's services, by the protocol of their routes.
PORTS = {"http": 8080, "http2": 8081, "grpc": 8082, "tcp": 8083}
SECURE_PORT = 8084
GATEWAY_PORTS = {"http": 8088, "http2": 8089, "grpc": 8090}
# What the load asks for.
PATHS = {"http": "/a?q=1", "http2": "/b", "grpc": "/load.Load/Ask", "tcp": ""}
HEADERS = {"x-load": "yes"}
_PREFIXES = ["/", "/a", "/b"]
_MAX_EXTRA = 3  # of each kind and protocol

# Every kind of resource with what can be done to it; routes and gateway routes by protocol. A test may ask whether all of
# it was done.
KINDS = ["mesh", "virtual_node", "virtual_service", "virtual_router", "virtual_gateway",
         *(f"{protocol}_route" for protocol in PORTS), *(f"{protocol}_gateway_route" for protocol in GATEWAY_PORTS)]
EVERYTHING = {f"{verb} {kind}" for verb in ("create", "update", "delete") for kind in KINDS}


class Changes:
    """Makes the mesh, then one random change after the other. Every route leads to an application that answers, whatever
    the request: so no change may fail one. `rng` decides everything. `ports` are of applications on the hub that take every
    protocol, `authority` issues certificates."""

    def __init__(self, lab, rng, ports, authority):
        self._lab, self._rng, self._ports = lab, rng, ports
        self._authority = authority
        self._certificate = authority.issue("secure", "secure.lab")
        self._extra = collections.defaultdict(list)
        self._number = 0
        self._deck = []
        # By "create http_route" and the like, since the mesh was made.
        self.made = collections.Counter()
        self._make_mesh()
        self.made.clear()

    # What there is at the beginning and stays.

    def _make_mesh(self):
        lab = self._lab
        lab.node("server", **self._server())
        for protocol, port in PORTS.items():
            lab.node(f"direct-{protocol}", **self._direct(protocol))
            for router in self._routers(protocol):
                lab.router(router, {"port": port, "protocol": protocol})
                lab.route(router, "rest", **self._route(protocol))
            lab.service(f"{protocol}.lab", virtualRouter=f"main-{protocol}")
            lab.backends[f"{protocol}.lab"] = {}
        self._server_tls, self._client_tls = "STRICT", "trust"
        lab.node("secure", **self._secure())
        lab.service("secure.lab", virtualNode="secure")
        lab.backends["secure.lab"] = self._policy()
        lab.set_client()
        lab.virtual_gateway("edge", **self._gateway())
        for protocol in GATEWAY_PORTS:
            lab.gateway_route("edge", f"rest-{protocol}", **self._gateway_route(protocol, everything=True))

    @staticmethod
    def _routers(protocol):
        return [f"main-{protocol}", f"spare-{protocol}"]

    def _server(self):
        """Behind a proxy of its own, with a listener for each protocol."""
        return {"listeners": [self._listener(protocol, port) for protocol, port in PORTS.items()],
                "serviceDiscovery": {"dns": {"hostname": "server.lab"}}, **self._logging()}

    def _listener(self, protocol, port):
        times = {"idle": self._seconds(20, 300), **({"perRequest": self._seconds(5, 15)} if protocol != "tcp" else {})}
        return {"portMapping": {"port": port, "protocol": protocol},
                **({"timeout": {protocol: times}} if self._maybe() else {})}

    def _direct(self, protocol):
        """An application without a proxy, that moves from port to port."""
        kind = self._rng.choice(["LOADBALANCER", "ENDPOINTS"])
        return {"listeners": [{"portMapping": {"port": self._rng.choice(self._ports), "protocol": protocol}}],
                "serviceDiscovery": {"dns": {"hostname": "hub.lab", "responseType": kind}}}

    def _secure(self):
        """Behind a proxy that takes TLS."""
        chain, key = map(str, self._certificate)
        tls = {"mode": self._server_tls, "certificate": {"file": {"certificateChain": chain, "privateKey": key}}}
        return {"listeners": [{**self._listener("http", SECURE_PORT), "tls": tls}],
                "serviceDiscovery": {"dns": {"hostname": "secure.lab"}}}

    def _policy(self):
        """How the client calls the node `secure`."""
        trust = {"trust": {"file": {"certificateChain": str(self._authority.ca)}}}
        names = {"subjectAlternativeNames": {"match": {"exact": ["secure.lab"]}}}
        validation = {"trust": trust, "names": {**trust, **names}}.get(self._client_tls)
        return {"clientPolicy": {"tls": {"enforce": True, "validation": validation}}} if validation else {}

    def _route(self, protocol, match=None):
        """A route with random weights, timeouts and retries, of all requests or of those that match."""
        nodes = [(f"direct-{protocol}", None), ("server", PORTS[protocol]),
                 *((node, None) for node in self._extra[f"nodes {protocol}"])]
        weights = [self._rng.randint(0, 3) for _ in nodes]
        weights[self._rng.randrange(len(nodes))] += 1
        body = {"action": {"weightedTargets": [
            {"virtualNode": node, "weight": weight, **({"port": port} if port else {})}
            for (node, port), weight in zip(nodes, weights)]}}
        if match is not None or protocol != "tcp":
            body["match"] = match if match is not None else {} if protocol == "grpc" else {"prefix": "/"}
        if self._maybe():
            body["timeout"] = {"idle": self._seconds(20, 300)} if protocol == "tcp" else {"perRequest": self._seconds(5, 15)}
        if protocol != "tcp" and self._maybe():
            body["retryPolicy"] = self._retries(protocol)
        return {f"{protocol}Route": body, **({"priority": self._rng.randint(0, 1000)} if match else {})}

    def _retries(self, protocol):
        grpc = {"grpcRetryEvents": ["unavailable", "cancelled"]} if protocol == "grpc" else {}
        return {"maxRetries": self._rng.randint(2, 4), "perRetryTimeout": self._seconds(4, 5),
                "httpRetryEvents": ["gateway-error", "stream-error"], "tcpRetryEvents": ["connection-error"], **grpc}

    def _match(self, protocol):
        if protocol == "tcp":
            return {"port": PORTS["tcp"]}
        if protocol == "grpc":
            return self._rng.choice([{"serviceName": "load.Load"}, {"serviceName": "load.Load", "methodName": "Ask"},
                                     {"metadata": [{"name": "x-load"}]}])
        return {"prefix": self._rng.choice(_PREFIXES), **self._rng.choice([
            {}, {"method": "GET"}, {"headers": [{"name": "x-load"}]},
            {"headers": [{"name": "x-load", "match": {"exact": "no"}, "invert": True}]},
            {"queryParameters": [{"name": "q", "match": {"exact": "1"}}]}])}

    def _gateway(self):
        listeners = [(port, protocol) for protocol, port in GATEWAY_PORTS.items()]
        listeners += [(8099, "http")] if self._maybe() else []
        return {"listeners": [{"portMapping": {"port": port, "protocol": protocol}} for port, protocol in listeners],
                **self._logging()}

    def _gateway_route(self, protocol, everything=False):
        target = {"target": {"virtualService": {"virtualServiceName": f"{protocol}.lab"}}}
        port = {"port": GATEWAY_PORTS[protocol]}
        if protocol == "grpc":
            service = {} if everything else {"serviceName": "load.Load"}
            rewrite = self._rng.choice([{}, {"rewrite": {"hostname": {"defaultTargetHostname": "DISABLED"}}}])
            return {"grpcRoute": {"match": {**service, **port}, "action": {**target, **rewrite}}}
        prefix = "/" if everything else self._rng.choice(_PREFIXES[1:])
        rewrites = [{}, {"prefix": {"defaultPrefix": "DISABLED"}}, {"hostname": {"defaultTargetHostname": "DISABLED"}},
                    *([{"prefix": {"value": "/v2/"}}] if prefix == "/" else [])]
        rewrite = self._rng.choice(rewrites)
        action = {**target, **({"rewrite": rewrite} if rewrite else {})}
        return {f"{protocol}Route": {"match": {"prefix": prefix, **port}, "action": action}}

    def _logging(self):
        path = str(self._lab.logs / "changes.log")
        return {"logging": {"accessLog": {"file": {"path": path}}}} if self._maybe() else {}

    # The changes. Each is false when it cannot be made now.

    def step(self):
        """Makes one change; what it was. All have had their turn before one comes again."""
        while True:
            if not self._deck:
                self._deck = list(_CHANGES)
                self._rng.shuffle(self._deck)
            change, *arguments = self._deck.pop()
            if change(self, *arguments):
                return " ".join([change.__name__.removeprefix("_").replace("_", " "), *arguments])

    def _note(self, verb, kind):
        self.made[f"{verb} {kind}"] += 1
        return True

    def _change_the_filter(self):
        self._lab.change_mesh({"egressFilter": {"type": self._rng.choice(["DROP_ALL", "ALLOW_ALL"])}})
        return self._note("update", "mesh")

    def _change_the_server(self):
        self._lab.node("server", update=True, **self._server())
        return self._note("update", "virtual_node")

    def _change_tls(self):
        """What one side asks for the other must take, so the change before must have arrived."""
        self._lab.settle()
        if self._maybe() and self._client_tls:
            self._server_tls = self._rng.choice(["STRICT", "PERMISSIVE"])
            self._lab.node("secure", update=True, **self._secure())
        else:
            self._client_tls = self._rng.choice(["trust", "names", *([""] if self._server_tls == "PERMISSIVE" else [])])
            self._lab.backends["secure.lab"] = self._policy()
            self._lab.set_client()
        return self._note("update", "virtual_node")

    def _move_the_direct_node(self, protocol):
        self._lab.node(f"direct-{protocol}", update=True, **self._direct(protocol))
        return self._note("update", "virtual_node")

    def _change_weights(self, protocol):
        self._lab.route(self._rng.choice(self._routers(protocol)), "rest", update=True, **self._route(protocol))
        return self._note("update", f"{protocol}_route")

    def _add_a_node(self, protocol):
        nodes = self._extra[f"nodes {protocol}"]
        if len(nodes) >= _MAX_EXTRA:
            return False
        nodes.append(self._lab.node(self._new("node"), **self._direct(protocol)))
        return self._note("create", "virtual_node")

    def _delete_a_node(self, protocol):
        """Out of every route first, as the API asks for."""
        if not self._extra[f"nodes {protocol}"]:
            return False
        node = self._extra[f"nodes {protocol}"].pop(0)
        for router in self._routers(protocol):
            self._lab.route(router, "rest", update=True, **self._route(protocol))
        for router, route in self._extra[f"routes {protocol}"]:
            self._lab.route(router, route, update=True, **self._route(protocol, self._match(protocol)))
        self._lab.delete("virtual_node", virtualNodeName=node)
        return self._note("delete", "virtual_node")

    def _add_a_route(self, protocol):
        routes = self._extra[f"routes {protocol}"]
        if len(routes) >= _MAX_EXTRA:
            return False
        router = self._rng.choice(self._routers(protocol))
        spec = self._route(protocol, self._match(protocol))
        routes.append((router, self._lab.route(router, self._new("route"), **spec)))
        return self._note("create", f"{protocol}_route")

    def _delete_a_route(self, protocol):
        if not self._extra[f"routes {protocol}"]:
            return False
        router, route = self._extra[f"routes {protocol}"].pop(0)
        self._lab.delete("route", virtualRouterName=router, routeName=route)
        return self._note("delete", f"{protocol}_route")

    def _change_the_provider(self, protocol):
        provider = {"virtualRouter": {"virtualRouterName": self._rng.choice(self._routers(protocol))}}
        self._lab.change("virtual_service", virtualServiceName=f"{protocol}.lab", spec={"provider": provider})
        return self._note("update", "virtual_service")

    def _add_a_backend(self):
        """Another service, on a port that no other has."""
        if len(self._extra["services"]) >= _MAX_EXTRA:
            return False
        name = self._new("other")
        node = self._lab.node(name, listeners=[{"portMapping": {"port": 30000 + self._number, "protocol": "http"}}],
                              serviceDiscovery={"dns": {"hostname": "hub.lab"}})
        self._lab.service(f"{name}.lab", virtualNode=node)
        self._lab.backends[f"{name}.lab"] = {}
        self._lab.set_client(**self._logging())
        self._extra["services"].append(name)
        return self._note("create", "virtual_service")

    def _remove_a_backend(self):
        if not self._extra["services"]:
            return False
        name = self._extra["services"].pop(0)
        del self._lab.backends[f"{name}.lab"]
        self._lab.set_client(**self._logging())
        self._lab.delete("virtual_service", virtualServiceName=f"{name}.lab")
        self._lab.delete("virtual_node", virtualNodeName=name)
        return self._note("delete", "virtual_service")

    def _change_the_gateway(self):
        self._lab.virtual_gateway("edge", update=True, **self._gateway())
        return self._note("update", "virtual_gateway")

    def _add_a_gateway_route(self, protocol):
        routes = self._extra[f"gateway routes {protocol}"]
        if len(routes) >= _MAX_EXTRA:
            return False
        name = self._new("gateway-route")
        self._lab.gateway_route("edge", name, **self._gateway_route(protocol), priority=self._number)
        routes.append(name)
        return self._note("create", f"{protocol}_gateway_route")

    def _change_a_gateway_route(self, protocol):
        self._lab.change("gateway_route", virtualGatewayName="edge", gatewayRouteName=f"rest-{protocol}",
                         spec=self._gateway_route(protocol, everything=True))
        return self._note("update", f"{protocol}_gateway_route")

    def _delete_a_gateway_route(self, protocol):
        routes = self._extra[f"gateway routes {protocol}"]
        if not routes:
            return False
        self._lab.delete("gateway_route", virtualGatewayName="edge", gatewayRouteName=routes.pop(0))
        return self._note("delete", f"{protocol}_gateway_route")

    # Resources that nobody leads to: they come, change and go, a step each time.

    def _bystander_router(self):
        step = self._turn("router")
        if step == "create":
            self._router = self._lab.router(self._new("router"), {"port": PORTS["http"], "protocol": "http"})
        elif step == "update":
            listener = {"portMapping": {"port": PORTS["http"] + 100, "protocol": "http"}}
            self._lab.change("virtual_router", virtualRouterName=self._router, spec={"listeners": [listener]})
        else:
            self._lab.delete("virtual_router", virtualRouterName=self._router)
        return self._note(step, "virtual_router")

    def _bystander_gateway(self):
        step = self._turn("gateway")
        if step == "create":
            self._idle_gateway = self._lab.virtual_gateway(self._new("gateway"), **self._gateway())
        elif step == "update":
            self._lab.virtual_gateway(self._idle_gateway, update=True, **self._gateway())
        else:
            self._lab.delete("virtual_gateway", virtualGatewayName=self._idle_gateway)
        return self._note(step, "virtual_gateway")

    def _bystander_mesh(self):
        step = self._turn("mesh")
        client, name = self._lab.client, "bystander"
        if step == "create":
            client.create_mesh(meshName=name)
        elif step == "update":
            client.update_mesh(meshName=name, spec={"egressFilter": {"type": "ALLOW_ALL"}})
        else:
            client.delete_mesh(meshName=name)
        return self._note(step, "mesh")

    def _turn(self, what):
        turns = self._extra[f"turns {what}"]
        turns[:] = turns or ["create", "update", "delete"]
        return turns.pop(0)

    def _new(self, what):
        self._number += 1
        return f"{what}-{self._number}"

    def _maybe(self):
        return self._rng.random() < 0.5

    def _seconds(self, least, most):
        return {"unit": "s", "value": self._rng.randint(least, most)}


_CHANGES = [
    *((change,) for change in (
        Changes._change_the_filter, Changes._change_the_server, Changes._change_tls, Changes._change_tls,
        Changes._add_a_backend, Changes._remove_a_backend, Changes._change_the_gateway,
        *2 * [Changes._bystander_router, Changes._bystander_gateway, Changes._bystander_mesh])),
    *((change, protocol) for protocol in PORTS for change in (
        Changes._move_the_direct_node, Changes._change_weights, Changes._add_a_node, Changes._delete_a_node,
        Changes._add_a_route, Changes._delete_a_route, Changes._change_the_provider)),
    *((change, protocol) for protocol in GATEWAY_PORTS for change in (
        Changes._add_a_gateway_route, Changes._change_a_gateway_route, Changes._delete_a_gateway_route)),
]
