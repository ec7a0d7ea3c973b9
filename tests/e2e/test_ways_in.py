"""Every way in for a proxy, with the oldest and the newest Envoy: TLS, client certificates, bearer tokens, Unix sockets,
the App Mesh agent and the relay, each with what must not pass (contract/envoy.md §7.4, §7.6)."""
import json
import os
import subprocess
import time

import pytest

from conftest import ENVOYS, keeping_logs
from demo.agents import AgentProxy
from demo.processes import Child
from demo.proxies import Proxy, credentials
from demo.tokens import AUDIENCE, ISSUER, Key
from demo.waiting import wait_until
from demo.world import World
from support.certificates import Authority

ACCOUNT = "000000000000"
CART = "mesh/shop/virtualNode/cart"
TILL = "mesh/shop/virtualNode/till"
ARN = f"arn:aws:appmesh:us-east-1:{ACCOUNT}:{CART}"


class Door:
    """A control plane with every way in open, and the mesh `shop` with the nodes `cart` and `till`."""

    def __init__(self, world):
        self.world = world
        self.directory = world.directory
        self.host = world.control.xds.rsplit(":", 1)[0]
        self.authority = Authority(self.directory)
        self.server = self.authority.issue("server", self.host)
        self.issuer = Key(self.directory, "issuer")
        jwks = self.directory / "jwks.json"
        jwks.write_text(json.dumps({"keys": [self.issuer.jwk()]}), encoding="utf-8")
        self._seen = 0
        self.socket = self.directory / "cart.sock"
        self.shut = self.directory / "shut.sock"
        world.control.stop()
        world.control.arguments += [
            "--xds-tls-cert", self.server[0], "--xds-tls-key", self.server[1], "--xds-client-ca", self.authority.ca,
            "--oidc-issuer", ISSUER, "--oidc-audience", AUDIENCE, "--oidc-jwks", jwks,
            "--xds", f"unix:{self.socket},mode=0600,allow={CART}", "--xds", f"unix:{self.shut}"
        ]
        world.control.start()
        world.client.create_mesh(meshName="shop")
        for node in ("cart", "till"):
            world.client.create_virtual_node(meshName="shop", virtualNodeName=node, spec={
                "listeners": [{"portMapping": {"port": 8080, "protocol": "http"}}],
                "serviceDiscovery": {"dns": {"hostname": f"{node}.shop"}}})
        self.policy("cart", f"arn:aws:appmesh:us-east-1:{ACCOUNT}:{CART}")

    def policy(self, name, resource):
        document = self.directory / f"{name}-policy.json"
        document.write_text(json.dumps({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "appmesh:StreamAggregatedResources", "Resource": resource}]}), encoding="utf-8")
        self.world.control.command("policy", "put", "--account", ACCOUNT, "--name", name, "--file", document)

    def attach(self, policy, *user):
        self.world.control.command("policy", "attach", "--account", ACCOUNT, "--name", policy, *user)

    def pair(self, name, names):
        certificate, key = self.authority.issue(name, names)
        return ["--xds-client-cert", certificate, "--xds-client-key", key]

    def proxy(self, *access, resource=CART, xds=None, trust=True):
        tls = ["--xds-tls-ca", self.authority.ca] if trust else []
        self._seen = len(self.world.control.log())
        return self.world.proxy(resource, flags=[*tls, *access], xds=xds)

    def refuses(self, proxy, words):
        """Waits until the control plane's log says why since the last proxy began, and Envoy still has no
        configuration."""
        wait_until(lambda: words in self.said(), 30, f"'{words}' in the control plane's log")
        assert not proxy.wait_admin().is_live()
        proxy.stop()

    def said(self):
        """The control plane's log since the last proxy began."""
        return self.world.control.log()[self._seen:]

    def streams(self, resource=CART):
        return {row["stream"] for row in self.world.control.proxies() if resource in row["id"]}


@pytest.fixture(scope="module", params=ENVOYS)
def door(request):
    with keeping_logs(request, World(envoy=request.param, closed_streams=True)) as world:
        yield Door(world)


@pytest.fixture(params=["google", "envoy"])
def grpc(request):
    return ["--xds-grpc", request.param]


def test_a_certificate_with_a_policy_is_let_in(door, grpc):
    door.attach("cart", "--user", "spiffe://shop.test/cart")
    pair = door.pair("cart", "spiffe://shop.test/cart")
    proxy = door.proxy(*grpc, *pair).wait_live()
    other = door.proxy(*grpc, *pair, resource=TILL)
    door.refuses(other, "user/spiffe://shop.test/cart is not authorized to perform: appmesh:StreamAggregatedResources")
    proxy.stop()


