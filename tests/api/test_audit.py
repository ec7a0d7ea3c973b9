"""The audit log: a line for each call with who, from where, what, on what and with what result; and never a secret."""
import collections
import concurrent.futures
import http.client
import json
import re
import uuid

import pytest

from demo.mesh import ACCOUNT, REGION
from demo.signing import MESHES, exchange, presign, sign
from demo.world import World

CALLS = 10_000
# Of Caller.turn.
CALLS_A_TURN = 11
TURNS = -(-CALLS // CALLS_A_TURN)
THREADS = 4
TOKEN = "FwoGZXIvYXdzEBYaDmNoYW5jZXJ5LXRlc3QtdG9rZW4"
CLIENT_TOKEN = "client-token-that-is-nobodys-business"
MESH = f"arn:aws:appmesh:{REGION}:{ACCOUNT}:mesh/"

# What is expected of a line, by the id of the request.
Sent = collections.namedtuple("Sent", "operation actor resources status error txn")


class Caller:
    """One thread's connection and the calls that it makes."""

    def __init__(self, world, keys):
        self._url, self._keys = world.control.endpoint_url, keys
        host, port = world.control.api.rsplit(":", 1)
        self._connection = http.client.HTTPConnection(host, int(port), timeout=60)
        self.sent, self.signatures = {}, set()

    def _exchange(self, method, target, headers, body, operation, user, resource):
        self.signatures.update(re.findall(r"Signature=([0-9a-f]{64})", target + headers.get("Authorization", "")))
        status, answer, headers = exchange(self._connection, method, target, headers, body)
        actor = f"arn:aws:iam::{ACCOUNT}:user/{user}" if user else None
        self.sent[headers["x-amzn-RequestId"]] = Sent(operation, actor, [resource] if resource else None, status,
                                                      answer.get("code"), headers["x-chancery-txn"])

    def _signed(self, user, method, target, operation, resource, body=b"", known=True, **how):
        headers = sign(self._url, self._keys[user], method, target, body, **how)
        self._exchange(method, target, headers, body, operation, user if known else None, resource if known else None)

    def turn(self, number):
        """Eleven calls, of which each has another outcome."""
        name, listed = f"m{number}", MESHES
        create = json.dumps({"meshName": name, "clientToken": f"{CLIENT_TOKEN}-{number}"}).encode()
        self._signed("writer", "PUT", listed, "CreateMesh", MESH + name, create)
        self._signed("writer", "PUT", listed, "CreateMesh", MESH + name, create)  # the same, by its token
        self._signed("reader", "GET", f"{listed}/{name}", "DescribeMesh", MESH + name)
        self._signed("reader", "DELETE", f"{listed}/{name}", "DeleteMesh", MESH + name)  # denied
        self._signed("writer", "PUT", listed, "CreateMesh", MESH + "bad name", b'{"meshName":"bad name"}')
        self._signed("wrong", "GET", listed, "ListMeshes", None, known=False)
        self._signed("writer", "GET", listed, "ListMeshes", None, known=False, token=TOKEN)
        self._exchange("GET", listed, {}, b"", "ListMeshes", None, None)
        self._exchange("GET", presign(self._url, self._keys["reader"], listed), {}, b"", "ListMeshes", "reader", "*")
        self._signed("writer", "GET", "/v20190125/nonsense", None, None, known=False)
        self._signed("writer", "DELETE", f"{listed}/{name}", "DeleteMesh", MESH + name)


@pytest.fixture(scope="module")
def audited():
    """(World that has ended, what was sent, the signatures, the secrets)."""
    with World() as world:
        reader = world.make_key("reader", "AWSAppMeshReadOnly")
        keys = {"writer": world.make_key("writer", "AWSAppMeshFullAccess"), "reader": reader,
                "wrong": reader | {"SecretAccessKey": str(uuid.uuid4())}}
        callers = [Caller(world, keys) for _ in range(THREADS)]

        def run(index):
            for number in range(index, TURNS, THREADS):
                callers[index].turn(number)

        with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(run, range(THREADS)))
        world.control.stop()
        sent = {request: told for caller in callers for request, told in caller.sent.items()}
        assert len(sent) >= CALLS
        secrets = {key["SecretAccessKey"] for key in [*keys.values(), world.key]} | {TOKEN}
        yield world, sent, set().union(*(caller.signatures for caller in callers)), secrets


# Refusals of a call that named a key.
CLAIMED = ("InvalidSignatureException", "UnrecognizedClientException")


def logs_of(world):
    """The process's own log, which is its stderr, and every file of its data directory that is no database."""
    files = [path for path in world.control.data.iterdir() if path.is_file() and not path.name.startswith("chancery.db")]
    names = {path.name for path in files}
    assert "audit.log" in names, names
    return {path: path.read_text(encoding="utf-8") for path in
            [world.directory / "chancery.log", *(path for path in files if path.name != "secret.key")]}


def test_each_call_has_one_line(audited):
    world, sent, _, _ = audited
    lines = [json.loads(line) for path, text in logs_of(world).items() if path.name.startswith("audit.log")
             for line in text.splitlines()]
    commands = [line for line in lines if line.get("actor") == "admin.sock"]
    assert {line["operation"] for line in commands} == {"keys create", "policy attach"}
    assert {line["arguments"]["user"] for line in commands} >= {"reader", "writer"}
    lines = [line for line in lines if line not in commands]
    by_id = {line["requestId"]: line for line in lines}
    assert len(by_id) == len(lines), "a call has two lines"
    assert set(sent) == set(by_id)
    host = world.control.api.rsplit(":", 1)[0]
    assert {line["source"].rsplit(".", 3)[0] for line in lines} == {"127"}, host
    for request, told in sent.items():
        line = by_id[request]
        found = Sent(line.get("operation"), line.get("actor"), line.get("resources"), line["status"], line.get("error"),
                     str(line["txn"]) if "txn" in line else None)
        assert found == told, line
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"]), line
        assert ("accessKeyId" in line) == (told.actor is not None), line
        assert ("claimedAccessKeyId" in line) == (told.error in CLAIMED), line


def test_every_outcome_was_there(audited):
    """Or the test above would prove little."""
    _, sent, _, _ = audited
    assert collections.Counter((told.status, told.error) for told in sent.values()) == {
        (200, None): 5 * TURNS, (403, "AccessDeniedException"): TURNS, (400, "BadRequestException"): TURNS,
        (403, "InvalidSignatureException"): TURNS, (403, "UnrecognizedClientException"): TURNS,
        (403, "MissingAuthenticationTokenException"): TURNS, (404, "UnknownOperationException"): TURNS}
    assert all(told.txn for told in sent.values() if told.operation in ("CreateMesh", "DeleteMesh") and not told.error)


def test_no_log_has_a_secret_a_token_or_a_signature(audited):
    world, _, signatures, secrets = audited
    assert len(signatures) >= 4 * TURNS  # equal calls within a second have one
    for path, text in logs_of(world).items():
        assert not [secret for secret in secrets if secret in text], path
        assert not signatures & set(re.findall(r"[0-9a-f]{64}", text)), path
        assert "X-Amz-" not in text and "AWS4-HMAC" not in text and CLIENT_TOKEN not in text, path
