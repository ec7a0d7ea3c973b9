"""healthCheck: each client's proxy asks each host; who fails gets no traffic until it is well again. The API takes an
interval of five seconds and thresholds of two at the least, so all services of this module fail and recover together."""
import botocore.exceptions
import pytest

from demo.waiting import wait_until
from support import http2, requests
from support.applications import HOLD
from support.grpc_application import GrpcClient
from support.replicas import hosts

PORTS = {"http": 8080, "http2": 8082, "grpc": 8083, "tcp": 9000}
SOUND, FAILING = "sound", "failing"
BOTH = {SOUND, FAILING}
PING = {"protocol": "http", "path": "/ping"}
LEAST = {"intervalMillis": 5000, "timeoutMillis": 2000, "unhealthyThreshold": 2, "healthyThreshold": 2}
# The services, by name: the protocol of the listener, and its health check beyond these or none.
CHECKS = {
    "http": ("http", {**PING, "port": PORTS["http"]}),
    "http2": ("http2", {"protocol": "http2", "path": "/ping"}),
    "grpc": ("grpc", {"protocol": "grpc"}),
    "tcp": ("tcp", {"protocol": "tcp"}),
    "unchecked": ("http", None),
    # As `http` but for one member:
    "other-protocol": ("http", {"protocol": "tcp"}),
    "other-path": ("http", {"protocol": "http", "path": "/"}),
    "long-timeout": ("http", {**PING, "timeoutMillis": 60000}),
    "long-interval": ("http", {**PING, "intervalMillis": 300000}),
    "patient": ("http", {**PING, "unhealthyThreshold": 10}),
    "suspicious": ("http", {**PING, "healthyThreshold": 10}),
}
OF_EACH_PROTOCOL = list(PORTS)
REMOVED = [*OF_EACH_PROTOCOL, "suspicious"]
GATEWAY_PORT = 8088


def spec(protocol, check):
    """Of a node on both hosts."""
    listener = {"portMapping": {"port": PORTS[protocol], "protocol": protocol},
                **({"healthCheck": {**LEAST, **check}} if check else {})}
    return {"listeners": [listener], "serviceDiscovery": {"dns": {"hostname": "pair.lab", "responseType": "ENDPOINTS"}}}


class Applications:
    """Those of a host, one for each protocol."""

    def __init__(self, lab, name, host):
        self._lab, self._name, self._host = lab, name, host
        self.http, self._http2, self._grpc, self._tcp = map(self._made, PORTS)

    def _made(self, protocol):
        return self._lab.serve(protocol, self._name, self._host, self._host.address4, PORTS[protocol])

    def fail(self):
        """Each in the way of its protocol; what is asked for besides is answered."""
        self.http.will_answer(HOLD, path="/ping")
        self._http2.will_answer(500, path="/ping")
        self._grpc.set_serving(False)
        self._tcp.close()

    def recover(self):
        for application in (self.http, self._http2):
            application.will_answer(200, path="/ping")
        self._grpc.set_serving(True)
        self._tcp = self._made("tcp")


class Client:
    """A proxy, and who answers to it."""

    def __init__(self, shop, proxy):
        self._shop, self._host, self._stats = shop, proxy.host, proxy.stats
        self._caller = shop.lab.closing(GrpcClient(proxy.host))

    def stat(self, service, name):
        protocol, _ = CHECKS[service]
        cluster = f"cluster.cds_egress_lab_{service}_{protocol}_{PORTS[protocol]}"
        return self._stats(rf"^{cluster}\.{name}$").get(f"{cluster}.{name}")

    def answers(self, service):
        """Who answers four calls one after another."""
        full, port = self._shop.services[service]
        return {getattr(self, CHECKS[service][0])(full, port) for _ in range(4)}

    def http(self, name, port):
        return requests.ask(self._host, name, port).by

    def http2(self, name, port):
        return http2.ask(self._host, name, port).by

    def grpc(self, name, port):
        return self._caller.call(name, port, "/shop.Books/Get").get("answer")

    def tcp(self, _, port):
        with requests.connect(self._host, port) as connection:
            return requests.receive(connection).decode().strip().removeprefix("hello from ")


class Gateway:
    """A gateway in place of a client. It has the service `http` alone, and a health check of its own."""

    def __init__(self, lab, shop):
        listener = {"portMapping": {"port": GATEWAY_PORT, "protocol": "http"}, "healthCheck": {
            **LEAST, "protocol": "http", "path": "/of-the-gateway"}}
        lab.virtual_gateway("edge", listeners=[listener])
        lab.gateway_route("edge", "all", httpRoute={"match": {"prefix": "/"}, "action": {"target": {
            "virtualService": {"virtualServiceName": shop.services["http"][0]}}}})
        self._outside = lab.network.host("outside")
        self._address = lab.gateway("edge").wait_live().host.address4

    def answers(self):
        return {requests.ask(self._outside, "shop.example", GATEWAY_PORT, address=self._address).by for _ in range(4)}


