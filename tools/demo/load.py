"""Constant load over keep-alive connections, counted by who answered."""
from collections import Counter
from dataclasses import dataclass
import http.client
import json
import socket
import threading
import time

_KEPT_FAILURES = 1000


@dataclass(frozen=True)
class Failure:
    """A request without a good answer: when (seconds since the start of the load) and what came."""
    at: float
    detail: str


class Load:
    """`connections` clients that together send `rate` requests a second to `address` ("HOST:PORT"),
    each on one connection as long as the peer lets it. Anything but a 200 with JSON is a failure;
    nothing is retried, but that with `redial` a connection that is reset before its first answer is
    made anew, and counted. Use as a context manager, or start() and stop()."""

    def __init__(self, address, host=None, path="/", headers=None, rate=200, connections=4, limit=None, redial=False):
        self._address = address
        self._path = path
        self._headers = {"Host": host or address, **(headers or {})}
        self._interval = connections / rate
        self._lock = threading.Lock()
        self._left = limit
        self._redial = redial
        self.connections = connections
        self._stop = threading.Event()
        self._began = time.monotonic()
        self.versions = Counter()
        self.failed = 0
        self.redials = 0
        self.failures = []
        self._threads = [
            threading.Thread(target=self._run, args=(i * self._interval / connections,), daemon=True)
            for i in range(connections)
        ]

    def start(self):
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def stop(self):
        self._stop.set()
        return self.join()

    def join(self):
        """Waits until `limit` requests are done or stop() was called."""
        for thread in self._threads:
            thread.join()
        return self

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    @property
    def total(self):
        with self._lock:
            return sum(self.versions.values()) + self.failed

    def counts(self):
        """A copy of the counts by version."""
        with self._lock:
            return Counter(self.versions)

    def assert_no_failure(self):
        with self._lock:
            failures = list(self.failures)
        assert not failures, f"{self.failed} of {self.total} requests failed, the first: {failures[:5]}"
        assert self.versions, "the load sent no request"

    def _run(self, delay):
        connection = None
        due = time.monotonic() + delay
        while not self._stop.wait(max(0.0, due - time.monotonic())) and self._take():
            try:
                connection, version = self._send(connection)
                self._count(version)
            except (OSError, http.client.HTTPException, ValueError) as error:
                self._fail(f"{type(error).__name__}: {error}")
                if connection:
                    connection.close()
                connection = None
            # A peer that stalls must not make a burst afterwards.
            due = max(due + self._interval, time.monotonic() - 1)
        if connection:
            connection.close()

    def _send(self, connection):
        """One request on `connection`, or on a new one: (the connection, the version that answered)."""
        fresh = connection is None or connection.sock is None
        connection = connection or _connect(self._address)
        try:
            return connection, _request(connection, self._path, self._headers)
        except ConnectionResetError:
            connection.close()
            if not (self._redial and fresh):
                raise
        with self._lock:
            self.redials += 1
        return connection, _request(connection, self._path, self._headers)

    def _take(self):
        with self._lock:
            if self._left is None:
                return True
            self._left -= 1
            return self._left >= 0

    def _count(self, version):
        with self._lock:
            self.versions[version] += 1

    def _fail(self, detail):
        with self._lock:
            self.failed += 1
            if len(self.failures) < _KEPT_FAILURES:
                self.failures.append(Failure(round(time.monotonic() - self._began, 3), detail))


def _connect(address):
    host, port = address.rsplit(":", 1)
    return _Connection(host.strip("[]"), int(port), timeout=20)


class _Connection(http.client.HTTPConnection):
    def connect(self):
        super().connect()
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _request(connection, path, headers):
    """The `version` member of the answer. ValueError for anything but a 200 with JSON."""
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        flags = response.getheader("x-envoy-response-flags", "")
        raise ValueError(f"status {response.status} {flags} {body[:200]!r}")
    return json.loads(body)["version"]


def get(address, host=None, path="/", headers=None, method="GET"):
    """One request on a connection of its own: (status, body as JSON or text)."""
    connection = _connect(address)
    try:
        connection.request(method, path, headers={"Host": host or address, **(headers or {})})
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    try:
        return response.status, json.loads(body)
    except ValueError:
        return response.status, body.decode("utf-8", "replace")
