"""What is measured: `chancery serve`, and moto's server."""
import contextlib
import json
import os
import pathlib
import select
import socket
import subprocess
import sys

from demo.processes import Child
from demo.waiting import wait_until

ACCOUNT = "000000000000"
USER = "bench"
READY_SECONDS = 60


class Server:
    """A running server: its name, HOST:PORT, and an access key (id, secret)."""

    def __init__(self, name, address, key, child):
        self.name, self.address, self.key, self.child = name, address, key, child

    def cpu_seconds(self):
        """Of all its threads, since it was started."""
        fields = pathlib.Path(f"/proc/{self.child.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _command(binary, data, *words):
    done = subprocess.run([binary, *words, "--data-dir", data, "--account", ACCOUNT, "--user", USER],
                          check=True, stdout=subprocess.PIPE, timeout=READY_SECONDS)
    return done.stdout


def _read_line(child):
    """The first line of what it prints."""
    line = b""
    while not line.endswith(b"\n"):
        byte = child.stdout.read(1) if select.select([child.stdout], [], [], READY_SECONDS)[0] else b""
        if not byte:
            raise RuntimeError(f"{child.name} did not get ready:\n{child.log()[-2000:]}")
        line += byte
    return line


@contextlib.contextmanager
def chancery(binary, directory):
    """With SQLite in `directory`, fully durable; a user that the policy AWSAppMeshFullAccess is attached to."""
    data = directory / "data"
    key = json.loads(_command(binary, data, "keys", "create"))
    _command(binary, data, "policy", "attach", "--name", "AWSAppMeshFullAccess")
    child = Child("chancery", [binary, "serve", "--data-dir", data, "--account", ACCOUNT, "--api", "127.0.0.1:0",
                               "--xds", "127.0.0.1:0", "--admin", "127.0.0.1:0"],
                  directory / "chancery.log", stdout=subprocess.PIPE)
    try:
        yield Server("chancery", json.loads(_read_line(child))["api"],
                     (key["AccessKeyId"], key["SecretAccessKey"]), child)
    finally:
        child.stop()


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def moto(directory):
    """moto keeps everything in memory and checks neither signatures nor policies."""
    port = _free_port()
    child = Child("moto", [pathlib.Path(sys.executable).parent / "moto_server", "-H", "127.0.0.1", "-p", str(port)],
                  directory / "moto.log")
    try:
        wait_until(lambda: _answers(port, child), READY_SECONDS, "moto_server")
        yield Server("moto", f"127.0.0.1:{port}", ("AKIDMOTO", "any"), child)
    finally:
        child.stop()


def _answers(port, child):
    child.assert_running()
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
