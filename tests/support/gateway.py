"""A virtual gateway with routes to services of its own, asked from outside the mesh."""
from support.shop import ASK, Shop, to
from support.versions import ENVOYS

EDGE = "edge"
PORT, SECOND = 8088, 8089
KINDS = {"http": "httpRoute", "http2": "http2Route", "grpc": "grpcRoute"}


class Gateway:
    """The gateway `edge` with `listeners`, {port: protocol}, one proxy of each version, and routes to services of
    a shop. A route is for `port` and of its protocol unless it says something else."""

    def __init__(self, lab, listeners):
        self.lab = lab
        self.shop = Shop(lab, None)
        self.listeners = listeners
        self.port, self.protocol = next(iter(listeners.items()))
        lab.virtual_gateway(EDGE, listeners=[{"portMapping": {"port": port, "protocol": protocol}}
                                             for port, protocol in listeners.items()])
        self.outside = lab.network.host("outside")
        self.proxies = {envoy: lab.gateway(EDGE, envoy) for envoy in ENVOYS}

    def service(self, name, protocol=None):
        """A virtual service that says what reached it."""
        protocol = protocol or self.protocol
        self.shop.service(name, to(self.shop.application(name, protocol)), protocol=protocol)

    def full(self, service):
        """The name of the virtual service."""
        return self.shop.services[service][0]

    def anything(self, **match):
        """A match that takes every request that `match` takes."""
        return match if self.protocol == "grpc" else {"prefix": "/", **match}

    def route(self, name, service, match, target_port=None, priority=None, update=False, **rewrite):
        match = {"port": self.port, **match}
        target = {"virtualService": {"virtualServiceName": self.full(service)},
                  **({"port": target_port} if target_port else {})}
        action = {"target": target, **({"rewrite": rewrite} if rewrite else {})}
        kind = KINDS[self.listeners[match["port"]]]
        self.lab.gateway_route(EDGE, name, update=update, **{kind: {"match": match, "action": action}},
                               **({"priority": priority} if priority is not None else {}))

    def settle(self):
        for proxy in self.proxies.values():
            proxy.wait_live()
        self.lab.settle()
        for self.shop.client in self.proxies.values():
            self.shop.wait_resolved()

    def ask(self, path=None, envoy="newest", port=None, host="www.example.com", **how):
        """The answer to somebody outside."""
        paths = {"path": path} if path is not None else {}
        return ASK[self.listeners[port or self.port]](self.outside, host, port or self.port,
                                                      address=self.proxies[envoy].host.address4, **paths, **how)

    def seen(self, path, **how):
        """Who was asked for what: (application, path, host)."""
        answer = self.ask(path, **how)
        if "x-application" not in answer.headers:
            return answer.by
        return answer.by, answer.json["path"], answer.json["headers"]["host"]
