"""`chancery envoy` with real Envoys: what the App Mesh image's agent did (contract/envoy.md §1.3)."""
import os
import signal
import socket
import subprocess

import pytest

from conftest import ENVOYS, keeping_logs
from demo import load, mesh
from demo.agents import AgentProxy, is_running
from demo.processes import Child
from demo.proxies import find_envoy
from demo.waiting import wait_until
from demo.world import PORT, ROOT, World, default_binary
from support.certificates import Authority
from support.secret_agent import SecretAgent
from support.tls import secret as by_agent, tls

SEARCH = "mesh/watches/virtualNode/search"


@pytest.fixture(scope="module", params=ENVOYS)
def world(request):
    """A control plane with the example mesh; no proxies yet."""
    with keeping_logs(request, World(envoy=request.param)) as made:
        mesh.create_example(made.client)
        yield made


@pytest.fixture
def run_agent(world):
    """Runs an agent with these flags and variables, until the test ends."""
    agents = []

    def run(*flags, **variables):
        agent = AgentProxy(SEARCH, world.subnet, flags, variables)
        agents.append(agent)
        return agent.start(world.envoy, world.binary, world.control.xds, world.dns.endpoint, world.directory)

    yield run
    for agent in agents:
        agent.stop()


def log_levels(agent):
    """The levels of Envoy's loggers, as a set."""
    text = load.get(agent.admin, path="/logging", method="POST")[1]
    return {line.rpartition(":")[2].strip() for line in text.splitlines() if line.startswith("  ")}


def test_status_follows_envoy_and_the_control_plane(world, run_agent):
    agent = run_agent()
    status = agent.wait_status(healthStatus="HEALTHY", managementServerConnectionStatus="CONNECTED")
    assert status["envoyState"] == "LIVE" and status["envoyRestartCount"] == "0"
    assert status["envoyReadinessState"] == "INITIALIZED" and status["initialConfigUpdateStatus"] == "UPDATE_SUCCESSFUL"
    assert is_running(agent.envoy_pid())
    assert agent.get("/server_info")["node"]["id"] == SEARCH


def test_a_lost_control_plane_is_healthy_for_long(run_agent, request):
    with keeping_logs(request, World()) as world:
        mesh.create_example(world.client)
        agent = AgentProxy(SEARCH, world.subnet, variables={"HC_POLL_INTERVAL_MS": "2000"})
        try:
            agent.start(world.envoy, world.binary, world.control.xds, world.dns.endpoint, world.directory)
            agent.wait_status(managementServerConnectionStatus="CONNECTED")
            world.control.stop()
            status = agent.wait_status(managementServerConnectionStatus="NOT_CONNECTED")
            assert status["healthStatus"] == "HEALTHY"
            assert status["managementServerDisconnectedTimestamp"].endswith("Z")
        finally:
            agent.stop()


def test_a_listener_that_cannot_be_bound_is_unhealthy(world):
    agent = AgentProxy(SEARCH, world.subnet)
    agent.ingress = "192.0.2.1"  # of nobody
    try:
        agent.start(world.envoy, world.binary, world.control.xds, world.dns.endpoint, world.directory)
        status = agent.wait_status(initialConfigUpdateStatus="UPDATE_FAILED")
        assert status["healthStatus"] == "UNHEALTHY" and status["envoyState"] == "LIVE"
    finally:
        agent.stop()


def test_a_port_that_is_taken_is_unhealthy_until_the_node_has_another(world):
    def spec(port):
        return {"listeners": [{"portMapping": {"port": port, "protocol": "http"}}],
                "serviceDiscovery": {"dns": {"hostname": "moving.watches"}}}

    names = {"meshName": "watches", "virtualNodeName": "moving"}
    world.client.create_virtual_node(**names, spec=spec(PORT))
    agent = AgentProxy("mesh/watches/virtualNode/moving", world.subnet)
    try:
        with socket.create_server((agent.ingress, PORT)):
            agent.start(world.envoy, world.binary, world.control.xds, world.dns.endpoint, world.directory)
            status = agent.wait_status(initialConfigUpdateStatus="UPDATE_FAILED")
            assert status["healthStatus"] == "UNHEALTHY" and status["envoyState"] == "LIVE"
            world.client.update_virtual_node(**names, spec=spec(PORT + 1))
            agent.wait_status(healthStatus="HEALTHY", initialConfigUpdateStatus="UPDATE_SUCCESSFUL")
    finally:
        agent.stop()


