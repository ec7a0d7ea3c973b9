"""Single requests as an application sends them: to a virtual service's name, from a host of its own."""
import contextlib
import dataclasses
import http.client
import json
import socket

from support.namespaces import VIRTUAL4

TIMEOUT = 30


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def by(self):
        """Which application answered, or what the proxy did instead."""
        return self.headers.get("x-application", self.code)

    @property
    def code(self):
        """Its status; of a gRPC call that failed, as "grpc 14"."""
        failed = self.headers.get("grpc-status", "0")
        return self.status if failed == "0" else f"grpc {failed}"

    @property
    def text(self):
        """What a proxy says in its own answer."""
        return self.headers.get("grpc-message") or self.body.decode()


class Begun:
    """A request that is on its way."""

    def __init__(self, connection):
        self._connection = connection

    def answer(self):
        with contextlib.closing(self._connection):
            response = self._connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, headers, response.read())


def ask(host, name, port, path="/", **how):
    """The answer to one request; `how` goes to `begin`."""
    return begin(host, name, port, path, **how).answer()


def begin(host, name, port, path="/", method="GET", headers=None, body=None, address=VIRTUAL4, tls=None):
    """Sends an HTTP/1.1 request from `host` to the service `name`, on a connection of its own. `tls` is an
    ssl.SSLContext."""
    with host.inside():
        connection = http.client.HTTPConnection(address, port, timeout=TIMEOUT)
        connection.connect()
    if tls:
        connection.sock = tls.wrap_socket(connection.sock, server_hostname=name)
    connection.request(method, path, body=body, headers={"Host": name, **(headers or {})})
    return Begun(connection)


def connect(host, port, address=VIRTUAL4, timeout=TIMEOUT):
    """A TCP connection from `host`."""
    with host.inside():
        return socket.create_connection((address, port), timeout=timeout)


def receive(connection, size=65536):
    """What comes next, b"" at the end; a reset counts as the end."""
    try:
        return connection.recv(size)
    except ConnectionResetError:
        return b""
