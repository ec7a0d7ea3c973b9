"""Single requests to the API of a World, signed by botocore and sent as they are: what no SDK would send."""
import http.client
import json

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from demo.mesh import REGION

MESHES = "/v20190125/meshes"


def sign(endpoint_url, key, method, target, body=b"", region=REGION, service="appmesh", token=None):
    """The headers of a signed request; `key` as `chancery keys create` prints it."""
    request = AWSRequest(method=method, url=endpoint_url + target, data=body)
    credentials = Credentials(key["AccessKeyId"], key["SecretAccessKey"], token)
    botocore.auth.SigV4Auth(credentials, service, region).add_auth(request)
    return dict(request.headers.items())


def presign(endpoint_url, key, target, expires=60):
    """The target of a GET whose signature is in its query."""
    request = AWSRequest(method="GET", url=endpoint_url + target)
    credentials = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    botocore.auth.SigV4QueryAuth(credentials, "appmesh", REGION, expires).add_auth(request)
    return request.url.removeprefix(endpoint_url)


def exchange(connection, method, target, headers=None, body=b""):
    """(status, body, headers) of one request on an open connection."""
    connection.request(method, target, body=body or None, headers=headers or {})
    response = connection.getresponse()
    return response.status, json.loads(response.read()), response.headers


def send(world, method, target, headers=None, body=b""):
    """(status, name of the error or None, body) of one request on a connection of its own."""
    host, port = world.control.api.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    try:
        status, answer, _ = exchange(connection, method, target, headers, body)
    finally:
        connection.close()
    return status, answer.get("code"), answer


def call(world, key, method, target, body=None, **how):
    """`send` of a signed request; `body` is JSON."""
    content = b"" if body is None else json.dumps(body).encode()
    return send(world, method, target, sign(world.control.endpoint_url, key, method, target, content, **how), content)
