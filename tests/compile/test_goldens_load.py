"""Every golden of the compiler loads into the oldest and the newest supported Envoy as a static configuration.

Each proxy of src/compile/testdata becomes a static bootstrap (route configurations in place of RDS, which a static
Envoy cannot ask for) and is loaded with `envoy --mode validate`. Unlike over ADS, a static configuration is refused
also for a route to an unknown cluster. What another profile is given is loaded too, where it differs.
"""
import copy
import json
import subprocess

import pytest

import goldens
from demo.proxies import find_envoy
from golden_files import GoldenFiles

HCM = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
# As `chancery bootstrap --sds-socket` makes it.
SDS = {
    "name": "static_cluster_sds_unix_socket",
    "load_assignment": {
        "cluster_name": "static_cluster_sds_unix_socket",
        "endpoints": [{"lb_endpoints": [{"endpoint": {"address": {"pipe": {"path": "/no/sds.sock"}}}}]}]
    },
}


def bootstrap(proxy):
    """The static bootstrap of one proxy of a golden."""
    routes = {config["name"]: config for config in proxy["routes"]}
    used = set()
    listeners = copy.deepcopy(proxy["listeners"])
    for listener in listeners:
        for chain in listener["filter_chains"]:
            for network_filter in chain["filters"]:
                config = network_filter["typed_config"]
                if config["@type"] == HCM:
                    name = config.pop("rds")["route_config_name"]
                    used.add(name)  # by two chains, of TLS and plaintext, where both are taken
                    config["route_config"] = routes[name]
    assert used == set(routes), "a route configuration that no listener uses"
    return {
        "node": {"id": "golden", "cluster": "golden"},
        "static_resources": {"clusters": [SDS, *proxy["clusters"]], "listeners": listeners},
        "layered_runtime": {"layers": [{"name": "static", "static_layer": {"re2.max_program_size.error_level": 1000}}]},
    }


def proxies():
    for case in goldens.cases():
        stock = goldens.proxies(case)
        for profile in goldens.PROFILES:
            for name, proxy in goldens.proxies(case, profile).items():
                if profile == "stock" or proxy != stock[name]:
                    yield pytest.param(proxy, id=f"{case}-{name.replace('/', '-')}-{profile}")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return GoldenFiles(tmp_path_factory.mktemp("certificates"))


@pytest.mark.parametrize("version", ["oldest", "newest"])
@pytest.mark.parametrize("proxy", list(proxies()))
def test_envoy_accepts(version, proxy, certificates, tmp_path):
    binary = find_envoy(goldens.ROOT / f"build/env/envoy-{version}")
    path = tmp_path / "bootstrap.json"
    path.write_text(json.dumps(certificates.in_envoy(bootstrap(proxy))))
    done = subprocess.run([binary, "--mode", "validate", "-c", path, "--log-level", "warning", "--disable-hot-restart"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    for unwanted in ("eprecated", "nknown field", "unknown fields"):
        assert unwanted not in done.stderr, done.stderr


def test_goldens_are_found():
    assert len(goldens.cases()) >= 10
