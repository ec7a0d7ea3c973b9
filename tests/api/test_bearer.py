"""Bearer tokens against the real process: an issuer on loopback, its keys by URL, by discovery over TLS and by file,
their rotation, and what the groups of a token allow."""
import contextlib
import http.client
import http.server
import json
import ssl
import subprocess
import threading
import time

import pytest

from demo.processes import Child
from demo.tokens import AUDIENCE, ISSUER, Key, base64url, openssl
from demo.waiting import wait_until
from demo.world import default_binary

ACCOUNT = "111122223333"
class Issuer:
    """An HTTP server on a free port of loopback that gives `documents` by path and counts what it is asked."""

    def __init__(self, tls=None):
        self.documents = {}
        self.asked = []
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                issuer.asked.append(self.path)
                document = issuer.documents.get(self.path)
                body = json.dumps(document).encode()
                self.send_response(200 if document is not None else 500)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True,
                                                      do_handshake_on_connect=False)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def keys(self, *keys):
        self.documents["/keys"] = {"keys": [key.jwk() for key in keys]}

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class Control:
    """`chancery serve` with authentication, in `directory`."""

    def __init__(self, directory, *arguments):
        self.data = directory / "data"
        self._child = Child("chancery", [
            default_binary(), "serve", "--data-dir", self.data, "--account", ACCOUNT, "--api", "127.0.0.1:0", "--xds",
            "127.0.0.1:0", "--admin", "127.0.0.1:0", "--insecure-xds-no-auth", "--oidc-audience", AUDIENCE, *arguments
        ], directory / "chancery.log", stdout=subprocess.PIPE)
        line = self._child.stdout.readline()
        if not line:
            raise RuntimeError(f"chancery serve did not start:\n{self._child.log()}")
        self._api = json.loads(line)["api"]

    def log(self):
        return self._child.log()

    def stop(self):
        assert self._child.stop() == 0

    def command(self, *arguments):
        subprocess.run([default_binary(), *arguments, "--data-dir", self.data], check=True, capture_output=True, timeout=60)

    def attach(self, policy, *holder):
        self.command("policy", "attach", "--account", ACCOUNT, "--name", policy, *holder)

    def call(self, token, method="GET", path="/meshes", body=None, scheme="Bearer"):
        """(status, name of the error or None, body)."""
        connection = http.client.HTTPConnection(self._api, timeout=30)
        connection.request(method, f"/v20190125{path}", json.dumps(body) if body else None,
                           {"Authorization": f"{scheme} {token}"})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, answer.headers.get("x-amzn-ErrorType"), text

    def create(self, token, mesh):
        return self.call(token, "PUT", "/meshes", {"meshName": mesh})[:2]


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    directory = tmp_path_factory.mktemp("keys")
    return Key(directory, "one"), Key(directory, "two")


@contextlib.contextmanager
def running(tmp_path, *arguments):
    made = Control(tmp_path, *arguments)
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture
def issuer():
    made = Issuer()
    yield made
    made.close()


@pytest.fixture
def control(tmp_path, issuer, keys):
    """A control plane that trusts the issuer, which has the first key; its keys are there."""
    issuer.keys(keys[0])
    with running(tmp_path, "--oidc-issuer", ISSUER, "--oidc-jwks", issuer.url + "/keys") as made:
        yield made


