"""Measures what stats tags cost a proxy at its start: the CPU time of an Envoy from exec until it is live with 100 clusters
whose names are as long as the API allows, with the tags of our bootstrap and without. And, to see what it was about,
with the patterns of the App Mesh image at names of everyday length. Processor time is the process's own, so that other
load on the machine shows little; the ratio is what counts.

    make bench                              also this, into build/bench/proxy_start.json
    PYTHONPATH=tools:. build/env/bench/bin/python -m bench.proxy_start --rounds 1 --backends 5 --no-old
"""
import argparse
import contextlib
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from bench import machine, mesh
from demo import load
from demo.addresses import Subnet
from demo.control_plane import ControlPlane
from demo.processes import Child
from demo.proxies import ADMIN_PORT, find_envoy
from demo.waiting import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[1]
# Two targets behind each backend, and no more backends than a virtual node may have.
BACKENDS = 50
LONGEST = 255
# Of the acceptance: the start costs less than this many times the CPU without tags.
AIM_RATIO = 1.5
# As the App Mesh image's bootstrap has them (contract/envoy.md §1.5).
OLD_TAGS = [
    {"tag_name": "appmesh.listener_protocol", "regex": r".*?\.ingress\.((\w+?)\.)[0-9]+?\.(.+?)$"},
    {"tag_name": "appmesh.listener_port", "regex": r".*?\.ingress\.\w+?\.(([0-9]+?)\.)(.+?)$"},
    {"tag_name": "envoy_rds_route_config", "regex": r".*?\.ingress\.\w+?\.[0-9]+?\.rds\.((.*?)\.)(.+?)$"},
]


def name_of(kind, number, length):
    """A name of `length` characters; a virtual service's has dots, as a host name has."""
    head = f"{kind}-{number:03}-"
    name = head + "n" * (length - len(head))
    return name[:63] + "." + name[64:] if kind == "service" and length > 64 else name


def fill(client, mesh_name, backends, length):
    """A mesh in which the node `client` has `backends`, each split over two nodes; all names have `length` characters."""
    client.create_mesh(meshName=mesh_name)
    listener = {"portMapping": {"port": 8080, "protocol": "http"}}
    for node in range(2 * backends):
        client.create_virtual_node(meshName=mesh_name, virtualNodeName=name_of("node", node, length), spec={
            "listeners": [listener], "serviceDiscovery": {"dns": {"hostname": f"node-{node:03}.invalid"}}})
    names = []
    for backend in range(backends):
        router, service = name_of("router", backend, length), name_of("service", backend, length)
        targets = [{"virtualNode": name_of("node", 2 * backend + part, length), "weight": 1} for part in range(2)]
        client.create_virtual_router(meshName=mesh_name, virtualRouterName=router, spec={"listeners": [listener]})
        client.create_route(meshName=mesh_name, virtualRouterName=router, routeName=name_of("route", backend, length),
                            spec={"httpRoute": {"match": {"prefix": "/"}, "action": {"weightedTargets": targets}}})
        client.create_virtual_service(meshName=mesh_name, virtualServiceName=service,
                                      spec={"provider": {"virtualRouter": {"virtualRouterName": router}}})
        names.append(service)
    client.create_virtual_node(meshName=mesh_name, virtualNodeName="client", spec={
        "listeners": [listener], "serviceDiscovery": {"dns": {"hostname": "client.invalid"}},
        "backends": [{"virtualService": {"virtualServiceName": name}} for name in names]})


def bootstrap(binary, control, subnet, mesh_name, tags):
    """A bootstrap of the node `client`: with our tags, the image's, or none."""
    address = subnet.address()
    made = json.loads(subprocess.run([
        binary, "bootstrap", "--resource-arn", f"mesh/{mesh_name}/virtualNode/client", "--xds", control.xds, "--admin",
        f"{address}:{ADMIN_PORT}", "--admin-access-log", "/dev/null", "--dns-resolver", f"{address}:53", "--bind-ingress",
        address, "--bind-egress", subnet.address()], check=True, stdout=subprocess.PIPE).stdout)
    if tags == "none":
        del made["stats_config"]
    elif tags == "old":
        made["stats_config"]["stats_tags"] = OLD_TAGS
    return made, f"{address}:{ADMIN_PORT}"


