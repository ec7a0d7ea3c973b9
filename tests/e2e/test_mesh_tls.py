"""TLS between proxies, with real certificates: what each mode of a listener takes, who is let in, whom a client
believes. Every refusal shows in the statistics that App Mesh's users watch."""
import contextlib
import http.client
import socket
import ssl
import threading

import pytest

from conftest import ENVOYS, keeping_logs
from demo import load
from demo.waiting import wait_until
from demo.world import PORT, World
from support.certificates import Authority
from support.tls import files, tls, trust

MESH = "shop"
BANNER = b"220 at your service\r\n"


def listener(mode, certificate, protocol="http", **more):
    return {"portMapping": {"port": PORT, "protocol": protocol}, **tls(mode, files(certificate), **more)}


class Banners:
    """A server that speaks first: greets each connection at `address` and waits for it to end."""

    def __init__(self, address):
        self._socket = socket.create_server((address, PORT))
        self._thread = threading.Thread(target=self._serve, name="banners", daemon=True)
        self._thread.start()

    def _serve(self):
        with contextlib.suppress(OSError):  # closed
            while True:
                connection, _ = self._socket.accept()
                with connection:
                    connection.sendall(BANNER)
                    connection.recv(1)

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


class Shop:
    """Servers of each kind and clients with different certificates, in `world`."""

    def __init__(self, world):
        self.world = world
        self.authority = Authority(world.directory, "ca")
        self.stranger = Authority(world.directory, "other-ca")
        world.client.create_mesh(meshName=MESH)

    def certificate(self, name, *alternative_names, authority=None):
        return (authority or self.authority).issue(name, *(alternative_names or [f"{name}.shop"]))

    def server(self, name, listener_spec):
        """A node with this listener, reached as <name>.shop, which is its virtual service too."""
        self.node(name, {"listeners": [listener_spec]})
        self.world.client.create_virtual_service(
            meshName=MESH, virtualServiceName=f"{name}.shop",
            spec={"provider": {"virtualNode": {"virtualNodeName": name}}})
        return self.world.proxy(f"mesh/{MESH}/virtualNode/{name}", f"{name}.shop")

    def http_server(self, name, listener_spec):
        proxy = self.server(name, listener_spec)
        self.world.service(proxy, name, "v1")
        return proxy

    def client(self, name, backends, policy=None):
        """A node whose application calls `backends` under one client policy."""
        spec = {"backends": [{"virtualService": {"virtualServiceName": f"{backend}.shop"}} for backend in backends]}
        if policy:
            spec["backendDefaults"] = {"clientPolicy": {"tls": policy}}
        self.node(name, spec)
        return self.world.proxy(f"mesh/{MESH}/virtualNode/{name}")

    def node(self, name, spec):
        spec["serviceDiscovery"] = {"dns": {"hostname": f"{name}.shop"}}
        self.world.client.create_virtual_node(meshName=MESH, virtualNodeName=name, spec=spec)


def ask(client, backend):
    """(status, answer) of a call that the application of `client` makes to `backend`."""
    return load.get(f"{client.egress}:{PORT}", host=f"{backend}.shop")


def wait_answering(client, backend):
    wait_until(lambda: ask(client, backend)[0] == 200, 30, f"an answer of {backend}")


def server_stat(proxy, name):
    return sum(proxy.stats(rf"^listener\..*_{PORT}\.ssl\.{name}$").values())


def client_stat(proxy, backend, name):
    return proxy.stats(rf"ssl\.{name}$").get(f"cluster.cds_egress_{MESH}_{backend}_http_{PORT}.ssl.{name}", 0)


@pytest.fixture(scope="module", params=ENVOYS)
def shop(request):
    with keeping_logs(request, World(envoy=request.param)) as made:
        yield Shop(made)


def test_strict_refuses_plaintext_and_takes_tls(shop):
    server = shop.http_server("strict", listener("STRICT", shop.certificate("strict")))
    client = shop.client("to-strict", ["strict"], {"validation": trust(shop.authority)})
    for proxy in (server, client):
        proxy.wait_live()
    wait_answering(client, "strict")
    assert ask(client, "strict")[1]["service"] == "strict"
    assert client_stat(client, "strict", "handshake") > 0

    before = server_stat(server, "connection_error")
    with pytest.raises((OSError, http.client.HTTPException)):
        load.get(f"{server.ingress}:{PORT}")
    wait_until(lambda: server_stat(server, "connection_error") > before, 30, "the refusal in the statistics")


