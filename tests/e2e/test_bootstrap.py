"""Real Envoys take the bootstrap that `chancery bootstrap` prints, without a warning."""
import subprocess

import pytest

from demo.proxies import find_envoy
from demo.world import ROOT, default_binary

NODE = "arn:aws:appmesh:us-east-1:123456789012:mesh/shop/virtualNode/web"
FORMS = {
    "plain": [],
    "gateway": ["--resource-arn", "mesh/shop@123456789012/virtualGateway/edge", "--stats-tags"],
    "envoy_grpc": ["--xds-grpc", "envoy"],
    "socket": ["--xds", "unix:///run/xds.sock"],
    "everything": [
        "--dns-resolver", "127.0.1.1:5353", "--bind-ingress", "127.0.1.2", "--bind-egress", "127.0.1.3",
        "--bind-application", "127.0.1.4", "--stats-flush-interval", "10s", "--max-requests-per-io-cycle", "1",
        "--initial-fetch-timeout", "3", "--sds-socket", "/run/agent.sock", "--cluster", "web"
    ],
}


def print_bootstrap(arguments, environment=None):
    return subprocess.run([default_binary(), "bootstrap", *arguments], env=environment or {}, capture_output=True,
                          text=True, check=False)


@pytest.mark.parametrize("envoy", ["oldest", "newest"])
@pytest.mark.parametrize("form", FORMS)
def test_envoy_accepts_it_without_a_warning(envoy, form, tmp_path):
    flags = {"--resource-arn": NODE, "--xds": "127.0.0.1:18000"}
    given = FORMS[form]
    defaults = [part for flag, value in flags.items() if flag not in given for part in (flag, value)]
    made = print_bootstrap([*defaults, *given])
    assert made.returncode == 0, made.stderr
    path = tmp_path / "bootstrap.json"
    path.write_text(made.stdout, encoding="utf-8")
    checked = subprocess.run(
        [find_envoy(ROOT / "build/env" / f"envoy-{envoy}"), "--mode", "validate", "-c", path, "-l", "warning"],
        capture_output=True, text=True, check=False)
    log = checked.stdout + checked.stderr
    assert checked.returncode == 0, log
    assert "[warning]" not in log and "[error]" not in log and "eprecated" not in log, log


def test_misuse_is_one_line_and_exit_code_two():
    for arguments, named in [([], "--resource-arn"), (["--resource-arn", NODE], "--xds"),
                             (["--xds", "nowhere"], "--xds"), (["--no-such-flag"], "--no-such-flag")]:
        made = print_bootstrap(arguments)
        assert made.returncode == 2, arguments
        assert made.stdout == ""
        assert named in made.stderr and made.stderr.count("\n") == 1, made.stderr


def test_variables_of_the_app_mesh_image_are_read():
    made = print_bootstrap([], {"APPMESH_RESOURCE_ARN": NODE, "APPMESH_XDS_ENDPOINT": "unix:///run/xds.sock"})
    assert made.returncode == 0, made.stderr
    assert "unix:///run/xds.sock" in made.stdout
