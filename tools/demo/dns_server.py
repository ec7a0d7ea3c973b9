"""A small DNS server for the names of a demo mesh: A and AAAA records, no recursion. UDP only."""
import contextlib
import socket
import struct
import threading

_TYPE_A = 1
_TYPE_AAAA = 28
_CLASS_IN = 1
_NOERROR = 0
_NXDOMAIN = 3
_TTL_SECONDS = 1


class DnsServer:
    """Answers A and AAAA for the names it has, nothing (but NOERROR) for their other types, NXDOMAIN for the rest, and
    late or not at all where it is told so. Thread-safe; serves until close()."""

    def __init__(self, address):
        self._names = {}
        self._silent = set()
        self._delays = {}
        self._lock = threading.Lock()
        self._family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._socket = socket.socket(self._family, socket.SOCK_DGRAM)
        self._socket.bind((address, 0))
        host, port = self._socket.getsockname()[:2]
        self.endpoint = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._closing = False
        self._thread = threading.Thread(target=self._serve, name="dns", daemon=True)
        self._thread.start()

    def set(self, name, *addresses):
        """`name` leads to `addresses`, of either family."""
        with self._lock:
            self._names[_plain(name)] = addresses

    def remove(self, name):
        with self._lock:
            self._names.pop(_plain(name), None)

    def silence(self, name):
        """Questions for `name` get no answer, as of a server that is gone."""
        with self._lock:
            self._silent.add(_plain(name))

    def delay(self, name, seconds):
        """Questions for `name` are answered so much later, as by a server that is far away."""
        with self._lock:
            self._delays[_plain(name)] = seconds

    def speak(self, name):
        with self._lock:
            self._silent.discard(_plain(name))

    def close(self):
        self._closing = True
        with socket.socket(self._family, socket.SOCK_DGRAM) as wake:
            wake.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self):
        while True:
            query, peer = self._socket.recvfrom(4096)
            if self._closing:
                return
            answer, seconds = self._answer(query)
            if answer and seconds:
                timer = threading.Timer(seconds, self._send, (answer, peer))
                timer.daemon = True
                timer.start()
            elif answer:
                self._send(answer, peer)

    def _send(self, answer, peer):
        with contextlib.suppress(OSError):  # late, when it is closed
            self._socket.sendto(answer, peer)

    def _answer(self, query):
        """What to answer, if anything, and how late."""
        try:
            identity, flags, questions = struct.unpack("!HHH", query[:6])
            name, end = _read_name(query, 12)
            kind, _ = struct.unpack("!HH", query[end:end + 4])
        except (struct.error, IndexError, UnicodeDecodeError):
            return None, 0
        if flags & 0x8000 or questions != 1:
            return None, 0
        with self._lock:
            if name in self._silent:
                return None, 0
            addresses = self._names.get(name)
            seconds = self._delays.get(name, 0)
        code = _NXDOMAIN if addresses is None else _NOERROR
        records = [_record(kind, address) for address in addresses or () if _type_of(address) == kind]
        header = struct.pack("!HHHHHH", identity, 0x8400 | (flags & 0x0100) | code, 1, len(records), 0, 0)
        return header + query[12:end + 4] + b"".join(records), seconds


def _plain(name):
    return name.lower().rstrip(".")


def _type_of(address):
    return _TYPE_AAAA if ":" in address else _TYPE_A


def _record(kind, address):
    data = socket.inet_pton(socket.AF_INET6 if kind == _TYPE_AAAA else socket.AF_INET, address)
    # 0xC00C points back to the name in the question.
    return struct.pack("!HHHIH", 0xC00C, kind, _CLASS_IN, _TTL_SECONDS, len(data)) + data


def _read_name(message, at):
    """The name at `at` in lower case, and where it ends. Questions hold no compressed names."""
    labels = []
    while message[at]:
        length = message[at]
        labels.append(message[at + 1:at + 1 + length].decode("ascii").lower())
        at += 1 + length
    return ".".join(labels), at + 1
