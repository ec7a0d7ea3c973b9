"""HTTP/2 from the first byte: an application without TLS, and single requests."""
import contextlib

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

from support import requests
from support.applications import HANG, RESET, Received, SocketApplication
from support.namespaces import VIRTUAL4
from support.requests import Answer

REFUSED = "refused"  # the stream, with REFUSED_STREAM


class Http2Application(SocketApplication):
    """Over HTTP/2. Besides what Application takes, an answer may be REFUSED; one that is held holds up those behind it on its
    connection. Serves at `address` of the host that it is made on."""

    def __init__(self, name, address, port=0):
        super().__init__(name)
        self.listen(address, port)

    def talk(self, connection):
        _Session(self, connection).run()


class _Session:
    """One connection of an Http2Application."""

    def __init__(self, application, connection):
        self._application = application
        self._socket = connection
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self._heads, self._bodies = {}, {}

    def run(self):
        self._h2.initiate_connection()
        self._flush()
        while data := self._socket.recv(65536):
            for event in self._h2.receive_data(data):
                self._on(event)
            self._flush()

    def _on(self, event):
        if isinstance(event, h2.events.RequestReceived):
            self._heads[event.stream_id], self._bodies[event.stream_id] = dict(event.headers), b""
        elif isinstance(event, h2.events.DataReceived):
            self._bodies[event.stream_id] += event.data
            self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            with contextlib.suppress(h2.exceptions.StreamClosedError):  # the peer did not wait
                self._answer(event.stream_id)

    def _answer(self, stream):
        head = self._heads.pop(stream)
        headers = {"host": head[":authority"], **head}
        request = Received(head[":method"], head[":path"], headers, self._bodies.pop(stream))
        what = self._application.receive(request)
        if what == REFUSED:
            self._h2.reset_stream(stream, h2.errors.ErrorCodes.REFUSED_STREAM)
        elif what == RESET:
            self._h2.reset_stream(stream, h2.errors.ErrorCodes.INTERNAL_ERROR)
        elif what != HANG:
            body = self._application.describe(request)
            self._h2.send_headers(stream, [(":status", str(what)), ("x-application", self._application.name),
                                           ("content-length", str(len(body)))])
            self._h2.send_data(stream, body, end_stream=True)

    def _flush(self):
        if data := self._h2.data_to_send():
            self._socket.sendall(data)


class Begun:
    """A request that is on its way."""

    def __init__(self, connection, state):
        self._connection, self._state = connection, state

    def answer(self):
        with self._connection:
            return _receive(self._connection, self._state)


def ask(host, name, port, path="/", **how):
    """The answer to one request; `how` goes to `begin`."""
    return begin(host, name, port, path, **how).answer()


def begin(host, name, port, path="/", method="GET", headers=None, scheme="http", address=VIRTUAL4,
          tls=None):
    """Sends an HTTP/2 request from `host` to the service `name`, on a connection of its own. `tls` is an ssl.SSLContext."""
    connection = requests.connect(host, port, address)
    if tls:
        connection = tls.wrap_socket(connection, server_hostname=name)
    state = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    state.initiate_connection()
    pseudo = [(":method", method), (":scheme", scheme), (":authority", name), (":path", path)]
    state.send_headers(1, pseudo + list((headers or {}).items()), end_stream=True)
    connection.sendall(state.data_to_send())
    return Begun(connection, state)


def call(host, name, port, path="/a.B/C", method="POST", headers=None, **how):
    """The answer to a gRPC call, as HTTP/2 has it."""
    headers = {"content-type": "application/grpc", "te": "trailers", **(headers or {})}
    return ask(host, name, port, path, method=method, headers=headers, **how)


def _receive(connection, state):
    headers, body = {}, b""
    while data := connection.recv(65536):
        for event in state.receive_data(data):
            if isinstance(event, (h2.events.ResponseReceived, h2.events.TrailersReceived)):
                headers.update(event.headers)
            elif isinstance(event, h2.events.DataReceived):
                body += event.data
            elif isinstance(event, h2.events.StreamReset):
                raise ConnectionResetError(f"stream reset with {event.error_code}")
            if isinstance(event, h2.events.StreamEnded):
                return Answer(int(headers.pop(":status")), headers, body)
        if answer := state.data_to_send():
            connection.sendall(answer)
    raise ConnectionError("closed before the answer")
