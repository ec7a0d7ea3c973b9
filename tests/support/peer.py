"""A peer of the tests that is a process of its own, in the environment that holds grpcio and Envoy's protos."""
import json
import pathlib
import subprocess

from demo.world import ROOT

_PYTHON = ROOT / "build" / "env" / "protos" / "bin" / "python"


class Peer:
    """Runs `script`, beside this file, which answers lines with lines. It ends with its stdin, so it cannot outlive
    us."""

    def __init__(self, script, *words):
        self._script = script
        self._process = subprocess.Popen([_PYTHON, pathlib.Path(__file__).with_name(script), *words],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def write(self, line):
        self._process.stdin.write(line + "\n")

    def read(self):
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._script} ended with {self._process.wait(30)}")
        return json.loads(line)

    def close(self):
        if not self._process.stdin.closed:
            self._process.stdin.close()
            self._process.wait(30)
            self._process.stdout.close()