class Bench:
    def __init__(self, lab, shop, proxies):
        self.lab = lab
        self.sound, self.failing = (Applications(lab, name, host)
                                    for name, host in zip((SOUND, FAILING), hosts(lab, "pair", 2)))
        for name, (protocol, _) in CHECKS.items():
            lab.node(name, **spec(protocol, None))
            shop.provide(name, port=PORTS[protocol], virtualNode=name)
        lab.set_client()
        self.gateway = Gateway(lab, shop)
        self.clients = [Client(shop, proxy) for proxy in proxies]
        lab.settle()
        # An Envoy asks once a minute, whatever the interval, until the cluster has had a connection.
        self.wait(CHECKS, BOTH)
        for name, (protocol, check) in CHECKS.items():
            lab.node(name, update=True, **spec(protocol, check))
        lab.settle()
        self.wait(CHECKS, BOTH)

    def wait(self, services, answers):
        """Returns when it is they who answer to all clients and to the gateway."""
        for service in services:
            for client in self.clients:
                wait_until(lambda: client.answers(service) == answers, 60, f"answers of {service}")
        if "http" in services:
            wait_until(lambda: self.gateway.answers() == answers, 60, "answers at the gateway")

    def answers(self):
        """Who answers, by service, to each of the clients."""
        return {service: [client.answers(service) for client in self.clients] for service in CHECKS}

    def counted(self, service, name):
        return [client.stat(service, f"health_check.{name}") for client in self.clients]


class Seen:
    """What came of it while one host failed, and when it had recovered."""

    def __init__(self, bench):
        self.bench = bench
        bench.failing.fail()
        bench.wait(REMOVED, {SOUND})
        wait_until(lambda: min(bench.counted("patient", "failure")) >= 2, 60, "failed checks")
        self.failed = bench.answers()
        self.attempts = {service: bench.counted(service, "attempt") for service in CHECKS}
        succeeded = bench.counted("suspicious", "success")
        bench.failing.recover()
        bench.wait(OF_EACH_PROTOCOL, BOTH)
        # As often as `http` was asked, by each client on each host.
        wait_until(lambda: all(now >= before + 4 for before, now in zip(succeeded, bench.counted("suspicious", "success"))), 60,
                   "checks that succeed")
        self.recovered = bench.answers()


@pytest.fixture(scope="module")
def seen(lab, shared_shop, clients):
    return Seen(Bench(lab, shared_shop, clients.values()))


ALL, ONE = [BOTH, BOTH], [{SOUND}, {SOUND}]  # of the two clients


@pytest.mark.field("VirtualNodeSpec.listeners[].healthCheck.protocol")
@pytest.mark.parametrize("protocol", OF_EACH_PROTOCOL)
def test_a_failing_host_is_removed_and_restored(seen, protocol):
    assert (seen.failed[protocol], seen.recovered[protocol]) == (ONE, ALL)


def test_a_host_that_is_not_checked_or_answers_otherwise_keeps_its_traffic(seen):
    assert seen.failed["unchecked"] == seen.failed["other-protocol"] == ALL


@pytest.mark.field("VirtualNodeSpec.listeners[].healthCheck.path")
def test_it_asks_for_the_path(seen):
    assert seen.failed["other-path"] == ALL
    checks = [request for request in seen.bench.sound.http.requests if request.headers.get("user-agent") == "Envoy/HC"]
    assert {request.path for request in checks} == {"/ping", "/"}


@pytest.mark.field("VirtualNodeSpec.listeners[].healthCheck.port")
def test_its_port_is_that_of_the_listener(seen):
    """`http` names it, and is asked there; another is refused, as it was by App Mesh."""
    assert CHECKS["http"][1]["port"] == PORTS["http"] and seen.failed["http"] == ONE
    with pytest.raises(botocore.exceptions.ClientError, match="BadRequest.*port"):
        seen.bench.lab.node("elsewhere", **spec("http", {**PING, "port": PORTS["http"] + 1}))


@pytest.mark.field("VirtualNodeSpec.listeners[].healthCheck.timeoutMillis")
def test_a_check_may_last_as_long_as_its_timeout(seen):
    """While the application keeps it waiting."""
    assert seen.failed["long-timeout"] == ALL


@pytest.mark.field("VirtualNodeSpec.listeners[].healthCheck.intervalMillis")
def test_it_asks_once_an_interval(seen):
    assert seen.failed["long-interval"] == ALL
    assert seen.attempts["long-interval"] == [2, 2]  # each host once
    assert min(seen.attempts["http"]) >= 4


@pytest.mark.field("VirtualNodeSpec.listeners[].healthCheck.unhealthyThreshold")
def test_fewer_failures_than_the_threshold_remove_nobody(seen):
    assert seen.failed["patient"] == ALL


@pytest.mark.field("VirtualNodeSpec.listeners[].healthCheck.healthyThreshold")
def test_fewer_successes_than_the_threshold_restore_nobody(seen):
    assert (seen.failed["suspicious"], seen.recovered["suspicious"]) == (ONE, ONE)


def test_a_gateway_is_not_checked(seen):
    """Nobody's cluster leads to it."""
    assert "/of-the-gateway" not in {request.path for request in seen.bench.sound.http.requests}