def test_permissive_takes_both(shop):
    server = shop.http_server("both", listener("PERMISSIVE", shop.certificate("both")))
    client = shop.client("to-both", ["both"])
    for proxy in (server, client):
        proxy.wait_live()
    wait_answering(client, "both")
    assert client_stat(client, "both", "handshake") > 0, "a server that has TLS is given TLS"
    status, answer = load.get(f"{server.ingress}:{PORT}")
    assert (status, answer["service"]) == (200, "both")


def test_permissive_tcp_lets_the_server_speak_first(shop):
    server = shop.server("banner", listener("PERMISSIVE", shop.certificate("banner"), "tcp"))
    banners = Banners(server.application)
    try:
        server.wait_live()
        with socket.create_connection((server.ingress, PORT), timeout=30) as plain:
            assert plain.recv(100) == BANNER
        context = ssl.create_default_context(cafile=shop.authority.ca)
        with socket.create_connection((server.ingress, PORT), timeout=30) as plain:
            with context.wrap_socket(plain, server_hostname="banner.shop") as encrypted:
                assert encrypted.recv(100) == BANNER
    finally:
        banners.close()


def test_mutual_tls_lets_in_those_it_names(shop):
    names = trust(shop.authority, "spiffe://shop/guest")
    server = shop.http_server("mutual", listener("STRICT", shop.certificate("mutual"), validation=names))
    validation = trust(shop.authority)
    guest = shop.client("guest", ["mutual"], {
        "validation": validation, "certificate": files(shop.certificate("guest", "spiffe://shop/guest"))})
    other = shop.client("other", ["mutual"], {
        "validation": validation, "certificate": files(shop.certificate("other", "spiffe://shop/other"))})
    nobody = shop.client("nobody", ["mutual"], {"validation": validation})
    for proxy in (server, guest, other, nobody):
        proxy.wait_live()
    wait_answering(guest, "mutual")
    assert server_stat(server, "fail_verify_san") == server_stat(server, "fail_verify_no_cert") == 0

    # A name that is not resolved yet is a 503 too: the server's own count tells that it was asked.
    for client, counter in ((other, "fail_verify_san"), (nobody, "fail_verify_no_cert")):
        wait_until(lambda: ask(client, "mutual")[0] == 503 and server_stat(server, counter) > 0, 30, counter)
    assert ask(guest, "mutual")[0] == 200


def test_a_client_believes_no_other_name_and_no_other_authority(shop):
    impostor = shop.http_server("impostor", listener("STRICT", shop.certificate("impostor", "else.shop")))
    foreign = shop.http_server("foreign", listener("STRICT", shop.certificate("foreign", authority=shop.stranger)))
    strict = shop.client("careful", ["impostor", "foreign"], {"validation": trust(shop.authority)})
    lax = shop.client("careless", ["impostor", "foreign"])
    for proxy in (impostor, foreign, strict, lax):
        proxy.wait_live()
    for backend, counter in (("impostor", "fail_verify_san"), ("foreign", "fail_verify_error")):
        wait_answering(lax, backend)  # without a policy: encrypted, whoever it is
        wait_until(lambda: ask(strict, backend)[0] == 503 and client_stat(strict, backend, counter) > 0, 30, counter)


def test_an_enforced_policy_never_sends_plaintext(shop):
    server = shop.http_server("plain", {"portMapping": {"port": PORT, "protocol": "http"}})
    client = shop.client("enforcing", ["plain"], {"validation": trust(shop.authority)})
    free = shop.client("free", ["plain"])
    for proxy in (server, client, free):
        proxy.wait_live()
    wait_answering(free, "plain")
    wait_until(lambda: ask(client, "plain")[0] == 503 and client_stat(client, "plain", "connection_error") > 0, 30,
               "a handshake that fails")


def test_nothing_was_rejected(shop):
    seen = shop.world.control.proxies()
    assert seen
    for proxy in seen:
        for name, kind in proxy["types"].items():
            assert not kind["rejected"], (proxy["id"], name, kind)
