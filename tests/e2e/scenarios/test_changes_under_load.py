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


def loads(lab, client, gateway):
    """The load, half of it from a client of the mesh and half through the gateway: on two paths each, with and without
    what a match may ask for."""
    outside = lab.network.host("outside")
    made = []
    for host, address, name in [(client.host, f"{VIRTUAL4}:{HTTP_PORT}", "stable.lab"),
                                (outside, f"{gateway.host.address4}:{GATEWAY_PORT}", "www.example.com")]:
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
        wait_answers(client, gateway)
        running = loads(lab, client, gateway)
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


def wait_answers(client, gateway):
    def answers():
        with client.host.inside():
            return (load.get(f"{VIRTUAL4}:{HTTP_PORT}", "stable.lab")[0] == 200
                    and load.get(f"{gateway.host.address4}:{GATEWAY_PORT}")[0] == 200)

    wait_until(answers, 30, "answers both ways in")
