"""A small DNS server for the names of a demo mesh: A records, no recursion. UDP only."""
import socket
import struct
import threading

_TYPE_A = 1
_CLASS_IN = 1
_NOERROR = 0
_NXDOMAIN = 3
_TTL_SECONDS = 1


class DnsServer:
    """Answers A for the names it has, nothing (but NOERROR) for their other types, NXDOMAIN for the
    rest. Thread-safe; serves until close()."""

    def __init__(self, address):
        self._names = {}
        self._lock = threading.Lock()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 0))
        self.endpoint = "%s:%d" % self._socket.getsockname()
        self._closing = False
        self._thread = threading.Thread(target=self._serve, name="dns", daemon=True)
        self._thread.start()

    def set(self, name, address):
        with self._lock:
            self._names[name.lower().rstrip(".")] = address

    def remove(self, name):
        with self._lock:
            self._names.pop(name.lower().rstrip("."), None)

    def close(self):
        self._closing = True
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wake:
            wake.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self):
        while True:
            query, peer = self._socket.recvfrom(4096)
            if self._closing:
                return
            answer = self._answer(query)
            if answer:
                self._socket.sendto(answer, peer)

    def _answer(self, query):
        try:
            identity, flags, questions = struct.unpack("!HHH", query[:6])
            name, end = _read_name(query, 12)
            kind, _ = struct.unpack("!HH", query[end:end + 4])
        except (struct.error, IndexError, UnicodeDecodeError):
            return None
        if flags & 0x8000 or questions != 1:
            return None
        with self._lock:
            address = self._names.get(name)
        code = _NOERROR if address else _NXDOMAIN
        records = b""
        if address and kind == _TYPE_A:
            # 0xC00C points back to the name in the question.
            records = struct.pack("!HHHIH", 0xC00C, _TYPE_A, _CLASS_IN, _TTL_SECONDS, 4) + socket.inet_aton(address)
        header = struct.pack("!HHHHHH", identity, 0x8400 | (flags & 0x0100) | code, 1, 1 if records else 0, 0, 0)
        return header + query[12:end + 4] + records


def _read_name(message, at):
    """The name at `at` in lower case, and where it ends. Questions hold no compressed names."""
    labels = []
    while message[at]:
        length = message[at]
        labels.append(message[at + 1:at + 1 + length].decode("ascii").lower())
        at += 1 + length
    return ".".join(labels), at + 1
