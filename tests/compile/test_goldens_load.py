"""Every golden of the compiler is accepted by the oldest and the newest supported Envoy.

Each proxy of src/compile/testdata/*/expect.json becomes a static bootstrap (route configurations in
place of RDS, which a static Envoy cannot ask for) and is loaded with `envoy --mode validate`. Unlike
over ADS, a static configuration is refused also for a route to an unknown cluster.
"""
import copy
import json
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDENS = sorted((ROOT / "src/compile/testdata").glob("*/expect.json"))
HCM = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"


def envoys():
    found = {}
    for version in ("oldest", "newest"):
        for binary in (ROOT / f"build/env/envoy-{version}").glob("lib/python3*/site-packages/envoy/_bin/envoy"):
            found[version] = binary
    return found


def bootstrap(proxy):
    """The static bootstrap of one proxy of a golden."""
    routes = {config["name"]: config for config in proxy["routes"]}
    listeners = copy.deepcopy(proxy["listeners"])
    for listener in listeners:
        for chain in listener["filter_chains"]:
            for network_filter in chain["filters"]:
                config = network_filter["typed_config"]
                if config["@type"] == HCM:
                    config["route_config"] = routes.pop(config.pop("rds")["route_config_name"])
    assert not routes, "a route configuration that no listener uses"
    return {
        "node": {"id": "golden", "cluster": "golden"},
        "static_resources": {"clusters": proxy["clusters"], "listeners": listeners},
        "layered_runtime": {"layers": [{"name": "static", "static_layer": {"re2.max_program_size.error_level": 1000}}]},
    }


def proxies():
    for golden in GOLDENS:
        for name, proxy in json.loads(golden.read_text()).items():
            yield pytest.param(proxy, id=f"{golden.parent.name}-{name.replace('/', '-')}")


@pytest.mark.parametrize("version", ["oldest", "newest"])
@pytest.mark.parametrize("proxy", list(proxies()))
def test_envoy_accepts(version, proxy, tmp_path):
    binary = envoys().get(version)
    assert binary, f"no {version} Envoy in build/env: run tools/setup.sh test"
    path = tmp_path / "bootstrap.json"
    path.write_text(json.dumps(bootstrap(proxy)))
    done = subprocess.run([binary, "--mode", "validate", "-c", path, "--log-level", "warning", "--disable-hot-restart"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    for unwanted in ("eprecated", "nknown field", "unknown fields"):
        assert unwanted not in done.stderr, done.stderr


def test_goldens_are_found():
    assert len(GOLDENS) >= 10