def test_a_dns_name_names_a_user_too(door):
    door.attach("cart", "--user", "dns:cart.shop.test")
    door.proxy(*door.pair("dns", "cart.shop.test")).wait_live().stop()


def test_a_path_that_names_the_resource_needs_one_policy_for_all(door):
    door.policy("by-path", f"arn:aws:appmesh:us-east-1:{ACCOUNT}:${{chancery:SpiffePath}}")
    door.attach("by-path")
    pair = door.pair("path", f"spiffe://shop.test/{TILL}")
    proxy = door.proxy(*pair, resource=TILL).wait_live()
    door.refuses(door.proxy(*pair), f"user/spiffe://shop.test/{TILL} is not authorized")
    proxy.stop()


def test_a_stream_without_certificate_is_refused(door, grpc):
    door.refuses(door.proxy(*grpc), "refused: Missing Authentication Token")


def test_a_certificate_without_policy_is_refused(door, grpc):
    kind = grpc[1]
    pair = door.pair(f"nobody-{kind}", f"spiffe://shop.test/nobody-{kind}")
    door.refuses(door.proxy(*grpc, *pair), f"user/spiffe://shop.test/nobody-{kind} is not authorized")


def test_a_certificate_of_another_authority_gets_no_connection(door, grpc):
    stranger = Authority(door.directory, f"stranger-{grpc[1]}")
    certificate, key = stranger.issue(f"forged-{grpc[1]}", "spiffe://shop.test/cart")
    proxy = door.proxy(*grpc, "--xds-client-cert", certificate, "--xds-client-key", key)
    door.refuses(proxy, "certificate verify failed")


def test_a_proxy_does_not_talk_to_a_server_that_it_does_not_trust(door, grpc):
    other = Authority(door.directory, f"other-{grpc[1]}")
    pair = door.pair("cart", "spiffe://shop.test/cart")
    before = door.streams()
    proxy = door.proxy(*grpc, "--xds-tls-ca", other.ca, *pair, trust=False).wait_admin()
    wait_until(lambda: proxy.stats("update_failure").get("cluster_manager.cds.update_failure", 0) > 0, 30, "a failure")
    assert not proxy.is_live()
    assert door.streams() == before
    proxy.stop()


def token_file(door, grpc, name, token):
    """The token as each of Envoy's gRPC clients reads it, replaced at once."""
    path = door.directory / f"{name}-{grpc[1]}.yaml"
    text = token if grpc[1] == "google" else json.dumps({"resources": [{
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret", "name": "xds_token",
        "generic_secret": {"secret": {"inline_string": f"Bearer {token}"}}}]})
    path.with_suffix(".new").write_text(text, encoding="utf-8")
    os.replace(path.with_suffix(".new"), path)
    return path


def test_a_token_that_expires_ends_the_stream_and_the_next_one_is_read(door, grpc):
    user = f"cart-{grpc[1]}"
    door.attach("cart", "--user", user)
    # Within the leeway of a minute, which ends in some seconds.
    old = door.issuer.token(sub=user, exp=int(time.time()) - 30)
    path = token_file(door, grpc, user, old)
    proxy = door.proxy(*grpc, "--xds-token-file", path).wait_live()
    first = door.streams()
    token_file(door, grpc, user, door.issuer.token(sub=user))
    wait_until(lambda: door.streams() and not door.streams() & first, 90, "a stream with the new token")
    assert "its credentials have expired" in door.said()
    assert proxy.is_live()
    proxy.stop()


def test_a_fixed_token_is_let_in(door, grpc):
    user = f"fixed-{grpc[1]}"
    door.attach("cart", "--user", user)
    header = f"authorization=Bearer {door.issuer.token(sub=user)}"
    door.proxy(*grpc, "--xds-initial-metadata", header).wait_live().stop()


def test_a_bad_token_is_refused(door, grpc):
    stranger = Key(door.directory, f"stranger-{grpc[1]}")
    path = token_file(door, grpc, "forged", stranger.token(sub="cart-google"))
    door.refuses(door.proxy(*grpc, "--xds-token-file", path), "bearer token")


