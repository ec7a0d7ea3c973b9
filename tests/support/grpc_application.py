"""gRPC applications and calls of the tests; the peers are processes of their own (grpc_peer.py)."""
import json
import pathlib
import subprocess

from demo.world import ROOT
from support.namespaces import VIRTUAL4

_PYTHON = ROOT / "build" / "env" / "protos" / "bin" / "python"
_PEER = pathlib.Path(__file__).with_name("grpc_peer.py")


class GrpcApplication:
    """A gRPC server that answers every method with its name, or with the codes that it is told; methods whose name ends with
    Stream answer with as many messages as they are asked for. Serves at `address` of the host that it is made on."""

    def __init__(self, name, address):
        self.name = name
        self._process = subprocess.Popen([_PYTHON, _PEER, "serve", name, address], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True, bufsize=1)
        self.port = self._read()["port"]

    def will_answer(self, *codes):
        """Answers with these codes from now on, the last one for ever."""
        self.take_calls(" ".join(codes))
        return self

    def take_calls(self, codes="OK"):
        """The calls that came since it was last told something; tells it `codes`."""
        self._process.stdin.write(codes + "\n")
        calls = []
        while "told" not in (line := self._read()):
            calls.append(line)
        return calls

    def close(self):
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def _read(self):
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the gRPC application {self.name} ended with {self._process.wait(30)}")
        return json.loads(line)


def call(host, name, port, path, kind="unary", address=VIRTUAL4, **metadata):
    """What a gRPC client on `host` gets: {"code", "answer" or "details"}."""
    pairs = [f"{key.replace('_', '-')}={value}" for key, value in metadata.items()]
    return json.loads(host.run(_PYTHON, _PEER, "call", f"{address}:{port}", name, path, kind, *pairs).stdout)
