"""outlierDetection: a host that goes on answering with 5xx gets no traffic for a while. Each client's proxy counts by
itself."""
import pytest

from demo.waiting import wait_until
from support.applications import RESET
from support.replicas import http_replicas
from support.shop import to
from support.versions import both_envoys

ERRORS = 3  # in a row


def ms(value):
    return {"unit": "ms", "value": value}


HOUR = {"unit": "s", "value": 3600}
USUAL = {"maxServerErrors": ERRORS, "interval": ms(100), "baseEjectionDuration": HOUR, "maxEjectionPercent": 100}
# What the services of these names have in place of that.
DETECTIONS = {
    "usual": {},
    "brief": {"baseEjectionDuration": ms(2500)},
    "often": {"baseEjectionDuration": ms(1)},
    "rarely": {"baseEjectionDuration": ms(1), "interval": HOUR},
    "resets": {},
    "all": {},
    "panic": {},
    "one-percent": {"maxEjectionPercent": 1},
    "none": None,
}


@pytest.fixture(scope="module")
def hosts(lab):
    """Four: when two are ejected half are left, which is enough for an Envoy to leave the others alone."""
    return http_replicas(lab, "host", 4)


@pytest.fixture(scope="module")
def nodes(shared_shop, hosts):
    """A service for each outlier detection, all of the same hosts, and the name of its node."""
    made = {}
    for name, detection in DETECTIONS.items():
        outliers = {} if detection is None else {"outlierDetection": {**USUAL, **detection}}
        mapping = {"port": hosts[0].port, "protocol": "http"}
        made[name] = shared_shop.lab.node(name, listeners=[{"portMapping": mapping, **outliers}], serviceDiscovery={
            "dns": {"hostname": "host.lab", "responseType": "ENDPOINTS"}})
        shared_shop.service(name, to(name))
    shared_shop.settle()
    return made


class Watched:
    """A service as one client has it."""

    def __init__(self, shop, node, hosts):
        self._shop, self._node, self.hosts = shop, node, hosts
        self._cluster = f"cluster.cds_egress_lab_{node}_http_{hosts[0].port}"
        wait_until(lambda: self.stat("membership_healthy") == len(hosts), 30, "all addresses")

    def stat(self, name):
        return self._shop.client.stats(rf"^{self._cluster}\.{name}$").get(f"{self._cluster}.{name}")

    def outliers(self, name):
        return self.stat(f"outlier_detection.{name}")

    def fail(self, host, times, failure=500):
        """The host answers with 500 so often, in turn with the others, and with 200 again."""
        host.will_answer(*[failure] * times, 200)
        wait_until(lambda: self._shop.get(self._node) and host.attempts >= times, 30, "the errors")

    def eject(self, host, failure=500):
        before = self.outliers("ejections_enforced_total")
        self.fail(host, ERRORS, failure)
        wait_until(lambda: self.outliers("ejections_enforced_total") == before + 1, 30, "an ejection")

    def asks(self, hosts):
        """Whether three rounds of requests reach these hosts, and no other."""
        return set(self._shop.count(self._node, 3 * len(self.hosts))) == {host.name for host in hosts}

    def wait_asks(self, hosts):
        """An Envoy tells its workers within a second of the change before."""
        wait_until(lambda: self.asks(hosts), 20, "requests to these hosts")


@pytest.fixture
def watched(shared_shop, nodes, hosts, clients, envoy):
    shared_shop.client = clients[envoy]
    for host in hosts:
        host.will_answer(200)
    return lambda name: Watched(shared_shop, nodes[name], hosts)


@pytest.mark.field("VirtualNodeSpec.listeners[].outlierDetection.maxServerErrors")
@both_envoys
def test_max_server_errors_in_a_row_eject_a_host(watched, hosts):
    service = watched("usual")
    service.fail(hosts[0], ERRORS - 1)
    assert service.asks(hosts) and service.outliers("ejections_enforced_total") == 0
    service.eject(hosts[0])
    service.wait_asks(hosts[1:])
    assert service.outliers("ejections_enforced_consecutive_5xx") == service.outliers("ejections_active") == 1


@both_envoys
def test_a_reset_is_a_server_error(watched, hosts):
    """Its request is tried again elsewhere, by the retry policy of a route without one."""
    service = watched("resets")
    service.eject(hosts[0], RESET)
    service.wait_asks(hosts[1:])


@both_envoys
def test_without_outlier_detection_a_host_may_fail(watched, hosts):
    service = watched("none")
    service.fail(hosts[0], 3 * ERRORS)
    assert service.asks(hosts) and service.outliers("ejections_active") is None


@pytest.mark.field("VirtualNodeSpec.listeners[].outlierDetection.baseEjectionDuration")
@both_envoys
def test_a_host_returns_after_the_base_ejection_duration(watched, hosts):
    service = watched("brief")
    service.eject(hosts[0])
    wait_until(lambda: service.outliers("ejections_active") == 0, 20, "the end of the ejection")
    service.wait_asks(hosts)


@pytest.mark.field("VirtualNodeSpec.listeners[].outlierDetection.interval")
@both_envoys
def test_who_may_return_is_looked_up_once_an_interval(watched, hosts):
    rarely, often = watched("rarely"), watched("often")
    rarely.eject(hosts[0])
    rarely.wait_asks(hosts[1:])
    often.eject(hosts[0])
    often.wait_asks(hosts)
    assert rarely.asks(hosts[1:])


@pytest.mark.field("VirtualNodeSpec.listeners[].outlierDetection.maxEjectionPercent")
@both_envoys
def test_no_more_than_the_percentage_is_ejected_but_one_host(watched, hosts):
    """An Envoy of today ejects none where the percentage is less than one host, unless it is told to."""
    both, only_one = watched("all"), watched("one-percent")
    for service in (both, only_one):
        service.eject(hosts[0])
    both.eject(hosts[1])
    only_one.fail(hosts[1], ERRORS)
    wait_until(lambda: only_one.outliers("ejections_overflow") == 1, 30, "the refusal")
    both.wait_asks(hosts[2:])
    assert only_one.asks(hosts[1:]) and only_one.outliers("ejections_active") == 1


@both_envoys
def test_when_more_than_half_are_ejected_all_get_traffic(watched, hosts):
    """Envoy's panic: too few hosts might not bear it all."""
    service = watched("panic")
    for host in hosts[:3]:
        service.eject(host)
    service.wait_asks(hosts)
    assert service.outliers("ejections_active") == 3 and service.stat("lb_healthy_panic") > 0