def test_a_renewed_certificate_leaves_streams_alone(door):
    pair = door.pair("cart", "spiffe://shop.test/cart")
    door.attach("cart", "--user", "spiffe://shop.test/cart")
    proxy = door.proxy(*pair).wait_live()
    before = door.streams()
    door.authority.issue("server", door.host, "renewed.test")
    wait_until(lambda: "the TLS files have changed" in door.world.control.log(), 30, "the new certificate")
    second = door.proxy(*pair).wait_live()
    assert before < door.streams()
    # Both are given what changes.
    door.world.client.update_virtual_node(meshName="shop", virtualNodeName="cart", spec={
        "listeners": [{"portMapping": {"port": 8081, "protocol": "http"}}],
        "serviceDiscovery": {"dns": {"hostname": "cart.shop"}}})
    for one in (proxy, second):
        wait_until(lambda one=one: "8081" in json.dumps(one.config_dump()), 30, "the change")
        one.stop()


def test_a_socket_lets_in_what_it_allows(door, grpc):
    assert door.socket.stat().st_mode & 0o777 == 0o600
    proxy = door.proxy(*grpc, xds=f"unix://{door.socket}", trust=False).wait_live()
    other = door.proxy(*grpc, xds=f"unix://{door.socket}", resource=TILL, trust=False)
    door.refuses(other, f"cart.sock does not allow {TILL}")
    proxy.stop()


def test_a_socket_that_allows_nothing_lets_in_nobody(door, grpc):
    door.refuses(door.proxy(*grpc, xds=f"unix://{door.shut}", trust=False), f"shut.sock does not allow {CART}")


def agent_bootstrap(proxy, resource, socket):
    """What the App Mesh agent writes when APPMESH_XDS_ENDPOINT names a Unix socket."""
    ads = {"ads": {}, "initial_fetch_timeout": "0s", "resource_api_version": "V3"}
    arguments = {"grpc.http2.max_pings_without_data": 0, "grpc.keepalive_time_ms": 10000,
                 "grpc.keepalive_timeout_ms": 20000, "grpc.initial_reconnect_backoff_ms": 10000,
                 "grpc.max_connection_age_ms": 2400000, "grpc.max_connection_age_grace_ms": 5000}
    host, port = proxy.admin.rsplit(":", 1)
    return json.dumps({
        "node": {"id": resource, "cluster": resource, "metadata": {
            "aws.appmesh.task.interfaces": {"ipv4": {"lo": ["127.0.0.1/8"]}},
            "aws.appmesh.platformInfo": {"supportedIPFamilies": "IPv4"},
            # Not of the agent: this machine has no interception, so its Envoys need addresses of their own.
            "chancery.bind": {"ingress": proxy.ingress, "egress": proxy.egress, "application": proxy.application}}},
        "admin": {"address": {"socket_address": {"address": host, "port_value": int(port)}}},
        "dynamic_resources": {
            "lds_config": ads, "cds_config": ads,
            "ads_config": {"api_type": "GRPC", "transport_api_version": "V3", "grpc_services": [{"google_grpc": {
                "target_uri": f"unix://{socket}", "stat_prefix": "ads",
                "channel_args": {"args": {name: {"int_value": value} for name, value in arguments.items()}}}}]}},
        "cluster_manager": {"local_cluster_name": "local_cluster",
                            "outlier_detection": {"event_log_path": "/dev/stdout"}},
        "static_resources": {"clusters": [{
            "name": "local_cluster", "type": "EDS", "eds_cluster_config": {"eds_config": {
                "ads": {}, "initial_fetch_timeout": "0.001s", "resource_api_version": "V3"}}}]},
        "layered_runtime": {"layers": [
            {"name": "static_layer_0", "static_layer": {"re2.max_program_size.error_level": 1000}},
            {"name": "admin_layer", "admin_layer": {}}]}}).encode()


def agent(door, socket, resource=ARN):
    proxy = Proxy(resource, door.world.subnet)
    return proxy.run(door.world.envoy, agent_bootstrap(proxy, resource, socket), door.directory)


def is_complete(door):
    """The proxy has everything in force, its local cluster too."""
    rows = [row for row in door.world.control.proxies() if row["id"] == ARN]
    return rows and "eds" in rows[0]["types"] and all(t["in_force"] and not t["warming"] for t in rows[0]["types"].values())


