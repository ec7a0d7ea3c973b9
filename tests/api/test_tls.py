"""The API over TLS: who may trust it, a certificate that is renewed under load, and what is not TLS."""
import http.client
import os
import socket
import ssl
import threading

import botocore.exceptions
import pytest

from demo import mesh
from demo.signing import MESHES, exchange, sign
from demo.waiting import wait_until
from demo.world import World
from support.certificates import self_signed


@pytest.fixture
def secure():
    """A World whose API speaks TLS with the certificate `in-force`."""
    with World() as made:
        host = made.control.api.rsplit(":", 1)[0]
        files = self_signed(made.directory, "in-force", host)
        made.control.stop()
        made.control.arguments += ["--tls-cert", str(files[0]), "--tls-key", str(files[1])]
        made.control.start()
        yield made


def trusting(*certificates):
    context = ssl.create_default_context()
    for certificate in certificates:
        context.load_verify_locations(certificate)
    return context


def name_shown(world, context):
    """The name in the certificate that a new connection is shown."""
    host, port = world.control.api.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=30) as plain:
        with context.wrap_socket(plain, server_hostname=host) as wrapped:
            return dict(part[0] for part in wrapped.getpeercert()["subject"])["commonName"]


def test_an_sdk_that_trusts_the_certificate(secure):
    client = secure.connect(secure.key, verify=str(secure.directory / "in-force.pem"))
    client.create_mesh(meshName="secure")
    assert [found["meshName"] for found in client.list_meshes()["meshes"]] == ["secure"]
    with pytest.raises(botocore.exceptions.SSLError):
        secure.connect(secure.key).list_meshes()


def test_a_policy_can_ask_for_tls(secure):
    file = secure.directory / "tls.json"
    file.write_text('{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"appmesh:*","Resource":"*",'
                    '"Condition":{"Bool":{"aws:SecureTransport":"true"}}}]}', encoding="utf-8")
    command, whose = secure.control.command, ["--account", mesh.ACCOUNT, "--name", "tls"]
    command("policy", "put", *whose, "--file", str(file))
    key = secure.make_key("careful", "tls")
    assert secure.connect(key, verify=str(secure.directory / "in-force.pem")).list_meshes()["meshes"] == []
    secure.control.stop()
    del secure.control.arguments[-4:]
    secure.control.start()
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        secure.connect(key).list_meshes()


@pytest.mark.parametrize("sent", [b"GET /v20190125/meshes HTTP/1.1\r\nHost: x\r\n\r\n", b"\x00" * 64],
                         ids=["HTTP", "zeros"])
def test_what_is_no_tls_gets_no_answer(secure, sent):
    host, port = secure.control.api.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=30) as plain:
        plain.sendall(sent)
        received = b""
        try:
            while part := plain.recv(1000):
                received += part
        except ConnectionResetError:
            pass
    assert b"HTTP" not in received and b"meshes" not in received
    assert name_shown(secure, trusting(secure.directory / "in-force.pem")) == "in-force"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_versions_of_tls_are_refused(secure):
    context = trusting(secure.directory / "in-force.pem")
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        name_shown(secure, context)


class Calls:
    """Threads that make signed calls one after the other, each tenth on a new connection."""

    def __init__(self, world, context):
        self._world, self._context = world, context
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(3)]
        self.answered, self.failures = 0, []

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self):
        host, port = self._world.control.api.rsplit(":", 1)
        while not self._stop.is_set():
            connection = http.client.HTTPSConnection(host, int(port), context=self._context, timeout=30)
            try:
                for _ in range(10):
                    headers = sign(self._world.control.endpoint_url, self._world.key, "GET", MESHES)
                    status, answer, _ = exchange(connection, "GET", MESHES, headers)
                    assert status == 200, answer
                    self.answered += 1
            except Exception as error:  # noqa: BLE001 (whatever it is, it fails the test)
                self.failures.append(repr(error))
            connection.close()

    def wait_for_more(self):
        enough = self.answered + 50
        wait_until(lambda: self.answered >= enough or self.failures, 60, "answered calls")


def test_a_certificate_is_renewed_under_load(secure):
    old, old_key = secure.directory / "in-force.pem", secure.directory / "in-force.key"
    new, new_key = self_signed(secure.directory, "renewed", secure.control.api.rsplit(":", 1)[0])
    context = trusting(old, new)
    with Calls(secure, context) as calls:
        calls.wait_for_more()
        # Between the two the pair does not fit.
        os.replace(new, old)
        wait_until(lambda: "the old certificate stays in force" in secure.control.log(), 60, "a line in the log")
        assert name_shown(secure, context) == "in-force"
        calls.wait_for_more()
        os.replace(new_key, old_key)
        wait_until(lambda: name_shown(secure, context) == "renewed", 60, "the new certificate")
        calls.wait_for_more()
    assert not calls.failures


def test_a_pair_that_does_not_fit_is_refused_at_the_start(secure):
    _, other = self_signed(secure.directory, "other", "127.0.0.1")
    secure.control.stop()
    secure.control.arguments[-1] = str(other)
    with pytest.raises(RuntimeError, match=r"ended with 1:(.|\n)*other\.key"):
        secure.control.start()
