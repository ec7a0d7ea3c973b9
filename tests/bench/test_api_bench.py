"""`make bench` itself, for a moment and without moto. No figure is asserted: they are the machine's."""
import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from bench import mesh, run, servers  # noqa: E402  (needs the path above)
from demo.world import default_binary  # noqa: E402


def test_every_mix_is_answered(tmp_path):
    output = tmp_path / "api.json"
    subprocess.run([sys.executable, "-m", "bench.run", "--no-moto", "--connections", "2", "--seconds", "0.3",
                    "--rounds", "1", "--output", output], cwd=ROOT, check=True, timeout=120,
                   env={**os.environ, "PYTHONPATH": f"{ROOT / 'tools'}:{ROOT}"})
    [measured] = json.loads(output.read_text())["runs"]
    assert measured["server"] == "chancery"
    assert set(measured["results"]) == set(run.MIXES)
    for mix, result in measured["results"].items():
        assert result["errors"] == 0, (mix, result["first_error"])
        assert result["requests"] > 0 and result["requests_per_second"] > 0, mix
        assert result["cpu_us_per_request"] >= 0 and result["server_cpus"] >= 0, mix
        assert 0 < result["p50_ms"] <= result["p99_ms"] <= result["max_ms"], mix


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with servers.chancery(default_binary(), tmp_path_factory.mktemp("bench")) as made:
        mesh.fill(mesh.connect(made.address, made.key))
        yield made


@pytest.mark.parametrize("mix", run.MIXES)
def test_a_wrong_signature_is_an_error_and_no_speed(server, mix):
    stranger = servers.Server(server.name, server.address, (server.key[0], "wrong"), server.child)
    result = run.load(stranger, mix, connections=1, seconds=0.2)
    assert result["errors"] > 0 and "InvalidSignature" in result["first_error"]
    assert "requests_per_second" not in result


def test_updates_change_every_route(server):
    client = mesh.connect(server.address, server.key)
    assert run.load(server, "update", connections=4, seconds=0.3)["errors"] == 0
    for router in range(mesh.ROUTERS):
        routes = client.list_routes(meshName=mesh.MESH, virtualRouterName=f"router-{router}")["routes"]
        assert len(routes) == mesh.ROUTES_PER_ROUTER
        # The first version is what fill() made.
        assert min(route["version"] for route in routes) > 1