def test_the_agents_envoy_runs_over_a_socket(door):
    proxy = agent(door, door.socket)
    try:
        proxy.wait_live()
        wait_until(lambda: proxy.stats("local_cluster").get("cluster.local_cluster.update_success", 0) >= 1, 30,
                   "an answer for local_cluster")
        wait_until(lambda: is_complete(door), 30, "everything in force")
        assert proxy.stats("local_cluster")["cluster.local_cluster.membership_total"] == 0
        assert proxy.stats("update_rejected").get("cluster_manager.cds.update_rejected", 0) == 0
    finally:
        proxy.stop()


@pytest.mark.parametrize("region", ["us-east-1", "eu-north-1"])
def test_variables_say_how_a_proxy_gets_in(door, region):
    """As for a sidecar that an injector adds. A bare node id has no region; AWS_REGION says it."""
    world = door.world
    proxy = AgentProxy(CART, world.subnet, variables={
        **credentials(world.make_key(f"injected-{region}", "cart")), "AWS_REGION": region, "CHANCERY_XDS_AUTH": "sigv4",
        "CHANCERY_XDS_GRPC": "envoy", "CHANCERY_XDS_TLS_CA": str(door.authority.ca)})
    try:
        proxy.start(world.envoy, world.binary, world.control.xds, world.dns.endpoint, door.directory)
        if region == "us-east-1":
            proxy.wait_healthy()
        else:
            wait_until(lambda: "not 'eu-north-1'" in world.control.log(), 30, "the refusal of another region")
            assert not proxy.is_live()
    finally:
        proxy.stop()


def test_an_agent_without_a_key_to_sign_with_says_so(door):
    world = door.world
    proxy = AgentProxy(CART, world.subnet, ["--xds-grpc", "envoy", "--xds-auth", "sigv4"],
                       variables={"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""})
    try:
        proxy.start(world.envoy, world.binary, world.control.xds, world.dns.endpoint, door.directory)
        wait_until(lambda: "AWS_ACCESS_KEY_ID is not set" in proxy.child.log(), 30, "the warning")
    finally:
        proxy.stop()


class Relay:
    """`chancery relay` beside the agent, to the control plane of `door`."""

    def __init__(self, door, name, *arguments, key=None):
        self.socket = door.directory / f"{name}.sock"
        self._child = Child(name, [
            door.world.binary, "relay", "--listen", f"unix:{self.socket}", "--xds", door.world.control.xds, "--tls-ca",
            door.authority.ca, "--allow", CART, *arguments
        ], door.directory / f"{name}.log", stdout=subprocess.PIPE, env={**os.environ, **credentials(key)} if key else None)
        assert self._child.stdout.readline().decode().strip() == f"unix:{self.socket}", self._child.log()

    def log(self):
        return self._child.log()

    def stop(self):
        assert self._child.stop() == 0
        assert not self.socket.exists()


@pytest.mark.parametrize("way", ["sigv4", "token", "certificate"])
def test_the_agents_envoy_runs_over_a_relay(door, way):
    key = door.world.make_key(f"relay-{way}", "cart")
    arguments = ["--auth", "sigv4"]
    if way == "token":
        door.attach("cart", "--user", "relay")
        path = door.directory / "relay-token"
        path.write_text(door.issuer.token(sub="relay"), encoding="utf-8")
        key, arguments = None, ["--token-file", path]
    if way == "certificate":
        door.attach("cart", "--user", "spiffe://shop.test/relay")
        certificate, private = door.authority.issue("relay", "spiffe://shop.test/relay")
        key, arguments = None, ["--client-cert", certificate, "--client-key", private]
    relay = Relay(door, f"relay-{way}", *arguments, key=key)
    proxy = agent(door, relay.socket)
    other = agent(door, relay.socket, ARN.replace("cart", "till"))
    try:
        proxy.wait_live()
        wait_until(lambda: is_complete(door), 30, "everything in force")
        wait_until(lambda: "does not allow" in relay.log(), 30, "the other one's refusal")
        assert not other.wait_admin().is_live()
    finally:
        proxy.stop()
        other.stop()
        relay.stop()


def test_a_relay_without_right_credentials_lets_in_nobody(door):
    key = {**door.world.make_key("relay-forger", "cart"), "SecretAccessKey": "wrong"}
    relay = Relay(door, "relay-forger", "--auth", "sigv4", key=key)
    proxy = agent(door, relay.socket)
    try:
        wait_until(lambda: "The request signature we calculated does not match" in relay.log(), 30, "the refusal")
        assert not proxy.wait_admin().is_live()
    finally:
        proxy.stop()
        relay.stop()
