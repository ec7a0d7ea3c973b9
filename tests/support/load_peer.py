"""Applications that answer, and load of a constant rate on them, as processes of their own: neither waits for the test.

    load_peer.py serve ADDRESS PORT:NAME...   prints {"ports": [...]}; each takes HTTP/1.1, HTTP/2, gRPC and lines over TCP
    load_peer.py send                         reads a line of JSON, a list of flows (see Flow), then sends; prints a report
                                              for each further line, and the last one at the end of stdin

The load is open: a request goes out when it is due, whatever became of those before. The report says how late the latest
was and how many were really sent.
"""
import asyncio
import collections
import contextlib
import json
import sys

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings

_PREFACE = b"PRI * HTTP/2.0\r\n"
_GOAWAY = 7  # the type of a frame
_PATIENCE = 30  # seconds for one answer
_CATCH_UP = 1.0  # seconds that are made up for
_REST = 0.5  # seconds that a connection is kept without a request
_KEPT_FAILURES = 20
_MAX_OPEN = 2000  # requests of one flow without answer: more is a failure of its own


# Applications.


class Application(asyncio.Protocol):
    """One connection of whatever protocol its first bytes are in."""

    def __init__(self, name):
        self._name = name.encode()
        self._answer = b"HTTP/1.1 200 OK\r\nx-application: %s\r\ncontent-length: 3\r\n\r\nok\n" % self._name
        self._buffer = b""
        self._take = None

    def connection_made(self, transport):
        self._transport = transport

    def data_received(self, data):
        self._buffer += data
        if self._take is None and (self._buffer[:16] == _PREFACE or not _PREFACE.startswith(self._buffer[:16])):
            self._take = self._choose()
        if self._take:
            self._take()

    def _choose(self):
        if self._buffer.startswith(_PREFACE):
            self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
            self._h2.local_settings[h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS] = 10_000
            self._h2.initiate_connection()
            self._grpc = {}
            return self._take_h2
        return self._take_http if self._buffer.startswith(b"GET ") else self._take_line

    def _take_http(self):
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            self._buffer = self._buffer[end + 4:]
            self._transport.write(self._answer)

    def _take_line(self):
        while (end := self._buffer.find(b"\n")) >= 0:
            self._transport.write(self._name + b" " + self._buffer[:end + 1])
            self._buffer = self._buffer[end + 1:]

    def _take_h2(self):
        data, self._buffer = self._buffer, b""
        for event in self._h2.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                self._grpc[event.stream_id] = dict(event.headers).get("content-type") == "application/grpc"
            elif isinstance(event, h2.events.DataReceived):
                self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded) and event.stream_id in self._grpc:
                with contextlib.suppress(h2.exceptions.ProtocolError):  # the client has reset it meanwhile
                    self._answer_h2(event.stream_id, self._grpc.pop(event.stream_id))
            elif isinstance(event, h2.events.StreamReset):
                self._grpc.pop(event.stream_id, None)
        self._transport.write(self._h2.data_to_send())

    def _answer_h2(self, stream, grpc):
        more = [("content-type", "application/grpc")] if grpc else []
        self._h2.send_headers(stream, [(":status", "200"), ("x-application", self._name.decode()), *more])
        self._h2.send_data(stream, b"\0\0\0\0\0" if grpc else b"ok\n", end_stream=not grpc)
        if grpc:
            self._h2.send_headers(stream, [("grpc-status", "0")], end_stream=True)


