"""A proxy as users run it: on its application's host, as user 1337, behind the rules of `chancery intercept`; or a
gateway, which needs no rules."""
import http.client
import os

from demo.processes import Child
from demo.proxies import ADMIN_PORT, Proxy

PROXY_USER = 1337
_ADMIN = f"127.0.0.1:{ADMIN_PORT}"


class Sidecar(Proxy):
    """The Envoy of `resource` on `host`. `ports` are the application's, which go through it."""

    def __init__(self, host, resource, ports=(), ipv6=True):
        self.host = host
        self.resource = resource
        self.admin = _ADMIN
        self.child = None
        self._ports = ports
        self._ipv6 = ipv6
        self.application_host = host

    def intercept(self, chancery, *more):
        """Sets the rules, as the init container would."""
        ports = ["--app-ports", ",".join(map(str, self._ports))] if self._ports else []
        self.host.run(chancery, "intercept", "--ignore-uid", PROXY_USER, *ports, *(["--ipv6"] if self._ipv6 else []),
                      *more)
        return self

    def start(self, envoy, chancery, xds, dns, directory, more=()):
        """Starts it; wait_live() tells when it has its configuration. `more` goes to `chancery bootstrap`."""
        name = self.host.name
        bootstrap = directory / f"{name}.json"
        printed = self.host.run(chancery, "bootstrap", "--resource-arn", self.resource, "--xds", xds, "--admin", self.admin,
                                "--admin-access-log", "/dev/null", "--outlier-event-log", "/dev/null",
                                "--dns-resolver", dns, *more)
        bootstrap.write_text(printed.stdout, encoding="utf-8")
        # By its descriptor: the checkout may be in a folder that the proxy's user cannot enter.
        binary = os.open(envoy, os.O_RDONLY | os.O_CLOEXEC)
        try:
            with self.host.inside():
                self.child = Child(name, [
                    "envoy", "-c", bootstrap, "--concurrency", "1", "--disable-hot-restart", "--drain-time-s", "20", "-l",
                    "warning"
                ], directory / f"{name}.log", user=PROXY_USER, executable=f"/proc/self/fd/{binary}", pass_fds=[binary])
        finally:
            os.close(binary)
        return self

    def get(self, path):
        with self.host.inside():
            return super().get(path)

    def post(self, path):
        """A call of the admin interface that changes something."""
        with self.host.inside():
            connection = http.client.HTTPConnection(*self.admin.split(":"), timeout=20)
            connection.request("POST", path)
            status = connection.getresponse().status
            connection.close()
        if status != 200:
            raise RuntimeError(f"{self.resource} {path}: {status}")
