"""A proxy is given the profile of the version that it reports, by a real control plane, beside proxies of another."""
import json
import subprocess

import goldens
from demo.waiting import wait_until
from golden_files import GoldenFiles
from test_goldens_over_ads import MESH, create

CASE = "gateway-keeps-host"
NODE = f"mesh/{MESH}/virtualGateway/edge"


def ask(world, version):
    """A client that holds its stream, and what it was given."""
    python, script = goldens.ROOT / "build/env/protos/bin/python", goldens.ROOT / "tests/compile/ads_client.py"
    client = subprocess.Popen([python, script, world.control.xds, NODE, version],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    return client, json.loads(client.stdout.readline())


def end(client):
    client.stdin.close()
    client.wait(timeout=30)
    client.stdout.close()


def removed_headers(given):
    (ingress,) = (config for config in given["routes"] if config["name"].startswith("rds_ingress"))
    return [route.get("request_headers_to_remove", []) for host in ingress["virtual_hosts"] for route in host["routes"]
            if "request_headers_to_add" in route]


def test_each_proxy_is_given_the_profile_of_its_version(world):
    refused = create(world.client, CASE, GoldenFiles(world.directory))
    assert not refused
    clients = {}
    for version, profile, removed in [("1.29.12", "old", True), ("1.36.2", "stock", False), ("none", "old", True),
                                      ("1.34.13", "stock", False), ("1.21.0", "old", True)]:
        client, given = ask(world, version)
        clients[version] = client
        assert all(bool(headers) == removed for headers in removed_headers(given)) and removed_headers(given), version
        status = next(proxy for proxy in world.control.proxies()
                      if (proxy["user_agent"] or "none").removeprefix("envoy/") == version)
        assert status["profile"] == profile
        told = " ".join(warning["text"] for warning in status["warnings"])
        assert ("no version" in told, "older than 1.22" in told) == (version == "none", version == "1.21.0")
    for client in clients.values():
        end(client)
    wait_until(lambda: not world.control.proxies(), 30, "all streams gone")


def test_an_old_proxy_is_served_again_after_a_restart(world):
    create(world.client, CASE, GoldenFiles(world.directory))
    client, before = ask(world, "1.29.12")
    world.control.kill()
    end(client)
    world.control.start()
    client, after = ask(world, "1.29.12")
    assert after == before
    assert removed_headers(after) == [["x-app-mesh-virtual-service"]]
    end(client)
