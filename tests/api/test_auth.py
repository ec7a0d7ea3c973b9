"""Who may ask: signatures, keys and their states, against the real process."""
import datetime
import uuid

import botocore.exceptions
import pytest

from demo.mesh import ACCOUNT
from demo.signing import MESHES, call, presign, send, sign
from sigv4_cases import clock

INVALID = (403, "InvalidSignatureException")
UNRECOGNIZED = (403, "UnrecognizedClientException")


def refused_with(caught):
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def listing(world, key, **how):
    return call(world, key, "GET", MESHES, **how)[:2]


def test_a_signed_call_is_answered(module_world):
    assert call(module_world, module_world.key, "GET", MESHES)[0] == 200


def test_nothing_that_says_who(module_world):
    assert send(module_world, "GET", MESHES)[:2] == (403, "MissingAuthenticationTokenException")


@pytest.mark.parametrize("header", ["AWS4-HMAC-SHA256 nonsense", "AWS4-HMAC-SHA256", "Basic dXNlcjpzZWNyZXQ="])
def test_an_authorization_that_is_none(module_world, header):
    headers = sign(module_world.control.endpoint_url, module_world.key, "GET", MESHES) | {"Authorization": header}
    status, code, _ = send(module_world, "GET", MESHES, headers)
    assert (status, code) in [(403, "IncompleteSignatureException"), (403, "MissingAuthenticationTokenException")]


def test_a_wrong_secret(module_world):
    secret = module_world.key["SecretAccessKey"]
    wrong = ("A" if secret[0] != "A" else "B") + secret[1:]
    assert listing(module_world, module_world.key | {"SecretAccessKey": wrong}) == INVALID
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        module_world.connect(module_world.key | {"SecretAccessKey": wrong}).list_meshes()
    assert refused_with(caught) == INVALID


def test_an_unknown_key(module_world):
    assert listing(module_world, module_world.key | {"AccessKeyId": "AKIAUNKNOWNUNKNOWN12"}) == UNRECOGNIZED


def test_a_security_token_that_no_key_has(module_world):
    assert listing(module_world, module_world.key, token="token") == UNRECOGNIZED


@pytest.mark.parametrize("how", [{"region": "eu-west-1"}, {"service": "s3"}])
def test_another_scope(module_world, how):
    assert listing(module_world, module_world.key, **how) == INVALID


@pytest.mark.parametrize("minutes, answer", [(-6, INVALID), (-4, (200, None)), (4, (200, None)), (6, INVALID)])
def test_the_clock_of_the_client(module_world, minutes, answer):
    with clock(datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)):
        assert listing(module_world, module_world.key) == answer


@pytest.mark.parametrize("altered", ["body", "path", "query", "date"])
def test_what_was_altered_under_way(module_world, altered):
    """Each part is covered by the signature; the last line shows that it is the change that is refused."""
    world, body, target = module_world, b'{"meshName":"sent"}', MESHES
    headers = sign(world.control.endpoint_url, world.key, "PUT", target, body)
    sent = {"body": (target, headers, body.replace(b"sent", b"evil")),
            "path": (f"{target}/sent", headers, body),
            "query": (f"{target}?clientToken=x", headers, body),
            "date": (target, headers | {"X-Amz-Date": headers["X-Amz-Date"][:-3] + "59Z"}, body)}
    if headers["X-Amz-Date"].endswith("59Z"):
        sent["date"][1]["X-Amz-Date"] = headers["X-Amz-Date"][:-3] + "00Z"
    where, with_headers, with_body = sent[altered]
    assert send(world, "PUT", where, with_headers, with_body)[:2] == INVALID
    status, code, _ = send(world, "PUT", target, headers, body)
    assert status == 200 or code == "ConflictException"  # a parameter before made it


def test_a_presigned_url(module_world):
    world, target = module_world, f"{MESHES}?limit=10"
    signed = presign(world.control.endpoint_url, world.key, target)
    assert "X-Amz-Signature=" in signed
    assert send(world, "GET", signed)[0] == 200
    assert send(world, "GET", signed)[0] == 200, "it holds until it expires"
    assert send(world, "GET", signed.replace("limit=10", "limit=11"))[:2] == INVALID
    then = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=30)
    with clock(then):
        old = presign(world.control.endpoint_url, world.key, target, expires=60)
    assert send(world, "GET", old)[:2] == INVALID


def test_a_replayed_delete_deletes_nothing(module_world):
    world, name = module_world, f"replayed-{uuid.uuid4()}"
    world.client.create_mesh(meshName=name)
    headers = sign(world.control.endpoint_url, world.key, "DELETE", f"{MESHES}/{name}")
    assert send(world, "DELETE", f"{MESHES}/{name}", headers)[0] == 200
    world.client.create_mesh(meshName=name)
    assert send(world, "DELETE", f"{MESHES}/{name}", headers)[:2] == INVALID
    assert world.client.describe_mesh(meshName=name)["mesh"]["meshName"] == name


def test_a_key_is_disabled_enabled_and_deleted_at_once(module_world):
    world, command = module_world, module_world.control.command
    key, other = (world.make_key("rotated", "AWSAppMeshReadOnly") for _ in range(2))
    which = ["--access-key-id", key["AccessKeyId"]]
    assert listing(world, key) == listing(world, other) == (200, None)
    command("keys", "disable", *which)
    assert (listing(world, key), listing(world, other)) == (UNRECOGNIZED, (200, None))
    shown = command("keys", "list", "--account", ACCOUNT, "--user", "rotated")["AccessKeyMetadata"]
    assert {row["AccessKeyId"]: row["Status"] for row in shown} == {
        key["AccessKeyId"]: "Inactive", other["AccessKeyId"]: "Active"}
    command("keys", "enable", *which)
    assert listing(world, key) == (200, None)
    command("keys", "delete", *which)
    assert listing(world, key) == UNRECOGNIZED
    command("keys", "delete", "--account", ACCOUNT, "--user", "rotated")
    assert listing(world, other) == UNRECOGNIZED
