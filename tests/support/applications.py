"""Applications of the tests. They say who they are, remember what reached them and fail when they are told to."""
import contextlib
import dataclasses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import json
import socket
import ssl
import struct
import threading

RESET = "reset"  # the connection, instead of an answer
HANG = "hang"  # no answer until the application ends
HOLD = "hold"  # no answer until `release`; then 200


@dataclasses.dataclass(frozen=True)
class Received:
    method: str
    path: str
    headers: dict
    body: bytes
    tls: dict | None = None  # what a client over TLS showed


class Application:
    """What all of them share: `requests` that came, and the answers to give. `answers` are used up one after another, the
    last one for ever: a status, RESET, HANG or HOLD. Thread-safe."""

    def __init__(self, name):
        self.name = name
        self.requests = []
        self.ended = threading.Event()
        self._answers = {None: [200]}  # by path, None for the rest
        self._released = threading.Event()
        self._connections = set()
        self._lock = threading.Lock()

    def close(self):
        """Ends it with its connections; once more is nothing."""
        if self.ended.is_set():
            return
        self.ended.set()
        self.release()
        self._stop()
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):  # it has ended by itself
                    connection.shutdown(socket.SHUT_RDWR)

    def _stop(self):
        """Takes no more connections."""
        raise NotImplementedError

    @contextlib.contextmanager
    def talking(self, connection):
        """While it is served, by a thread of its own. What a peer that goes away raises is its end."""
        with self._lock:
            self._connections.add(connection)
        try:
            with contextlib.suppress(OSError), connection:
                yield
        finally:
            with self._lock:
                self._connections.discard(connection)

    def will_answer(self, *answers, path=None):
        """Forgets what came, and answers so from now on; with `path` what asks for that alone. What is held is released."""
        self.release()
        with self._lock:
            self.requests.clear()
            self._answers[path] = list(answers)
            self._released = threading.Event()
        return self

    def release(self):
        """Answers all that is held; nothing is held from now on, until will_answer."""
        with self._lock:
            self._released.set()

    @property
    def attempts(self):
        """How many requests came since will_answer."""
        return len(self.requests)

    @property
    def last(self):
        return self.requests[-1]

    def receive(self, request):
        """Remembers `request`; what to answer, once that is to be said."""
        with self._lock:
            self.requests.append(request)
            answers = self._answers.get(getattr(request, "path", None)) or self._answers[None]
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            released = self._released
        if answer != HOLD:
            return answer
        released.wait()
        return 200

    def describe(self, request):
        """The body of a good answer."""
        return json.dumps({"version": self.name, "path": request.path, "headers": request.headers,
                           "tls": request.tls}).encode()


class HttpApplication(Application):
    """Over HTTP/1.1, with WebSocket echo for who asks for it. Serves at `address` of the host that it is made on. Over TLS
    with `tls`, an ssl.SSLContext."""

    def __init__(self, name, address, port=0, tls=None):
        super().__init__(name)
        self._server = _Server((address, port), _handler(self))
        self.port = self._server.server_address[1]
        if tls:
            tls.sni_callback = _keep_name
            # The handshake is made by the first read, in the connection's own thread.
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name=name, daemon=True)
        self._thread.start()

    def _stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _keep_name(connection, name, _):
    connection.name_asked = name


def _shown(connection):
    """Name that a client over TLS asked for, and the common name in its certificate, if there are any."""
    if not isinstance(connection, ssl.SSLSocket):
        return None
    subject = (connection.getpeercert() or {}).get("subject", ())
    client = dict(part[0] for part in subject).get("commonName")
    return {"asked": getattr(connection, "name_asked", None), "client": client}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address, handler):
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)

    def server_bind(self):
        # Without the look-up of our own name that http.server makes.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "test", self.server_address[1]

    def handle_error(self, request, client_address):
        pass  # a peer that went away


def _handler(application):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle(self):
            with application.talking(self.connection):
                super().handle()

        def answer(self):
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            request = Received(self.command, self.path, headers, body, _shown(self.connection))
            what = application.receive(request)
            if headers.get("upgrade", "").lower() == "websocket":
                self._echo()
            elif what == RESET:
                # No lingering: the kernel sends RST.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()
            elif what == HANG:
                application.ended.wait()
                self.close_connection = True
            else:
                self._send(what, application.describe(request))

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer

        def _send(self, status, body):
            # In one write: headers and body apart would wait for each other's ACK.
            self.wfile.write(b"HTTP/1.1 %d X\r\nx-application: %s\r\ncontent-length: %d\r\n\r\n%s" %
                             (status, application.name.encode(), len(body), body if self.command != "HEAD" else b""))

        def _echo(self):
            self.wfile.write(b"HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
                             b"x-application: %s\r\n\r\n" % application.name.encode())
            while data := self.rfile.read1(65536):
                self.wfile.write(data)
            self.close_connection = True

        def log_message(self, *arguments):
            pass

    return Handler


class SocketApplication(Application):
    """One that talks on connections itself, each in a thread of its own."""

    def listen(self, address, port):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._socket = socket.create_server((address, port), family=family, backlog=128, dualstack_ipv6=address == "::")
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, name=self.name, daemon=True)
        self._thread.start()

    def talk(self, connection):
        """Until the peer, or the application, ends it."""
        raise NotImplementedError

    def _serve(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        with self.talking(connection):
            self.talk(connection)

    def _stop(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


class TcpApplication(SocketApplication):
    """Over TCP, and the first to speak, as MySQL and SMTP are: a banner with its name, then what it is sent. Behind TLS
    with `tls`, an ssl.SSLContext."""

    def __init__(self, name, address, port=0, tls=None, speaks_first=True):
        super().__init__(name)
        self._tls = tls
        self._banner = f"hello from {name}\n".encode() if speaks_first else b""
        self.listen(address, port)

    def talk(self, connection):
        self.receive(connection.getpeername())
        with self._tls.wrap_socket(connection, server_side=True) if self._tls else connection as stream:
            stream.sendall(self._banner)
            while data := stream.recv(65536):
                stream.sendall(data)
