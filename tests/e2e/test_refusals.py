"""What the API refuses, and that the next request works. Raw requests where a client would not send it."""
import http.client
import json

import botocore.exceptions
import pytest

from demo.signing import sign

MESH = "shop"
PREFIX = "/v20190125"
ROUTE = {"httpRoute": {"match": {"prefix": "/"}, "action": {"weightedTargets": [{"virtualNode": "gone", "weight": 1}]}}}


@pytest.fixture
def shop(world):
    world.client.create_mesh(meshName=MESH)
    world.client.create_virtual_router(meshName=MESH, virtualRouterName="r",
                                       spec={"listeners": [{"portMapping": {"port": 80, "protocol": "http"}}]})
    yield world
    assert world.client.describe_mesh(meshName=MESH)["mesh"]["status"]["status"] == "ACTIVE", "the next request works"


def refused(call, **arguments):
    """The error code and message of a call that must not succeed."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(meshName=MESH, **arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def raw(world, method, path, body=b""):
    """(status, error name, body as JSON) of a request as it is, signed."""
    headers = {"Content-Type": "application/json", **sign(world.control.endpoint_url, world.key, method, path, body)}
    host, port = world.control.api.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    try:
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        text = response.read()
    finally:
        connection.close()
    return response.status, response.getheader("x-amzn-ErrorType"), json.loads(text)


def test_a_missing_provider(shop):
    for kind, member in (("virtualNode", "virtualNodeName"), ("virtualRouter", "virtualRouterName")):
        code, message = refused(shop.client.create_virtual_service, virtualServiceName="s.shop",
                                spec={"provider": {kind: {member: "gone"}}})
        assert code == "NotFoundException"
        assert f"spec.provider.{kind}.{member}" in message and "gone" in message


def test_a_missing_route_target(shop):
    code, message = refused(shop.client.create_route, virtualRouterName="r", routeName="x", spec=ROUTE)
    assert code == "NotFoundException"
    assert "spec.httpRoute.action.weightedTargets[0].virtualNode" in message and "gone" in message


def test_an_unknown_kind_of_route(shop):
    path = f"{PREFIX}/meshes/{MESH}/virtualRouter/r/routes"
    status, error, body = raw(shop, "PUT", path, json.dumps({"routeName": "x", "spec": {"udpRoute": {}}}).encode())
    assert (status, error) == (400, "BadRequestException")
    assert "spec" in body["message"] and "Route" in body["message"]


def test_a_name_of_300_characters(shop):
    code, message = refused(shop.client.create_virtual_node, virtualNodeName="n" * 300, spec={})
    assert code == "BadRequestException" and "virtualNodeName" in message and "255" in message
    code, message = refused(shop.client.create_virtual_service, virtualServiceName="s" * 300, spec={})
    assert code == "BadRequestException" and "virtualServiceName" in message


def test_every_violation_is_named(shop):
    path = f"{PREFIX}/meshes/{MESH}/virtualNodes"
    listener = {"portMapping": {"port": 70000, "protocol": "https"}}
    request = {"virtualNodeName": "n", "spec": {"listeners": [listener]}}
    status, _, body = raw(shop, "PUT", path, json.dumps(request).encode())
    assert status == 400
    assert "spec.listeners[0].portMapping.port" in body["message"]
    assert "spec.listeners[0].portMapping.protocol" in body["message"]


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b'{"meshName": }', b"\xff\xfe", b'{"meshName": "\xc3\x28"}',
                                  b"[" * 100_000])
def test_malformed_json(shop, body):
    status, error, answer = raw(shop, "PUT", f"{PREFIX}/meshes", body)
    assert (status, error) == (400, "BadRequestException")
    assert answer["message"]


def test_a_body_of_20_megabytes(shop):
    body = json.dumps({"meshName": "m" * (20 << 20)}).encode()
    host, port = shop.control.api.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    try:
        try:
            connection.request("PUT", f"{PREFIX}/meshes", body=body, headers={"Content-Type": "application/json"})
        except (BrokenPipeError, ConnectionResetError):
            pass  # it need not read all of it; the answer is there
        response = connection.getresponse()
        message = json.loads(response.read())["message"]
    finally:
        connection.close()
    assert (response.status, response.getheader("x-amzn-ErrorType")) == (400, "BadRequestException")
    assert "larger than" in message


def test_an_encoded_slash_stays_inside_its_label(shop):
    status, error, body = raw(shop, "GET", f"{PREFIX}/meshes/{MESH}%2FvirtualNodes")
    assert (status, error) == (400, "BadRequestException")
    assert "meshName" in body["message"]
    status, error, body = raw(shop, "GET", f"{PREFIX}/meshes/%zz")
    assert (status, error) == (400, "BadRequestException")
    assert body["message"]


def test_paths_and_methods_that_are_no_operation(shop):
    status, error, body = raw(shop, "GET", f"{PREFIX}/nothing")
    assert status == 404 and error and body["message"]
    status, error, body = raw(shop, "POST", f"{PREFIX}/meshes")
    assert status == 405 and error and body["message"]
