"""`make run`: a control plane, a mesh, four real Envoys, traffic, and what it measured.

With --check it asserts what it measured and ends; otherwise it keeps running until Ctrl-C.
"""
import argparse
import json
import shlex
import signal
import subprocess
import sys
import time

from demo import mesh
from demo.waiting import wait_until
from demo.world import PORT, ROOT, Watches, World

SPLIT_REQUESTS = 2000
CANARY_REQUESTS = 300
SPLIT_TOLERANCE = 2.5  # percent
STATUS_SECONDS = 10


class Checks:
    """What was expected and is not so."""

    def __init__(self):
        self.broken = []

    def expect(self, holds, text):
        if not holds:
            self.broken.append(text)
            print(f"  FAILED: {text}")


def say(text=""):
    print(text, flush=True)


def percent(count, total):
    return 100.0 * count / total if total else 0.0


def measure_split(watches, checks):
    traffic = watches.client_load(rate=1000, connections=8, limit=SPLIT_REQUESTS).start().join()
    versions, share = traffic.counts(), percent(traffic.versions["v1"], traffic.total)
    say(f"  {traffic.total} requests of the website to search.watches: "
        f"{versions['v1']} by v1 ({share:.1f} %), {versions['v2']} by v2, {traffic.failed} failed")
    checks.expect(traffic.failed == 0, f"{traffic.failed} requests failed: {traffic.failures[:3]}")
    checks.expect(abs(share - 90) <= SPLIT_TOLERANCE, f"v1 got {share:.2f} %, not 90 ± {SPLIT_TOLERANCE} %")


def measure_canary(watches, checks):
    for way, make in (("of the website", watches.client_load), ("through the gateway", watches.gateway_load)):
        traffic = make(headers={"x-canary": "true"}, rate=500, limit=CANARY_REQUESTS).start().join()
        say(f"  {traffic.total} requests {way} with x-canary: true: "
            f"{traffic.versions['v2']} by v2, {traffic.failed} failed")
        checks.expect(traffic.versions["v2"] == CANARY_REQUESTS,
                      f"canary requests {way}: {traffic.counts()} {traffic.failures[:3]}")


def change_weights(watches, weights, checks):
    """One change, and the time from the API's answer to the last proxy's ACK."""
    world = watches.world
    txn = mesh.set_split(world.client, **weights)
    began = time.monotonic()
    state = world.control.wait_live("watches", txn)
    millis = 1000 * (time.monotonic() - began)
    shown = "/".join(str(weight) for weight in weights.values())
    say(f"  weights {shown}: transaction {txn} acknowledged by {state['acknowledged']} proxies "
        f"{millis:.0f} ms after the API's 200")
    checks.expect(state["rejected"] == 0, f"weights {shown}: {state}")
    checks.expect(state["acknowledged"] > 0, f"weights {shown} reached no proxy: {state}")


def settle(traffic):
    """Returns when requests that were under way are done."""
    enough = traffic.total + 2 * traffic.connections
    wait_until(lambda: traffic.total >= enough, 30, "answers under the new weights")


def measure_changes(watches, checks):
    with watches.client_load(rate=300) as inside, watches.gateway_load(rate=150) as outside:
        for weights in ({"search": 50, "fastersearch": 50}, {"search": 0, "fastersearch": 100}):
            change_weights(watches, weights, checks)
            settle(inside)
            before = inside.counts()
            time.sleep(2)  # traffic under the new weights
            during = inside.counts() - before
            share = percent(during["v1"], during.total())
            say(f"    then {share:.1f} % by v1 ({during.total()} requests)")
            checks.expect(weights["search"] or during["v1"] == 0, f"v1 answered {during['v1']} requests at weight 0")
    for name, traffic in (("website", inside), ("gateway", outside)):
        say(f"  under that load, {name}: {traffic.total} requests, {traffic.failed} failed")
        checks.expect(traffic.failed == 0, f"{traffic.failed} requests failed: {traffic.failures[:3]}")


def aws_command(watches, weights):
    """The AWS CLI call that changes the weights; complete, to be pasted into a shell."""
    return " ".join([
        f"AWS_PAGER= AWS_ACCESS_KEY_ID={watches.world.key['AccessKeyId']}",
        f"AWS_SECRET_ACCESS_KEY={watches.world.key['SecretAccessKey']}", f"AWS_DEFAULT_REGION={mesh.REGION}",
        shlex.quote(str((ROOT / "build/env/client/bin/aws"))), "appmesh update-route", "--endpoint-url",
        watches.world.control.endpoint_url, "--mesh-name watches --virtual-router-name search --route-name split",
        "--spec", shlex.quote(json.dumps(mesh.split_spec(**weights)))
    ])


def check_command_line(watches, checks):
    command = aws_command(watches, {"search": 90, "fastersearch": 10})
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=120)
    checks.expect(done.returncode == 0, f"the AWS CLI: {done.stderr.strip()}")
    if done.returncode == 0:
        say(f"  the AWS CLI set the weights back to {json.loads(done.stdout)['route']['spec']['httpRoute']['action']}")


def show_next_steps(watches):
    world = watches.world
    say(f"""
Try it:
  # through the gateway, and to the new version
  curl http://{watches.gateway_address}/search
  curl -H 'x-canary: true' http://{watches.gateway_address}/search
  # the website, which asks search.watches
  curl http://{watches.website.ingress}:{PORT}/
  # which proxy has what, and what the website's Envoy got
  curl http://{world.control.admin}/proxies
  curl http://{watches.website.admin}/config_dump
  # half of the traffic to each version, with the AWS CLI
  {aws_command(watches, {'search': 50, 'fastersearch': 50})}

Logs: {world.directory}
Ctrl-C stops everything and removes this mesh, its data and its logs.""")


def keep_running(watches):
    """Light traffic through the gateway; says who answered."""
    with watches.gateway_load(rate=20, connections=2) as traffic:
        before = traffic.counts()
        while True:
            time.sleep(STATUS_SECONDS)
            now = traffic.counts()
            during, before = now - before, now
            shares = ", ".join(f"{percent(during[v], during.total()):.0f} % {v}" for v in sorted(during))
            say(f"  last {STATUS_SECONDS} s through the gateway: {during.total()} requests, {shares}; "
                f"failed since the start: {traffic.failed}")


def demonstrate(watches, checks):
    say("90/10, and a canary header:")
    measure_split(watches, checks)
    measure_canary(watches, checks)
    say("Weights changed under load:")
    measure_changes(watches, checks)
    check_command_line(watches, checks)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="assert what was measured, and end")
    arguments = parser.parse_args()
    # Also when a script started us in the background, where a shell has SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    checks = Checks()
    began = time.monotonic()
    # Open, so that the line for trying is a plain one, with any key.
    with World(is_open=True) as world:
        control = world.control
        say(f"Control plane: API {control.endpoint_url}, xDS {control.xds}, admin http://{control.admin}")
        watches = Watches(world).wait_answering()
        say(f"Mesh watches: {len(watches.proxies)} Envoys live after {time.monotonic() - began:.1f} s")
        demonstrate(watches, checks)
        if not arguments.check:
            show_next_steps(watches)
            keep_running(watches)
    say(f"{len(checks.broken)} checks failed" if checks.broken else "All checks passed.")
    return 1 if checks.broken else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        say("\nStopped.")
        sys.exit(0)
