"""The measurement of a proxy's start, small. No ratio is asserted: that is `make bench`'s, with enough rounds."""
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from bench import proxy_start  # noqa: E402  (needs the path above)


def test_every_kind_of_tags_is_measured(tmp_path):
    output = tmp_path / "start.json"
    subprocess.run([sys.executable, "-m", "bench.proxy_start", "--rounds", "1", "--backends", "1", "--output", output],
                   cwd=ROOT, check=True, timeout=300, env={**os.environ, "PYTHONPATH": f"{ROOT / 'tools'}:{ROOT}"})
    longest, everyday = json.loads(output.read_text())["cases"]
    assert longest["length"] == proxy_start.LONGEST and longest["clusters"] == 4
    assert set(longest["cpu_seconds"]) == {"none", "ours"}
    assert set(everyday["cpu_seconds"]) == {"none", "ours", "old"}
    for case in (longest, everyday):
        assert all(seconds > 0 for seconds in case["cpu_seconds"].values()) and case["ratio"] > 0


def test_names_are_as_long_as_asked_and_differ():
    names = {proxy_start.name_of(kind, number, length) for kind in ("node", "service") for number in range(50)
             for length in (25, 255)}
    assert len(names) == 200 and {len(name) for name in names} == {25, 255}


def test_the_old_patterns_find_what_ours_find():
    stat = "http.ingress.http.5555.rds.rds_ingress_http_5555.update_success"
    found = {tag["tag_name"]: re.search(tag["regex"], stat).group(2) for tag in proxy_start.OLD_TAGS}
    assert found == {"appmesh.listener_protocol": "http", "appmesh.listener_port": "5555",
                     "envoy_rds_route_config": "rds_ingress_http_5555"}
