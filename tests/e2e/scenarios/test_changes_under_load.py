"""500 requests a second, a random valid change each second, and no failed request. CHANGES says how many changes,
CHANGES_SEED which."""
import os
import random
import time

from demo import load
from demo.waiting import wait_until
from support.changes import GATEWAY_PORT, Changes
from support.keeping import keeping_logs
from support.lab import HTTP_PORT, MESH, Lab
from support.namespaces import VIRTUAL4

COUNT = int(os.environ.get("CHANGES", "15"))
SEED = int(os.environ.get("CHANGES_SEED", "1"))
RATE = 500


def ways_in(lab, client, gateway):
    """(host, address, name) of a call from the mesh and of one from outside."""
    return [(client.host, f"{VIRTUAL4}:{HTTP_PORT}", "stable.lab"),
            (lab.network.host("outside"), f"{gateway.host.address4}:{GATEWAY_PORT}", "www.example.com")]


def loads(ways):
    """The load, half of it each way: on two paths, with and without what a match may ask for."""
    made = []
    for host, address, name in ways:
        for path, headers in [("/a?q=1", {"x-load": "yes"}), ("/b", {})]:
            with host.inside():  # where its threads and their sockets are then
                made.append(load.Load(address, name, path, headers, rate=RATE / 4, connections=3).start())
    return made


def test_no_request_fails(request):
    with keeping_logs(request, Lab()) as lab:
        applications = [lab.http_application(f"application-{number}") for number in range(3)]
        changes = Changes(lab, random.Random(SEED), applications)
        server, client, gateway = lab.sidecar("server", [HTTP_PORT]), lab.sidecar("client"), lab.gateway("edge")
        lab.http_application("server", server.host, port=HTTP_PORT)
        proxies = [proxy.wait_live() for proxy in (server, client, gateway)]
        ways = ways_in(lab, client, gateway)
        wait_answers(ways)
        running = loads(ways)
        for number in range(COUNT):
            began = time.monotonic()
            print(f"{number}: {changes.step()}")
            lab.settle()
            time.sleep(max(0.0, began + 1 - time.monotonic()))  # the pace that the test is about
        for each in running:
            each.stop()
        print(f"seed {SEED}: {changes.made}, {[each.total for each in running]} requests")
        for each in running:
            each.assert_no_failure()
        for proxy in proxies:
            bad = proxy.stats(r"no_cluster$|update_rejected$|dynamic_unknown_fields$")
            assert not any(bad.values()), (proxy.resource, bad)
        assert {row["id"] for row in lab.control.proxies()} == {proxy.resource for proxy in proxies}, MESH


def wait_answers(ways):
    for host, address, name in ways:
        with host.inside():
            wait_until(lambda way=(address, name): load.get(*way)[0] == 200, 30, f"an answer from {name}")
