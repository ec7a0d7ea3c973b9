"""Upstreams that say which cluster they are and what they were sent."""
import json
import socket
import threading

# What a client of plain TCP sends; the answer is `cluster NAME`. No method of HTTP begins so.
PING = b"\x01ping\n\r\n\r\n"
_TLS = b"\x16"
# Set on every answer over HTTP: routes that take it away do so for it alone.
MARKED_HEADER = "x-app-mesh-virtual-service"


class MarkedUpstreams:
    """One small server for each cluster, on ports of `address`. Answers over HTTP/1.1 with {cluster, method, path,
    headers}, after taking the upgrade that is asked for, and to anything else with `cluster NAME`. Serves until
    close()."""

    def __init__(self, address):
        self.address = address
        self._sockets = {}

    def port(self, cluster):
        """Where `cluster` is; it is there from now on."""
        if cluster not in self._sockets:
            made = socket.create_server((self.address, 0), backlog=128)
            self._sockets[cluster] = made
            threading.Thread(target=self._serve, args=(cluster, made), daemon=True).start()
        return self._sockets[cluster].getsockname()[1]

    def close(self):
        for each in self._sockets.values():
            each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _serve(self, cluster, listening):
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:  # closed
                return
            threading.Thread(target=_answer, args=(cluster, connection), daemon=True).start()


def _answer(cluster, connection):
    with connection:
        connection.settimeout(30)
        try:
            data = b""
            # The first byte of TLS is enough: the rest of it may look like anything.
            while b"\r\n\r\n" not in data and b"\n" not in data[:len(PING)] and data[:1] != _TLS:
                more = connection.recv(65536)
                if not more:
                    return
                data += more
            head = data.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
            is_http = len(head) > 1 and data[:1] != _TLS
            connection.sendall(_http(cluster, head) if is_http else b"cluster %s\n" % cluster.encode())
        except OSError:
            pass


def _http(cluster, head):
    method, path, _ = head[0].split(" ")
    headers = [line.split(": ", 1) for line in head[1:]]
    body = json.dumps({"cluster": cluster, "method": method, "path": path, "headers": headers}).encode()
    if any(name.lower() == "upgrade" for name, _ in headers):  # taken; the answer is what follows in the new protocol
        return (f"HTTP/1.1 101 Switching Protocols\r\n{MARKED_HEADER}: marked\r\nconnection: upgrade\r\n"
                "upgrade: websocket\r\n\r\n").encode() + body
    return (f"HTTP/1.1 200 OK\r\n{MARKED_HEADER}: marked\r\nconnection: close\r\n"
            f"content-length: {len(body)}\r\n\r\n").encode() + body