def test_a_first_configuration_that_envoy_refuses_is_unhealthy_until_one_is_taken(world):
    def spec(path):
        return {"listeners": [{"portMapping": {"port": PORT, "protocol": "http"}}],
                "serviceDiscovery": {"dns": {"hostname": "logging.watches"}},
                "logging": {"accessLog": {"file": {"path": path}}}}

    names = {"meshName": "watches", "virtualNodeName": "logging"}
    world.client.create_virtual_node(**names, spec=spec(str(world.directory / "absent" / "access.log")))
    agent = AgentProxy("mesh/watches/virtualNode/logging", world.subnet)
    try:
        agent.start(world.envoy, world.binary, world.control.xds, world.dns.endpoint, world.directory)
        status = agent.wait_status(initialConfigUpdateStatus="UPDATE_FAILED")
        assert status["healthStatus"] == "UNHEALTHY" and status["envoyState"] == "LIVE"
        world.client.update_virtual_node(**names, spec=spec(str(world.directory / "access.log")))
        agent.wait_status(healthStatus="HEALTHY", initialConfigUpdateStatus="UPDATE_SUCCESSFUL")
    finally:
        agent.stop()


def test_secrets_come_from_the_socket_that_it_is_told_of(world):
    authority = Authority(world.directory / "certificates")
    secrets = SecretAgent(world.directory / "secrets.sock")
    secret = secrets.put_certificate("vault", authority.issue("vault", "vault.watches"))
    world.client.create_virtual_node(meshName="watches", virtualNodeName="vault", spec={
        "serviceDiscovery": {"dns": {"hostname": "vault.watches"}},
        "listeners": [{"portMapping": {"port": PORT, "protocol": "http"}, **tls("STRICT", by_agent(secret))}]})
    variables = {"APPMESH_SDS_SOCKET_PATH": str(secrets.path)}
    agent = AgentProxy("mesh/watches/virtualNode/vault", world.subnet, variables=variables)
    try:
        agent.start(world.envoy, world.binary, world.control.xds, world.dns.endpoint, world.directory)
        agent.wait_healthy()
        with socket.create_connection((agent.ingress, PORT), timeout=30) as plain:
            with authority.client_context().wrap_socket(plain, server_hostname="vault.watches") as encrypted:
                assert encrypted.getpeercert()["subject"] == ((("commonName", "vault"),),)
    finally:
        agent.stop()
        secrets.close()


def test_a_log_level_is_reset(run_agent):
    agent = run_agent(APPNET_AGENT_LOGGING_RESET_TIMEOUT="1")
    agent.wait_healthy()
    assert log_levels(agent) == {"warning"}
    code, text = agent.ask("/enableLogging?level=error", "POST")
    assert code == 200 and "from [warning] to [error]" in text
    # Not asserted that it is error now: a second may have passed.
    wait_until(lambda: "is warning again" in agent.child.log(), 30, "the reset")
    assert log_levels(agent) == {"warning"}
    assert agent.ask("/enableLogging?level=loud", "POST")[0] == 400


def test_a_log_level_holds_until_then(run_agent):
    agent = run_agent()
    agent.wait_healthy()
    agent.ask("/enableLogging?level=error", "POST")
    assert log_levels(agent) == {"error"}


def test_stats_are_those_of_envoy(run_agent):
    agent = run_agent("--snapshot-interval", "1", ENABLE_STATS_SNAPSHOT="true")
    agent.wait_healthy()

    def names(text):
        return {line.split("{")[0] for line in text.splitlines() if line and not line.startswith("#")}

    code, text = agent.ask("/stats/prometheus")
    assert code == 200
    # The admin interface itself counts what it is asked.
    assert names(text) == names(agent.get("/stats/prometheus"))
    assert "envoy_server_live" in names(agent.ask("/stats/prometheus?usedonly")[1])
    assert agent.ask("/stats/prometheus?usedonly&filter=metrics_extension") == (200, "")
    # Growth within a second, not since the start.
    wait_until(lambda: "envoy_cluster_manager_cluster_added{} 0" in agent.ask("/stats/prometheus?delta")[1], 30,
               "the second snapshot", interval=0.3)  # the API takes ten such calls a second
    assert "envoy_cluster_manager_cluster_added{} 0" not in agent.ask("/stats/prometheus")[1]


