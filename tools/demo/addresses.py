"""Loopback addresses of our own, so that several runs live side by side on one machine."""
import random
import socket

# A port on the last address of the subnet that is held while the subnet is in use.
LOCK_PORT = 15999


class Subnet:
    """A 127.x.y.0/24 that no other run uses. Hands out each address once; close() gives it back."""

    def __init__(self):
        self._lock = None
        self._next = 1
        for _ in range(1000):
            prefix = f"127.{random.randint(1, 254)}.{random.randint(0, 254)}"
            self._lock = self._take(prefix)
            if self._lock:
                self.prefix = prefix
                return
        raise RuntimeError("no free loopback subnet")

    @staticmethod
    def _take(prefix):
        lock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            lock.bind((f"{prefix}.254", LOCK_PORT))
        except OSError:
            lock.close()
            return None
        return lock

    def address(self):
        if self._next > 250:
            raise RuntimeError(f"the subnet {self.prefix}.0/24 is used up")
        self._next += 1
        return f"{self.prefix}.{self._next - 1}"

    def close(self):
        self._lock.close()