def test_a_token_acts_as_its_user_and_its_groups(control, keys):
    token = keys[0].token()
    status, error, text = control.call(token)
    assert (status, error) == (403, "AccessDeniedException")
    assert f"User: arn:aws:iam::{ACCOUNT}:user/ann is not authorized to perform: appmesh:ListMeshes" in text
    control.attach("AWSAppMeshReadOnly", "--user", "ann")
    control.attach("AWSAppMeshFullAccess", "--group", "ops")
    assert control.call(token)[0] == 200
    assert control.create(token, "m") == (403, "AccessDeniedException")
    assert control.create(keys[0].token(groups=["dev"]), "m") == (403, "AccessDeniedException")
    in_ops = keys[0].token(groups=["dev", "ops"])
    assert control.create(in_ops, "m") == (200, None)
    assert control.create(keys[0].token(groups=["ops"], account="999922223333"), "m") == (403, "AccessDeniedException")
    # A member of the group that may not: what denies wins.
    document = control.data.parent / "frozen.json"
    document.write_text(json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Action": "appmesh:DeleteMesh", "Resource": "*"}]}))
    control.command("policy", "put", "--account", ACCOUNT, "--name", "frozen", "--file", document)
    control.attach("frozen", "--group", "dev")
    assert control.call(in_ops, "DELETE", "/meshes/m")[1] == "AccessDeniedException"
    assert control.call(keys[0].token(groups=["ops"]), "DELETE", "/meshes/m")[0] == 200


def test_what_is_refused(control, keys):
    control.attach("AWSAppMeshFullAccess", "--user", "ann")
    now = int(time.time())
    good = keys[0].token()
    header, _, signature = good.split(".")
    changed = base64url(json.dumps({"iss": ISSUER, "aud": AUDIENCE, "sub": "root", "exp": now + 300}).encode())
    refused = {
        "claim iss": keys[0].token(iss="https://evil.test"),
        "claim aud": keys[0].token(aud="another"),
        "claim exp": keys[0].token(exp=now - 120),
        "claim nbf": keys[0].token(nbf=now + 600),
        "claim sub": keys[0].token(sub="a/b"),
        "no key of its kid": keys[1].token(),
        "signature": f"{header}.{changed}.{signature}",
        "alg": keys[0].token(algorithm="none"),
        "longer than 16384 bytes": good + "x" * 17000,
        "three parts": keys[0].token(algorithm="none").rpartition(".")[0] + ".",
    }
    for why, token in refused.items():
        status, error, text = control.call(token)
        assert (status, error) == (403, "UnrecognizedClientException"), why
        assert why in text and header not in text, text
    assert control.call("")[1] == "MissingAuthenticationTokenException"
    assert control.call(good)[0] == 200
    assert control.call(good, scheme="bEARER")[0] == 200


def test_keys_rotate(control, issuer, keys):
    control.attach("AWSAppMeshFullAccess", "--user", "ann")
    old, new = keys[0].token(), keys[1].token()
    assert control.call(old)[0] == 200
    issuer.keys(keys[1])
    # The call that brings the new key waits for it, and with that the old one has ended.
    assert control.call(new)[0] == 200
    assert control.call(old)[:2] == (403, "UnrecognizedClientException")
    # Which asked for no fetch: too soon after the last.
    assert issuer.asked == ["/keys", "/keys"]
    assert control.call(new)[0] == 200


def test_the_issuer_may_come_later_and_go_away(tmp_path, issuer, keys):
    with running(tmp_path, "--oidc-issuer", ISSUER, "--oidc-jwks", issuer.url + "/keys") as control:
        control.attach("AWSAppMeshFullAccess", "--user", "ann")
        wait_until(lambda: "cannot be had" in control.log(), 30, "a line about the keys in the log")
        assert issuer.url + "/keys: answered 500" in control.log()
        issuer.keys(keys[0])
        # The first call after the failure asks for the keys and gets them.
        wait_until(lambda: control.call(keys[0].token())[0] == 200, 30, "the keys")
        issuer.documents.clear()
        assert control.call(keys[1].token())[0] == 403
        assert control.call(keys[0].token())[0] == 200


def test_discovery_over_tls_with_an_authority_of_its_own(tmp_path, keys):
    certificate, private = tmp_path / "cert.pem", tmp_path / "key.pem"
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=issuer", "-addext",
            "subjectAltName=IP:127.0.0.1", "-keyout", private, "-out", certificate)
    issuer = Issuer(tls=(certificate, private))
    try:
        issuer.documents["/.well-known/openid-configuration"] = {"issuer": issuer.url, "jwks_uri": issuer.url + "/keys"}
        issuer.keys(keys[0])
        token = keys[0].token(iss=issuer.url, email="ann@id.test", roles=["ops"])
        trusting, wary = tmp_path / "trusting", tmp_path / "wary"
        trusting.mkdir()
        wary.mkdir()
        with running(trusting, "--oidc-issuer", issuer.url, "--oidc-ca", certificate, "--oidc-user-claim", "email",
                     "--oidc-groups-claim", "roles") as control:
            control.attach("AWSAppMeshFullAccess", "--group", "ops")
            assert control.create(token, "m") == (200, None)
            audit = [json.loads(line) for line in wait_for_audit(control.data / "audit.log", "CreateMesh")]
            assert audit[-1]["actor"] == f"arn:aws:iam::{ACCOUNT}:user/ann@id.test"
        with running(wary, "--oidc-issuer", issuer.url) as control:
            assert control.call(token)[:2] == (503, "ServiceUnavailableException")
            wait_until(lambda: "certificate" in control.log(), 30, "the reason in the log")
    finally:
        issuer.close()


def test_keys_in_a_file(tmp_path, keys):
    path = tmp_path / "keys.json"
    arguments = ["--oidc-issuer", ISSUER, "--oidc-jwks", str(path)]
    with pytest.raises(RuntimeError, match="--oidc-jwks: .*keys.json: cannot be read"):
        Control(tmp_path, *arguments)
    path.write_text(json.dumps({"keys": [keys[0].jwk()]}))
    with running(tmp_path, *arguments) as control:
        control.attach("AWSAppMeshFullAccess", "--user", "ann")
        assert control.call(keys[0].token())[0] == 200
        path.write_text(json.dumps({"keys": [keys[1].jwk()]}))
        assert control.call(keys[1].token())[0] == 200
        assert control.call(keys[0].token())[0] == 403


def wait_for_audit(path, operation):
    """The lines of the audit log once `operation` is among them."""
    return wait_until(lambda: [text for text in [path.read_text()] if operation in text], 30,
                      f"{operation} in the audit log")[0].splitlines()


def test_no_log_holds_a_token(control, keys):
    control.attach("AWSAppMeshFullAccess", "--user", "ann")
    tokens = [keys[0].token(), keys[1].token(), keys[0].token(aud="another"), "not-a-token-at-all"]
    for token in tokens:
        control.call(token)
    assert control.create(tokens[0], "last") == (200, None)
    text = "\n".join(wait_for_audit(control.data / "audit.log", "CreateMesh")) + control.log()
    for token in tokens:
        for part in token.split("."):
            assert part not in text
