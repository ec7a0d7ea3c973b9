"""Load of a constant rate from a host, and applications that answer it; they are processes of their own (load_peer.py)."""
import json
import pathlib
import subprocess
import sys

_PEER = pathlib.Path(__file__).with_name("load_peer.py")


def _start(host, *words):
    """A peer on `host`. It ends with its stdin, so it cannot outlive us."""
    with host.inside():
        return subprocess.Popen([sys.executable, _PEER, *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                text=True, bufsize=1)


class Applications:
    """{port: name} at `address` of `host`, each for every protocol; a list of names gets free ports."""

    def __init__(self, host, address, named):
        pairs = named.items() if isinstance(named, dict) else [(0, name) for name in named]
        self._process = _start(host, "serve", address, *(f"{port}:{name}" for port, name in pairs))
        self.ports = json.loads(self._process.stdout.readline())["ports"]

    def close(self):
        self._process.communicate()


class SteadyLoad:
    """Sends `flows` (load_peer.Flow's arguments) from `host` until finish()."""

    def __init__(self, host, flows):
        self._process = _start(host, "send")
        self._process.stdin.write(json.dumps(flows) + "\n")
        self.seconds, self.flows = 0.0, {}

    def report(self):
        """What became of each flow until now, by its label."""
        self._process.stdin.write("report\n")
        return json.loads(self._process.stdout.readline())

    def finish(self):
        """Ends the load and waits for the last answers."""
        if self._process.returncode is None:
            last = json.loads(self._process.communicate()[0])
            self.seconds, self.flows = last["seconds"], last["flows"]
        return self

    @property
    def rate(self):
        """Requests that were really sent, a second."""
        return sum(flow["sent"] for flow in self.flows.values()) / self.seconds

    def assert_no_failure(self):
        failed = {label: (flow["failed"], flow["failures"]) for label, flow in self.flows.items() if flow["failed"]}
        assert not failed, f"failed requests in {self.seconds:.0f} s: {failed}"
        silent = [label for label, flow in self.flows.items() if not flow["answers"]]
        assert not silent, f"no answer: {silent}"

    def close(self):
        if self._process.returncode is None:
            self._process.communicate()
