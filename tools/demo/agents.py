"""Real Envoys under `chancery envoy`."""
import os
import pathlib

from demo import load
from demo.processes import Child
from demo.proxies import Proxy
from demo.waiting import wait_until

API_PORT = 9902


class AgentProxy(Proxy):
    """An Envoy that an agent runs; `child` is the agent, with these further flags and variables; `streams` are the
    stdout or stderr of both where that is not the agent's log."""

    def __init__(self, resource, subnet, flags=(), variables=None, **streams):
        super().__init__(resource, subnet)
        self.api = f"{self.egress}:{API_PORT}"
        self.flags = list(flags)
        self.variables = dict(variables or {})
        self.streams = streams

    def start(self, envoy, chancery, xds, dns, directory, key=None):
        name = f"agent-{self.resource.replace('/', '_')}-{self.egress}"
        self.child = Child(name, [
            chancery, "envoy", "--envoy", envoy, "--resource-arn", self.resource, "--xds", xds, "--admin", self.admin,
            "--admin-access-log", "/dev/null", "--dns-resolver", dns, "--bind-ingress", self.ingress, "--bind-egress",
            self.egress, "--bind-application", self.application, "--api", self.api, "--concurrency", "1",
            "--log-level", "warning", *self.flags
        ], directory / f"{name}.log", env={**os.environ, "TMPDIR": str(directory), **self.variables}, **self.streams)
        return self

    def stop(self):
        if self.child:
            self.child.kill()  # and with it its Envoy

    def ask(self, path, method="GET"):
        """(status, body) of the agent's API."""
        return load.get(self.api, path=path, method=method)

    def status(self):
        return self.ask("/status")[1]

    def wait_status(self, timeout=60, **members):
        """Returns /status when it has these members."""

        def has():
            self.child.assert_running()
            status = self.status()
            return status if all(status.get(name) == value for name, value in members.items()) else None

        return wait_until(has, timeout, f"/status of {self.resource} with {members}")

    def wait_healthy(self):
        return self.wait_status(healthStatus="HEALTHY")

    def envoy_pid(self):
        return int(self.status()["envoyPid"])


def is_running(pid):
    """Whether a process is there and no zombie."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