def test_a_killed_envoy_is_started_again_up_to_the_count(run_agent, tmp_path):
    agent = run_agent(APPNET_ENVOY_RESTART_COUNT="1", TMPDIR=str(tmp_path))
    first = int(agent.wait_healthy()["envoyPid"])
    os.kill(first, signal.SIGKILL)
    second = int(agent.wait_status(healthStatus="HEALTHY", envoyRestartCount="1")["envoyPid"])
    assert second != first and not is_running(first)
    os.kill(second, signal.SIGKILL)
    wait_until(lambda: not agent.child.running(), 30, "the agent's end")
    assert agent.child.stop() == 128 + signal.SIGKILL
    assert not is_running(second)
    assert not list(tmp_path.iterdir()), "its bootstrap is left"


def test_no_envoy_outlives_a_killed_agent(run_agent):
    agent = run_agent()
    envoy = int(agent.wait_healthy()["envoyPid"])
    agent.child.kill()
    wait_until(lambda: not is_running(envoy), 30, "Envoy's end")


def test_sockets_instead_of_ports(world):
    admin, api = world.directory / "admin.sock", world.directory / "agent.sock"
    where = AgentProxy(SEARCH, world.subnet)
    variables = {**os.environ, "APPNET_AGENT_ADMIN_MODE": "uds", "APPNET_AGENT_ADMIN_UDS_PATH": str(api)}
    agent = Child("agent-sockets", [
        world.binary, "envoy", "--envoy", world.envoy, "--resource-arn", SEARCH, "--xds", world.control.xds, "--admin",
        f"unix://{admin}", "--admin-access-log", "/dev/null", "--bind-ingress", where.ingress, "--bind-egress",
        where.egress
    ], world.directory / "agent-sockets.log", env=variables)
    try:
        ready = subprocess.run([world.binary, "envoy", "--readiness"], timeout=90, capture_output=True, text=True,
                               env={**variables, "APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S": "1",
                                    "APPNET_AGENT_POLL_ENVOY_READINESS_TIMEOUT_S": "60"}, check=False)
        assert ready.returncode == 0, ready.stderr + agent.log()
        assert admin.stat().st_mode & 0o777 == 0o600 and api.stat().st_mode & 0o777 == 0o600
    finally:
        agent.kill()


def test_output_goes_to_files(world, run_agent):
    directory = world.directory / "logs"
    directory.mkdir(exist_ok=True)
    run_agent(APPNET_ENVOY_LOG_DESTINATION=str(directory), APPNET_ENVOY_LOG_NAME="proxy.log").wait_healthy()
    # Of a single line of its log is known that it is there: which one is Envoy's to say.
    agent = run_agent("--", "--component-log-level", "main:info", APPNET_ENVOY_LOG_DESTINATION=str(directory), APPNET_ENVOY_LOG_NAME="two.log")
    agent.wait_healthy()
    wait_until(lambda: "initializing epoch" in (directory / "two.log").read_text(), 30, "Envoy's log")
    assert "initializing epoch" not in agent.child.log()


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_access_logs_on_a_stream_that_is_a_socket(world, stream):
    """As systemd's journal is: the kernel lets no Envoy open /dev/stdout then."""
    world.client.create_virtual_node(meshName="watches", virtualNodeName=f"printing-{stream}", spec={
        "listeners": [{"portMapping": {"port": PORT, "protocol": "http"}}],
        "serviceDiscovery": {"dns": {"hostname": f"printing-{stream}.watches"}},
        "logging": {"accessLog": {"file": {"path": f"/dev/{stream}", "format": {"text": "saw %REQ(:PATH)%\n"}}}}})
    ours, agents = socket.socketpair()
    agent = AgentProxy(f"mesh/watches/virtualNode/printing-{stream}", world.subnet,
                       ["--", "--file-flush-interval-msec", "100"], **{stream: agents})
    try:
        agent.start(world.envoy, world.binary, world.control.xds, world.dns.endpoint, world.directory)
        agents.close()
        agent.wait_healthy()
        load.get(f"{agent.ingress}:{PORT}", path="/printed")
        ours.settimeout(30)
        printed = b""
        while b"saw /printed\n" not in printed:
            more = ours.recv(65536)
            assert more, printed
            printed += more
    finally:
        agent.stop()
        ours.close()


