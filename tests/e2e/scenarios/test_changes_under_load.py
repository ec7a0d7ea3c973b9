"""500 requests a second of every protocol, a random valid change each second, and no failed request. CHANGES says how many
changes, CHANGES_SEED which."""
import contextlib
import os
import random
import time

from demo.waiting import wait_until
from support.certificates import Authority
from support.changes import EVERYTHING, GATEWAY_PORTS, HEADERS, PATHS, PORTS, SECURE_PORT, Changes
from support.keeping import keeping_logs
from support.lab import Lab
from support.namespaces import HUB4, VIRTUAL4
from support.steady_load import Applications, SteadyLoad
from support.versions import ENVOYS

COUNT = int(os.environ.get("CHANGES", "15"))
SEED = int(os.environ.get("CHANGES_SEED", "1"))
# So many changes make each of them at least once.
EACH_ONCE = 100
# Requests a second from within the mesh, and from outside.
INSIDE = {"http": 100, "http2": 75, "grpc": 75, "tcp": 50, "secure": 50}
OUTSIDE = {"http": 75, "http2": 50, "grpc": 25}
RATE = sum(INSIDE.values()) + sum(OUTSIDE.values())
assert RATE == 500
# How late names are answered: a change must not depend on a DNS server that is near.
DNS_SECONDS = 0.2


def flow(label, kind, address, port, name, rate):
    return {"label": label, "kind": kind, "address": address, "port": port, "name": name, "rate": rate,
            "path": PATHS[kind], "headers": HEADERS}


def flows_inside():
    return [flow(label, "http" if label == "secure" else label, VIRTUAL4, {**PORTS, "secure": SECURE_PORT}[label],
                 f"{label}.lab", rate) for label, rate in INSIDE.items()]


def flows_outside(gateway):
    return [flow(label, label, gateway.host.address4, GATEWAY_PORTS[label], "www.example.com", rate)
            for label, rate in OUTSIDE.items()]


def wait_answers(host, flows):
    """Until each flow has answers and no failure: names are resolved then."""

    def all_answer():
        load = SteadyLoad(host, [{**one, "rate": 10} for one in flows])
        try:
            wait_until(lambda: all(one["answers"] or one["failed"] for one in load.report().values()), 30, "answers")
            return not any(one["failed"] for one in load.finish().flows.values())
        finally:
            load.close()

    wait_until(all_answer, 60, "an answer to each flow")


class Bench:
    """The mesh with its four proxies and all applications."""

    def __init__(self, lab):
        self.lab = lab
        hub = lab.closing(Applications(lab.network.hub, HUB4, [f"application-{number}" for number in range(3)]))
        authority = Authority(lab.directory / "certificates")
        self.changes = Changes(lab, random.Random(SEED), hub.ports, authority)
        # Each version has each place, in every second run.
        one, other = ENVOYS if SEED % 2 else reversed(ENVOYS)
        self.client, self.server = lab.sidecar("client", envoy=one), lab.sidecar("server", list(PORTS.values()), other)
        self.gateway, self.secure = lab.gateway("edge", other), lab.sidecar("secure", [SECURE_PORT], one)
        self.proxies = [self.server, self.secure, self.client, self.gateway]
        lab.closing(Applications(self.server.host, "127.0.0.1", dict.fromkeys(PORTS.values(), "server")))
        lab.closing(Applications(self.secure.host, "127.0.0.1", {SECURE_PORT: "secure"}))
        for name in ("hub.lab", "server.lab", "secure.lab"):
            lab.dns.delay(name, DNS_SECONDS)
        self.outside = lab.network.host("outside")
        for proxy in self.proxies:
            proxy.wait_live()

    @contextlib.contextmanager
    def loaded(self):
        """Both loads, while requests go."""
        ways = [(self.client.host, flows_inside()), (self.outside, flows_outside(self.gateway))]
        for host, flows in ways:
            wait_answers(host, flows)
        loads = [self.lab.closing(SteadyLoad(host, flows)) for host, flows in ways]
        yield loads
        for load in loads:
            load.finish()


def make_changes(bench):
    """At the pace that the test is about, whether the one before has arrived or not."""
    began = time.monotonic()
    for number in range(COUNT):
        time.sleep(max(0.0, began + number - time.monotonic()))
        print(f"{time.monotonic() - began:.1f} s: {bench.changes.step()}", flush=True)
    bench.lab.settle()


def test_no_request_fails(request):
    with keeping_logs(request, Lab()) as lab:
        bench = Bench(lab)
        with bench.loaded() as loads:
            make_changes(bench)
        print(f"seed {SEED}: {sum(load.rate for load in loads):.1f} requests/s, {dict(bench.changes.made)}")
        for load in loads:
            print({label: (one["sent"], one["latest"]) for label, one in load.flows.items()})
            load.assert_no_failure()
        for proxy in bench.proxies:
            bad = proxy.stats(r"no_cluster$|update_rejected$|dynamic_unknown_fields$")
            assert not any(bad.values()), (proxy.resource, bad)
        assert {row["id"] for row in lab.control.proxies()} == {proxy.resource for proxy in bench.proxies}
        if COUNT >= EACH_ONCE:
            assert sum(load.rate for load in loads) > 0.99 * RATE
            assert not EVERYTHING - set(bench.changes.made)