async def serve(address, *ports):
    loop = asyncio.get_running_loop()
    servers = []
    for given in ports:
        port, name = given.split(":")
        servers.append(await loop.create_server(lambda name=name: Application(name), address, int(port), backlog=1024))
    print(json.dumps({"ports": [server.sockets[0].getsockname()[1] for server in servers]}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


# Load.


class Broken(Exception):
    """The request has no good answer; the text says what came."""


class Flow:
    """Requests of one kind: `kind` is http, http2, grpc or tcp, `rate` is per second; `name` is the authority."""

    def __init__(self, label, kind, address, port, name, rate, path="/", headers=()):
        self.label, self.kind, self.rate, self._interval = label, kind, rate, 1 / rate
        self.target = (address, port)
        self.name, self.path, self.headers = name, path, dict(headers)
        self.sent, self.answers, self.failed = 0, collections.Counter(), 0
        self.failures = {}  # {what came: [how often, first, last]}, in seconds since the beginning
        self.latest, self.open = 0.0, 0
        self._ask = {"http": Http1, "http2": Http2, "grpc": Http2, "tcp": Tcp}[kind](self)
        self._tasks = set()

    async def run(self, began, ended):
        loop = asyncio.get_running_loop()
        due = began
        while not ended.is_set():
            now = loop.time()
            self.latest = max(self.latest, now - due)
            # When this process was not run for long, what it missed is missing in the rate: no burst makes up for it.
            due = max(due, now - _CATCH_UP)
            while due <= now:
                due += self._interval
                self.sent += 1
                self._send(now - began)
            await asyncio.sleep(due - now)
        while self._tasks:
            await asyncio.wait(self._tasks)
        self._ask.close()

    def _send(self, at):
        if self.open >= _MAX_OPEN:
            self._fail(at, "too many without answer")
            return
        task = asyncio.ensure_future(self._one(at))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _one(self, at):
        self.open += 1
        try:
            self.answers[await asyncio.wait_for(self._ask.ask(), _PATIENCE)] += 1
        except (OSError, Broken, h2.exceptions.ProtocolError, asyncio.TimeoutError) as error:
            self._fail(at, f"{type(error).__name__}: {error}")
        finally:
            self.open -= 1

    def _fail(self, at, what):
        self.failed += 1
        if what in self.failures or len(self.failures) < _KEPT_FAILURES:
            seen = self.failures.setdefault(what, [0, round(at, 3), 0])
            seen[0], seen[2] = seen[0] + 1, round(at, 3)

    def report(self):
        return {"kind": self.kind, "sent": self.sent, "answers": self.answers, "failed": self.failed,
                "failures": self.failures, "latest": round(self.latest, 3)}


class Http1:
    """Over connections that are kept as long as they are used: one that rests may be closed just when a request is on its
    way, which HTTP/1.1 leaves to the client."""

    def __init__(self, flow):
        self._flow = flow
        head = [f"GET {flow.path} HTTP/1.1", f"host: {flow.name}", *(f"{k}: {v}" for k, v in flow.headers.items())]
        self._request = "\r\n".join([*head, "", ""]).encode()
        self._idle = collections.deque()

    async def ask(self):
        loop = asyncio.get_running_loop()
        while self._idle and self._idle[0].rests_since < loop.time() - _REST:
            self._idle.popleft().close()
        connection = None
        while self._idle and connection is None:
            connection = self._idle.pop()
            connection = None if connection.lost else connection
        if connection is None:
            _, connection = await loop.create_connection(Http1Connection, *self._flow.target)
        status, headers, body = await connection.ask(self._request)
        if connection.kept and not connection.lost:
            connection.rests_since = loop.time()
            self._idle.append(connection)
        else:
            connection.close()
        if status != 200:
            raise Broken(f"{status} {body[:100]!r}")
        return headers["x-application"]

    def close(self):
        for connection in self._idle:
            connection.close()


class Http1Connection(asyncio.Protocol):
    def __init__(self):
        self.lost, self.kept, self.rests_since = False, True, 0.0
        self._buffer, self._waiter, self._used = b"", None, 0

    def connection_made(self, transport):
        self._transport = transport

    def ask(self, request):
        self._waiter = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._waiter

    def data_received(self, data):
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or self._waiter is None or self._waiter.done():
            return
        lines = self._buffer[:end].decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        size = end + 4 + int(headers.get("content-length", 0))
        if len(self._buffer) < size:
            return
        body, self._buffer = self._buffer[end + 4:size], self._buffer[size:]
        self.kept = headers.get("connection") != "close"
        self._used += 1
        self._waiter.set_result((int(lines[0].split()[1]), headers, body))

    def connection_lost(self, error):
        self.lost = True
        if self._waiter and not self._waiter.done():
            self._waiter.set_exception(Broken(f"connection lost after {self._used} answers: {error!r}"))

    def close(self):
        self._transport.close()


class Http2:
    """Over one connection, and the next when the server says that it goes away."""

    def __init__(self, flow):
        grpc = flow.kind == "grpc"
        self._flow = flow
        self._headers = [(":method", "POST" if grpc else "GET"), (":scheme", "http"), (":authority", flow.name),
                         (":path", flow.path), *([("content-type", "application/grpc"), ("te", "trailers")] if grpc else []),
                         *flow.headers.items()]
        self._body = b"\0\0\0\0\0" if grpc else None
        self._connection = None
        self._connecting = None

    async def ask(self):
        while True:
            connection = await self._connect()
            headers = await connection.ask(self._headers, self._body)
            if headers is not None:  # else it was not processed, and the next connection is asked
                break
        if headers.get(":status") != "200" or headers.get("grpc-status", "0") != "0":
            raise Broken(" ".join(f"{name}={value}" for name, value in headers.items() if name != "date"))
        if self._body and "grpc-status" not in headers:
            raise Broken("no trailers")
        return headers["x-application"]

    async def _connect(self):
        if self._connection is None or not self._connection.takes:
            if self._connecting is None:
                loop = asyncio.get_running_loop()
                self._connecting = asyncio.ensure_future(loop.create_connection(Http2Connection, *self._flow.target))
            connecting = self._connecting
            try:
                _, self._connection = await asyncio.shield(connecting)
            finally:
                if self._connecting is connecting:
                    self._connecting = None
        return self._connection

    def close(self):
        if self._connection:
            self._connection.close()


class Http2Connection(asyncio.Protocol):
    def __init__(self):
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self._streams, self._buffer = {}, b""
        self.takes = True

    def connection_made(self, transport):
        self._transport = transport
        self._h2.initiate_connection()
        self._flush()

    def ask(self, headers, body):
        """Becomes the headers and trailers of the answer, or None if the server did not process it."""
        waiter = asyncio.get_running_loop().create_future()
        if not self.takes:
            waiter.set_result(None)
            return waiter
        stream = self._h2.get_next_available_stream_id()
        self._h2.send_headers(stream, headers, end_stream=body is None)
        if body is not None:
            self._h2.send_data(stream, body, end_stream=True)
        self._streams[stream] = (waiter, {})
        self._flush()
        return waiter

    def data_received(self, data):
        self._buffer += data
        for event in self._h2.receive_data(self._frames()):
            self._on(event)
        self._flush()

    def _frames(self):
        """Whole frames, but those that say that the server goes away: the h2 library takes nothing behind such a one,
        though the answers that are under way still come."""
        taken = b""
        while len(self._buffer) >= 9 and len(self._buffer) >= (size := 9 + int.from_bytes(self._buffer[:3], "big")):
            frame, self._buffer = self._buffer[:size], self._buffer[size:]
            if frame[3] == _GOAWAY:
                self._go_away(int.from_bytes(frame[9:13], "big") & 0x7fffffff)
            else:
                taken += frame
        return taken

    def _on(self, event):
        waiter, headers = self._streams.get(getattr(event, "stream_id", None), (None, None))
        if waiter is None:
            return
        if isinstance(event, (h2.events.ResponseReceived, h2.events.TrailersReceived)):
            headers.update(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            self._end(event.stream_id, headers)
        elif isinstance(event, h2.events.StreamReset):
            self._end(event.stream_id, Broken(f"stream reset with {event.error_code}"))

    def _go_away(self, last_stream):
        self.takes = False
        for stream in [stream for stream in self._streams if stream > last_stream]:
            self._end(stream, None)
        if not self._streams:
            self._transport.close()

    def _end(self, stream, result):
        waiter, _ = self._streams.pop(stream)
        if not waiter.done():
            (waiter.set_exception if isinstance(result, Exception) else waiter.set_result)(result)
        if not self.takes and not self._streams:
            self._transport.close()

    def connection_lost(self, error):
        self.takes = False
        for stream in list(self._streams):
            self._end(stream, Broken(f"connection lost: {error!r}"))

    def _flush(self):
        if data := self._h2.data_to_send():
            self._transport.write(data)

    def close(self):
        self._transport.close()


class Tcp:
    """A connection for each line."""

    def __init__(self, flow):
        self._flow = flow

    async def ask(self):
        reader, writer = await asyncio.open_connection(*self._flow.target)
        try:
            writer.write(b"hello\n")
            line = await reader.readline()
        finally:
            writer.close()
        if not line.endswith(b"hello\n"):
            raise Broken(f"the connection ended with {line!r}")
        return line.split()[0].decode()

    def close(self):
        pass


async def send():
    loop = asyncio.get_running_loop()
    flows = [Flow(**given) for given in json.loads(sys.stdin.readline())]
    ended = asyncio.Event()
    began = loop.time()
    running = [asyncio.ensure_future(flow.run(began, ended)) for flow in flows]
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps({flow.label: flow.report() for flow in flows}), flush=True)
    seconds = loop.time() - began
    ended.set()
    await asyncio.gather(*running)
    print(json.dumps({"seconds": seconds, "flows": {flow.label: flow.report() for flow in flows}}), flush=True)


if __name__ == "__main__":
    asyncio.run({"serve": serve, "send": send}[sys.argv[1]](*sys.argv[2:]))