def test_a_bootstrap_of_the_users_is_taken_as_it_is(world, run_agent, tmp_path):
    agent = AgentProxy(SEARCH, world.subnet)
    made = subprocess.run([world.binary, "bootstrap", "--resource-arn", SEARCH, "--xds", world.control.xds, "--admin",
                           agent.admin, "--cluster", "of-the-user", "--bind-ingress", agent.ingress, "--bind-egress",
                           agent.egress], check=True, capture_output=True).stdout
    path = tmp_path / "mine.json"
    path.write_bytes(made)
    agent.variables["ENVOY_CONFIG_FILE"] = str(path)
    try:
        agent.start(world.envoy, world.binary, world.control.xds, world.dns.endpoint, world.directory)
        agent.wait_healthy()
        assert agent.get("/server_info")["node"]["cluster"] == "of-the-user"
    finally:
        agent.stop()


def test_metadata_tells_of_the_host(run_agent):
    agent = run_agent(AWS_EXECUTION_ENV="AWS_ECS_FARGATE", APPMESH_PLATFORM_K8S_POD_UID="u-1")
    agent.wait_healthy()
    node = agent.get("/server_info")["node"]["metadata"]
    assert "127.0.0.1/8" in node["aws.appmesh.task.interfaces"]["ipv4"]["lo"]
    platform = node["aws.appmesh.platformInfo"]
    assert platform["systemInfo"]["systemKernelVersion"] == os.uname().release
    assert platform["ecsPlatformInfo"] == {"ecsLaunchType": "AWS_ECS_FARGATE"}
    assert platform["k8sPlatformInfo"] == {"podUid": "u-1"}


@pytest.mark.parametrize("variables, named", [
    ({"LISTENER_DRAIN_WAIT_TIME_S": "4"}, "LISTENER_DRAIN_WAIT_TIME_S: expected whole seconds from 5 to 110"),
    ({"APPNET_ENVOY_RESTART_COUNT": "11"}, "APPNET_ENVOY_RESTART_COUNT: expected a whole number from 0 to 10"),
    ({"ENABLE_ENVOY_XRAY_TRACING": "1", "ENABLE_ENVOY_JAEGER_TRACING": "1"}, "only one tracer can be on"),
    ({"ENVOY_TRACING_CFG_FILE": "/nowhere"}, "ENVOY_TRACING_CFG_FILE: /nowhere cannot be read"),
    ({"APPMESH_RESOURCE_ARN": "mesh/m/virtualService/s"}, "is neither a virtual node nor a virtual gateway"),
])
def test_a_bad_variable_is_one_line_and_exit_code_two(variables, named):
    done = subprocess.run(
        [default_binary(), "envoy", "--envoy", find_envoy(ROOT / "build/env/envoy-newest")], capture_output=True,
        text=True, check=False, timeout=60,
        env={"APPMESH_RESOURCE_ARN": SEARCH, "APPMESH_XDS_ENDPOINT": "127.0.0.1:1", **variables})
    assert done.returncode == 2
    assert named in done.stderr and done.stderr.count("\n") == 1, done.stderr


def test_an_envoy_that_cannot_start_is_given_up(tmp_path):
    path = tmp_path / "bad.json"
    path.write_text('{"no_such_field": 1}')
    done = subprocess.run(
        [default_binary(), "envoy", "--envoy", find_envoy(ROOT / "build/env/envoy-newest"), "--restarts", "1", "--api",
         f"unix://{tmp_path}/agent.sock"], capture_output=True, text=True, check=False, timeout=60,
        env={"ENVOY_CONFIG_FILE": str(path)})
    assert done.returncode == 1
    assert "no_such_field" in done.stderr and "it is not started again" in done.stderr


def test_an_envoy_that_would_outlive_a_killed_agent_is_warned_of(tmp_path):
    program = tmp_path / "envoy"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o4755)
    done = subprocess.run(
        [default_binary(), "envoy", "--envoy", program, "--restarts", "0", "--api", f"unix://{tmp_path}/agent.sock"],
        capture_output=True, text=True, check=False, timeout=60, env={"ENVOY_CONFIG_FILE": str(program)})
    assert done.returncode == 3
    assert f"{program} is setuid: if this agent is killed" in done.stderr
