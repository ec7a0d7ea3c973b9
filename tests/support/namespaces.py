"""Hosts of their own on one machine: network namespaces on a bridge. They have no names, only descriptors of this
process, so the kernel removes them, their links and their rules when it ends, whatever ends it. Needs Linux and root (or
root of a user namespace)."""
import contextlib
import ctypes
import os
import subprocess
import threading

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)

# The bridge's own address, where the control plane, the DNS server and the applications of the tests are.
HUB4, HUB6 = "10.77.0.1", "fd77::1"
# What the names of virtual services resolve to: any address will do that is another host's.
VIRTUAL4, VIRTUAL6 = "10.99.0.1", "fd99::1"


def _check(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _current():
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


class Host:
    """A network namespace. Sockets that are made inside stay there, whoever uses them later; threads and processes that
    are started inside stay there too."""

    def __init__(self, name):
        self.name = name
        self.address4 = self.address6 = None
        before = _current()
        try:
            _check(_libc.unshare(_CLONE_NEWNET), "a new network namespace")
            self._fd = _current()
        finally:
            _check(_libc.setns(before, _CLONE_NEWNET), "back to the network namespace before")
            os.close(before)
        self.run("ip", "link", "set", "lo", "up")

    @contextlib.contextmanager
    def inside(self):
        """The calling thread is on this host."""
        before = _current()
        _check(_libc.setns(self._fd, _CLONE_NEWNET), f"into the network namespace of {self.name}")
        try:
            yield self
        finally:
            _check(_libc.setns(before, _CLONE_NEWNET), "back to the network namespace before")
            os.close(before)

    def run(self, *words, stdin=None, check=True, user=None, env=None):
        """A program on this host that ends soon: what subprocess.run returns."""
        with self.inside():
            return subprocess.run([str(word) for word in words], input=stdin, capture_output=True, text=True,
                                  timeout=60, check=check, user=user, group=user, env=env,
                                  extra_groups=None if user is None else [])

    def batch(self, lines, pass_fds=()):
        """Lines for `ip`, all in one process."""
        with self.inside():
            done = subprocess.run(["ip", "-batch", "-"], input="\n".join(lines) + "\n", capture_output=True, text=True,
                                  timeout=60, check=False, pass_fds=pass_fds)
        if done.returncode != 0:
            raise RuntimeError(f"ip on {self.name}: {done.stderr}")

    @property
    def fd(self):
        return self._fd

    def close(self):
        os.close(self._fd)


class Network:
    """A bridge, and the hosts on it, with addresses of both families. Hosts may be added from any thread."""

    def __init__(self):
        self.hub = Host("hub")
        self.hub.address4, self.hub.address6 = HUB4, HUB6
        self._hosts = []
        self._lock = threading.Lock()
        # With an address of its own: otherwise a bridge takes the lowest of its ports', so that it changes when a host is
        # added, and for a while nobody reaches the hub.
        self.hub.batch(["link add br0 address 02:00:00:00:00:01 type bridge", "link set br0 up",
                        f"addr add {HUB4}/16 dev br0", f"addr add {HUB6}/64 dev br0 nodad"])

    def host(self, name, families=(4, 6)):
        """A new host whose default route is the bridge."""
        host = Host(name)
        with self._lock:
            self._hosts.append(host)
            number = len(self._hosts) + 1
        self.hub.batch([f"link add h{number} type veth peer name eth0 netns /proc/self/fd/{host.fd}",
                        f"link set h{number} master br0 up"], pass_fds=[host.fd])
        lines = ["link set eth0 up"]
        if 4 in families:
            host.address4 = f"10.77.{number // 250}.{number % 250 + 1}"
            lines += [f"addr add {host.address4}/16 dev eth0", f"route add default via {HUB4}"]
        if 6 in families:
            host.address6 = f"fd77::{number + 1:x}"
            lines += [f"addr add {host.address6}/64 dev eth0 nodad", f"route add default via {HUB6}"]
        host.batch(lines)
        return host

    def close(self):
        for host in self._hosts:
            host.close()
        self.hub.close()
