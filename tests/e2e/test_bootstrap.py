"""Real Envoys take the bootstrap that `chancery bootstrap` prints, without a warning."""
import json
import subprocess

import pytest

from conftest import ENVOYS
from demo.proxies import find_envoy
from demo.world import ROOT, default_binary

NODE = "arn:aws:appmesh:us-east-1:123456789012:mesh/shop/virtualNode/web"
FORMS = {
    "plain": [],
    "gateway": ["--resource-arn", "mesh/shop@123456789012/virtualGateway/edge", "--stats-tags"],
    "envoy_grpc": ["--xds-grpc", "envoy"],
    "envoy_grpc_of_a_name": ["--xds-grpc", "envoy", "--xds", "xds.example.org:443"],
    "envoy_grpc_of_ipv6": ["--xds-grpc", "envoy", "--xds", "[::1]:18000"],
    "signed": ["--xds-grpc", "envoy", "--xds-auth", "sigv4"],
    "header": ["--xds-initial-metadata", "authorization=Bearer token"],
    "header_of_envoy_grpc": ["--xds-grpc", "envoy", "--xds-initial-metadata", "authorization=Bearer token"],
    "socket": ["--xds", "unix:///run/xds.sock"],
    "everything": [
        "--dns-resolver", "127.0.1.1:5353", "--bind-ingress", "127.0.1.2", "--bind-egress", "127.0.1.3",
        "--bind-application", "127.0.1.4", "--stats-flush-interval", "10s", "--max-requests-per-io-cycle", "1",
        "--initial-fetch-timeout", "3", "--sds-socket", "/run/agent.sock", "--cluster", "web", "--dog-statsd", "--statsd",
        "127.0.0.1:8125"
    ],
    "sockets": ["--xds", "unix:///run/xds.sock", "--admin", "unix:///tmp/chancery-test-admin.sock"],
}
TRACERS = {
    "xray": {"ENABLE_ENVOY_XRAY_TRACING": "1", "XRAY_SAMPLING_RATE": "0.5"},
    "datadog": {"ENABLE_ENVOY_DATADOG_TRACING": "1"},
    "jaeger": {"ENABLE_ENVOY_JAEGER_TRACING": "1", "JAEGER_TRACER_VERSION": "JSON"},
    "opentelemetry": {"ENABLE_ENVOY_OTEL_TRACING": "1"},
}


def print_bootstrap(arguments, environment=None):
    return subprocess.run([default_binary(), "bootstrap", *arguments], env=environment or {}, capture_output=True,
                          text=True, check=False)


def log_of(envoy, bootstrap, tmp_path):
    """What an Envoy says of a bootstrap that it takes."""
    path = tmp_path / "bootstrap.json"
    path.write_text(bootstrap, encoding="utf-8")
    checked = subprocess.run(
        [find_envoy(ROOT / "build/env" / f"envoy-{envoy}"), "--mode", "validate", "-c", path, "-l", "warning"],
        capture_output=True, text=True, check=False)
    log = checked.stdout + checked.stderr
    assert checked.returncode == 0, log
    assert "[error]" not in log, log
    return log


@pytest.mark.parametrize("envoy", ENVOYS)
@pytest.mark.parametrize("form", FORMS)
def test_envoy_accepts_it_without_a_warning(envoy, form, tmp_path):
    flags = {"--resource-arn": NODE, "--xds": "127.0.0.1:18000"}
    given = FORMS[form]
    defaults = [part for flag, value in flags.items() if flag not in given for part in (flag, value)]
    made = print_bootstrap([*defaults, *given])
    assert made.returncode == 0, made.stderr
    log = log_of(envoy, made.stdout, tmp_path)
    assert "[warning]" not in log and "eprecated" not in log, log


@pytest.mark.parametrize("envoy", ENVOYS)
@pytest.mark.parametrize("tracer", TRACERS)
def test_envoy_accepts_each_tracer_and_warns_of_its_place_alone(envoy, tracer, tmp_path):
    """Bootstrap.tracing is deprecated, and for connection managers without a provider there is no other place."""
    made = print_bootstrap(["--resource-arn", NODE, "--xds", "127.0.0.1:18000"], TRACERS[tracer])
    assert made.returncode == 0, made.stderr
    log = log_of(envoy, made.stdout, tmp_path)
    warnings = [line for line in log.splitlines() if "[warning]" in line]
    assert len(warnings) == 1 and "envoy.config.bootstrap.v3.Bootstrap.tracing" in warnings[0], log


@pytest.mark.parametrize("envoy", ENVOYS)
def test_envoy_accepts_what_files_add(envoy, tmp_path):
    files = {
        "ENVOY_RESOURCES_CONFIG_FILE": """
staticResources:
  clusters:
  - name: mine
    type: STATIC
    connect_timeout: 0.25s
    loadAssignment:
      cluster_name: mine
      endpoints: [{lbEndpoints: [{endpoint: {address: {socketAddress: {address: 127.0.0.1, portValue: 0x50}}}}]}]
header_prefix: x-mine
""",
        "ENVOY_STATS_CONFIG_FILE": "stats_config: {stats_matcher: {exclusion_list: {patterns: [{prefix: vhost.}]}}}",
        "ENVOY_STATS_SINKS_CFG_FILE": """{"stats_sinks": [{"name": "envoy.stat_sinks.statsd", "typed_config": {
            "@type": "type.googleapis.com/envoy.config.metrics.v3.StatsdSink", "prefix": "p",
            "address": {"socket_address": {"protocol": "UDP", "address": "127.0.0.1", "port_value": 8125}}}}]}""",
    }
    environment = {}
    for variable, text in files.items():
        path = tmp_path / f"{variable}.yaml"
        path.write_text(text, encoding="utf-8")
        environment[variable] = str(path)
    made = print_bootstrap(["--resource-arn", NODE, "--xds", "127.0.0.1:18000", "--sds-socket", "/run/s"], environment)
    assert made.returncode == 0 and made.stderr == "", made.stderr
    names = [cluster["name"] for cluster in json.loads(made.stdout)["static_resources"]["clusters"]]
    assert names == ["static_cluster_sds_unix_socket", "mine"]
    log = log_of(envoy, made.stdout, tmp_path)
    assert "[warning]" not in log, log


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
