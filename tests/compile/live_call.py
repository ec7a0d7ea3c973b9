"""Sends one described call to a LiveProxy and says what came of it, in the words of the simulation."""
import json
import socket
import ssl
from dataclasses import dataclass, field

from live_proxy import CHAIN_HEADER, ROUTE_HEADER, moved
from marked_upstream import MARKED_HEADER, PING


@dataclass
class Seen:
    """`cluster`, or a `status`, or `closed`; none of them where nothing came."""
    status: int = 0
    closed: bool = False
    cluster: str = ""
    path: str = ""
    headers: list = field(default_factory=list)
    grpc_status: str = ""
    chains: list = field(default_factory=list)
    routes: list = field(default_factory=list)
    marked: bool = False


def send(proxy, call, certificate):
    address = (proxy.addresses[call["listener_port"]], moved(call["port"]))
    try:
        with socket.create_connection(address, timeout=20) as connection:
            if call.get("tls"):
                return _over_tls(connection, call, certificate)
            connection.sendall(_bytes_of(call))
            return _read(lambda: connection.recv(65536), call)
    except (ConnectionResetError, BrokenPipeError, ConnectionRefusedError, ssl.SSLError):
        return Seen(closed=True)
    except TimeoutError:
        return Seen()


def _bytes_of(call):
    if call.get("bytes"):
        return PING
    lines = [f"{call.get('method', 'GET')} {call['path']} HTTP/1.1", f"host: {call['host']}"]
    lines += [f"{name}: {value}" for name, value in call.get("headers", [])]
    if call.get("method") == "POST":
        lines.append("content-length: 0")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _read(receive, call):
    data = b""
    while not _complete(data, call):
        more = receive()
        if not more:
            break
        data += more
    if data.startswith(b"cluster "):
        return Seen(cluster=data.decode().split()[1])
    return _http(data, call) if data.startswith(b"HTTP/1.1 ") else Seen(closed=True)


def _complete(data, call):
    if data.startswith(b"cluster "):
        return data.endswith(b"\n")
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return False
    length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    if call.get("method") == "HEAD":
        return True
    return bool(length) and len(body) >= int(length[0].split(b":")[1])


def _http(data, call):
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = [line.split(": ", 1) for line in lines[1:] if ": " in line]

    def all_of(name):
        return [value for key, value in headers if key == name]

    status = int(lines[0].split(" ")[1])
    if status == 400 and (call.get("bytes") or call.get("tls")):
        return Seen(closed=True)
    # Added on the way back: the last hop first.
    seen = Seen(status=status, chains=all_of(CHAIN_HEADER)[::-1], routes=all_of(ROUTE_HEADER)[::-1],
                grpc_status="".join(all_of("grpc-status")), marked=bool(all_of(MARKED_HEADER)))
    if body.startswith(b'{"cluster"'):
        answer = json.loads(body)
        seen.status, seen.cluster, seen.path, seen.headers = 0, answer["cluster"], answer["path"], answer["headers"]
    return seen


def _over_tls(connection, call, certificate):
    """By hand, to see who answers the client's hello: the proxy, or a cluster to which it was passed on."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if call.get("client_certificate"):
        context.load_cert_chain(certificate.chain, certificate.key)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=call.get("server_name") or None)

    def pump(step):
        """The result of `step`, or the bytes that were no TLS, or None at the end."""
        while True:
            try:
                result = step()
                connection.sendall(outgoing.read())
                return result
            except ssl.SSLWantReadError:
                connection.sendall(outgoing.read())
            data = connection.recv(65536)
            if not data:
                return None
            if data[:1] in (b"c", b"H"):
                return data
            incoming.write(data)

    answer = pump(tls.do_handshake)
    if isinstance(answer, bytes):
        return _read(iter([answer, b""]).__next__, call)
    if tls.version() is None:
        return Seen(closed=True)
    pump(lambda: tls.write(_bytes_of(call)))
    return _read(lambda: pump(lambda: tls.read(65536)) or b"", call)
