"""Measures the API: throughput and latency of Describe, List and Update, signed and authorized, on SQLite
with full durability; next to the same calls against moto's server in the same run. A closed loop of keep-alive
connections from one thread on the same machine (bench/closed_loop.h), so figures hold for that machine alone.

    make bench                              all of it, into build/bench/api.json
    make bench ARGS='--seconds 1 --no-moto --connections 2'
"""
import argparse
import contextlib
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

from bench import machine, mesh, servers

ROOT = pathlib.Path(__file__).resolve().parents[1]
LOAD = ROOT / "build" / "release" / "bench" / "api_load"
MIXES = ("describe", "list", "update")
# The aims of issue 4: times moto's requests per second and p99 in ms for reads, durable updates per second.
AIM_RATIO, AIM_P99, AIM_UPDATES = 40, 10, 3000


def load(server, mix, connections, seconds):
    """One measurement; the line of api_load with the processors that the server kept busy."""
    before = server.cpu_seconds()
    command = [LOAD, "--address", server.address, "--mix", mix, "--connections", str(connections), "--seconds",
               str(seconds), "--updates", str(max(1000, int(seconds * 12_000))), "--region", mesh.REGION,
               "--access-key-id", server.key[0], "--secret", server.key[1]]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=seconds + 120)
    result = json.loads(done.stdout) if done.stdout else {"errors": 1, "first_error": done.stderr.strip()}
    if "seconds" in result:
        busy = server.cpu_seconds() - before
        result["server_cpus"] = busy / result["seconds"]
        # Depends least on what else the machine does.
        result["cpu_us_per_request"] = 1e6 * busy / result["requests"]
    return result


def median(runs):
    """The run of median throughput; one with an error, if there is any."""
    for run in runs:
        if run["errors"]:
            return run
    middle = statistics.median_low([run["requests_per_second"] for run in runs])
    return next(run for run in runs if run["requests_per_second"] == middle)


def measure(server, connections, seconds, rounds):
    """Every mix: {mix: result}."""
    results = {}
    for mix in MIXES:
        load(server, mix, connections, min(1, seconds))  # to warm up
        results[mix] = median([load(server, mix, connections, seconds) for _ in range(rounds)])
        print(f"  {row(server.name, mix, connections, results[mix])}", flush=True)
    return results


def row(name, mix, connections, result):
    if "requests_per_second" not in result:
        return f"{name:9} {mix:9} {connections:4} FAILED: {result['first_error']}"
    return (f"{name:9} {mix:9} {connections:4} {result['requests_per_second']:9.0f}/s"
            f" {result['p50_ms']:8.2f} {result['p99_ms']:8.2f} {result['max_ms']:8.2f}"
            f" {result['cpu_us_per_request']:8.0f} {result['server_cpus']:7.2f} {result['generator_cpus']:7.2f} {result['errors']:6}")


def ratios(report):
    """Chancery's requests per second over moto's best, whatever number of connections that was at."""
    ours, *_ = [run["results"] for run in report["runs"] if run["server"] == "chancery"]
    theirs = [run["results"] for run in report["runs"] if run["server"] == "moto"]
    found = {}
    for mix in MIXES:
        speeds = [results[mix]["requests_per_second"] for results in theirs if not results[mix]["errors"]]
        if speeds and not ours[mix]["errors"]:
            found[mix] = ours[mix]["requests_per_second"] / max(speeds)
    return found


def print_aims(report):
    ours = report["runs"][0]["results"]
    for mix, ratio in report["ratios"].items():
        print(f"{mix:9} {ratio:6.1f} times moto's best" + (f" (aim: {AIM_RATIO})" if mix != "update" else ""))
    for mix in MIXES:
        if ours[mix]["errors"]:
            print(f"{mix:9} has errors: {ours[mix]['first_error']}")
        elif mix == "update":
            print(f"{mix:9} {ours[mix]['requests_per_second']:6.0f} durable per second (aim: {AIM_UPDATES})")
        else:
            print(f"{mix:9} {ours[mix]['p99_ms']:6.2f} ms p99 (aim: {AIM_P99})")


@contextlib.contextmanager
def working_directory():
    runs = ROOT / "build" / "run"
    runs.mkdir(parents=True, exist_ok=True)
    directory = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=runs))
    yield directory
    shutil.rmtree(directory)  # left when something failed


def run(options, directory):
    report = {"machine": machine.facts(directory), "seconds": options.seconds, "rounds": options.rounds, "runs": []}
    print("{cpu}, {cores} cores, load average {load_average}, fsync {fsync_ms} ms".format(**report["machine"]))
    print(f"  {'server':9} {'mix':9} {'conn':>4} {'requests':>11} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8}"
          f" {'us/call':>8} {'CPUs':>7} {'load':>7} {'errors':>6}")
    wanted = [(lambda: servers.chancery(ROOT / "build" / "chancery", directory), [options.connections])]
    if options.moto:
        wanted.append((lambda: servers.moto(directory), sorted({options.connections, 16}, reverse=True)))
    for make, numbers in wanted:
        with make() as server:
            mesh.fill(mesh.connect(server.address, server.key))
            for connections in numbers:
                report["runs"].append({"server": server.name, "connections": connections,
                                       "results": measure(server, connections, options.seconds, options.rounds)})
    report["ratios"] = ratios(report)
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--moto", action=argparse.BooleanOptionalAction, default=True, help="compare with moto's server")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "build" / "bench" / "api.json")
    options = parser.parse_args()
    with working_directory() as directory:
        report = run(options, directory)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print_aims(report)
    # Moto may fall over; ours may not.
    return 1 if any(result["errors"] for result in report["runs"][0]["results"].values()) else 0


if __name__ == "__main__":
    sys.exit(main())
