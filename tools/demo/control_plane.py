"""`chancery serve` as a child process, and its admin port."""
import json
import select
import subprocess
import urllib.parse

from demo import load
from demo.processes import Child
from demo.waiting import wait_until

# What it may take until the control plane says that it is ready; generous for sanitizer builds.
READY_SECONDS = 60


class ControlPlane:
    """A control plane with the embedded store in `directory`. After kill() or stop(), start() runs it
    again on the same addresses and the same data."""

    def __init__(self, binary, directory, address, arguments=()):
        self._binary = binary
        self.data = directory / "data"
        self._directory = directory
        # May be added to between stop() and start().
        self.arguments = list(arguments)
        # Ports are free ones of our own address, and stay when it is started again.
        self.api = self.xds = self.admin = f"{address}:0"
        self.child = None

    def start(self):
        self.child = Child("chancery", [
            self._binary, "serve", "--data-dir", self.data, "--api", self.api, "--xds", self.xds,
            "--admin", self.admin, *self.arguments
        ], self._directory / "chancery.log", stdout=subprocess.PIPE)
        ready = json.loads(self._read_line())
        self.api, self.xds, self.admin = ready["api"], ready["xds"], ready["admin"]
        return self

    def kill(self):
        self.child.kill()

    def stop(self):
        return self.child.stop() if self.child else None

    def log(self):
        return self.child.log()

    def command(self, *words):
        """What `chancery keys create ...` and its like print for this installation, running or not."""
        done = subprocess.run([self._binary, *words, "--data-dir", self.data], capture_output=True, text=True,
                              timeout=60, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return json.loads(done.stdout) if done.stdout else None

    @property
    def endpoint_url(self):
        return f"{'https' if '--tls-cert' in self.arguments else 'http'}://{self.api}"

    def get(self, path):
        """(status, body) of the admin port."""
        return load.get(self.admin, path=path)

    def proxies(self):
        return self.get("/proxies")[1]["proxies"]

    def metrics(self):
        return self.get("/metrics")[1]

    def transaction(self, mesh, txn):
        """Who has transaction `txn` of `mesh`."""
        status, body = self.get(f"/meshes/{urllib.parse.quote(mesh, safe='')}/txn/{txn}")
        if status != 200:
            raise RuntimeError(f"/meshes/{mesh}/txn/{txn} answered {status}: {body}")
        return body

    def wait_live(self, mesh, txn, timeout=30):
        """Returns when every proxy that `txn` touches has acknowledged it."""

        def live():
            # A mesh is not known before its first compilation, a moment after its creation was answered.
            status, state = self.get(f"/meshes/{urllib.parse.quote(mesh, safe='')}/txn/{txn}")
            return state if status == 200 and state["live"] and state["pending"] == 0 else None

        return wait_until(live, timeout, f"transaction {txn} of {mesh} on every proxy", interval=0.002)

    def _read_line(self):
        line = b""
        while not line.endswith(b"\n"):
            if not select.select([self.child.stdout], [], [], READY_SECONDS)[0]:
                raise TimeoutError(f"chancery serve is not ready:\n{self.child.log()[-2000:]}")
            byte = self.child.stdout.read(1)
            if not byte:
                self.child.stop()
                self.child.assert_running()
            line += byte
        return line