def cpu_seconds(pid):
    """Of all threads of a process so far."""
    return time.clock_gettime((~pid << 3) | 2)


def clusters_of(admin):
    """How many clusters it has in force; 0 while it is not live."""
    if load.get(admin, path="/ready")[0] != 200:
        return 0
    rows = load.get(admin, path="/stats?format=json&filter=cluster_manager.active_clusters")[1]["stats"]
    return next((row["value"] for row in rows if row.get("name") == "cluster_manager.active_clusters"), 0)


def start_cost(envoy, made, admin, clusters, directory):
    """Seconds of CPU until it is live with that many clusters."""
    path = directory / "envoy.json"
    path.write_text(json.dumps(made), encoding="utf-8")
    child = Child("envoy", [envoy, "-c", path, "--concurrency", "1", "--disable-hot-restart", "-l", "error"],
                  directory / "envoy.log")
    try:
        wait_until(lambda: child.assert_running() or clusters_of(admin) >= clusters, 300, "Envoy live", interval=0.05)
        return cpu_seconds(child.pid)
    finally:
        child.kill()


def measure(envoy, binary, control, subnet, directory, case, rounds):
    """The medians of a case {mesh, clusters, tags: [...]}, by kind of tags; the kinds take turns."""
    kinds = {tags: bootstrap(binary, control, subnet, case["mesh"], tags) for tags in case["tags"]}
    seconds = {tags: [] for tags in kinds}
    for _ in range(rounds):
        for tags, (made, admin) in kinds.items():
            seconds[tags].append(start_cost(envoy, made, admin, case["clusters"], directory))
    return {tags: statistics.median(times) for tags, times in seconds.items()}


def cases(options):
    found = [{"mesh": name_of("mesh", 0, LONGEST), "length": LONGEST, "backends": options.backends,
              "tags": ["none", "ours"]}]
    if options.old:
        found.append({"mesh": "everyday", "length": 25, "backends": min(15, options.backends),
                      "tags": ["none", "ours", "old"]})
    for case in found:
        # Beside those behind the backends: the application's and that of *.amazonaws.com.
        case["clusters"] = 2 * case["backends"] + 2
    return found


def run(options, directory):
    report = {"machine": machine.facts(directory), "envoy": options.envoy, "rounds": options.rounds, "cases": []}
    binary, envoy = ROOT / "build" / "chancery", find_envoy(ROOT / "build" / "env" / f"envoy-{options.envoy}")
    with contextlib.ExitStack() as ends:
        subnet = Subnet()
        ends.callback(subnet.close)
        control = ControlPlane(binary, directory, subnet.address(), ["--insecure-no-auth"])
        ends.callback(control.stop)
        control.start()
        client = mesh.connect(control.api, ("any", "any"))
        for case in cases(options):
            fill(client, case["mesh"], case["backends"], case["length"])
            case["cpu_seconds"] = measure(envoy, binary, control, subnet, directory, case, options.rounds)
            case["ratio"] = case["cpu_seconds"]["ours"] / case["cpu_seconds"]["none"]
            report["cases"].append(case)
            print(f"  {case['clusters']:4} clusters, names of {case['length']:3}: "
                  + ", ".join(f"{tags} {seconds:.2f} s" for tags, seconds in case["cpu_seconds"].items())
                  + f"; with our tags {case['ratio']:.2f} times the CPU without", flush=True)
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backends", type=int, default=BACKENDS, help="half the number of clusters")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--envoy", choices=["newest", "oldest"], default="newest")
    parser.add_argument("--old", action=argparse.BooleanOptionalAction, default=True,
                        help="measure the App Mesh image's patterns too")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "build" / "bench" / "proxy_start.json")
    options = parser.parse_args()
    runs = ROOT / "build" / "run"
    runs.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=runs) as directory:
        report = run(options, pathlib.Path(directory))
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(f"start     {report['cases'][0]['ratio']:6.2f} times the CPU without tags (aim: below {AIM_RATIO})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
