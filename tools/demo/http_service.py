"""A small HTTP service: says in JSON who it is and what it was sent."""
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import threading


class HttpService:
    """Answers every GET with {service, version, path, headers} (repeated ones joined), and what `more(headers)`
    returns, over HTTP/1.1 with keep-alive. Serves until close()."""

    def __init__(self, address, port, service, version, more=None):
        self.service = service
        self.version = version

        def describe(path, headers):
            answer = {"service": service, "version": version, "path": path, "headers": headers}
            return {**answer, **(more(headers) if more else {})}

        self._server = _Server((address, port), _handler(describe))
        self.address = "%s:%d" % self._server.server_address
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name=service, daemon=True)
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


def _handler(describe):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self):  # the name that http.server wants
            headers = {name.lower(): ", ".join(self.headers.get_all(name)) for name in self.headers}
            body = json.dumps(describe(self.path, headers)).encode()
            # In one write: headers and body apart would wait for each other's ACK.
            self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" %
                             (len(body), body))

        def log_message(self, *arguments):
            pass

    return Handler
