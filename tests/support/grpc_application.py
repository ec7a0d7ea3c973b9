"""gRPC applications and clients of the tests; they are processes of their own (grpc_peer.py)."""
import json

from support.namespaces import VIRTUAL4
from support.peer import Peer


class GrpcApplication:
    """Answers every method with its name, or with the codes that it is told; methods whose name ends with Stream answer with
    as many messages as they are asked for. Says that it serves to who asks for its health. Serves at `address` of the host
    that it is made on."""

    def __init__(self, name, address, port=0):
        self.name = name
        self._peer = Peer("grpc_peer.py", "serve", name, address, str(port))
        self.port = self._peer.read()["port"]
        self._calls = []

    def will_answer(self, *codes):
        """Answers with these codes from now on, the last one for ever; HOLD is no answer until the next ones are told."""
        self.take_calls(" ".join(codes))
        return self

    def release(self):
        self.will_answer("OK")

    def take_calls(self, codes="OK"):
        """The calls that came since it was last told `codes`; tells it new ones."""
        self._tell(codes)
        calls, self._calls = self._calls, []
        return calls

    def set_serving(self, serving):
        """What it says to a health check, grpc.health.v1.Health/Check. These are no calls."""
        self._tell("health SERVING" if serving else "health NOT_SERVING")

    def _tell(self, line):
        self._peer.write(line)
        while "told" not in (said := self._peer.read()):
            self._calls.append(said)

    def close(self):
        self._peer.close()


class GrpcClient:
    """Makes calls from `host`."""

    def __init__(self, host):
        with host.inside():
            self._peer = Peer("grpc_peer.py", "call")

    def call(self, name, port, path, kind="unary", address=VIRTUAL4, **metadata):
        """{"code", "answer" or "details"} of a method of the service `name`."""
        self.begin(name, port, path, kind, address, **metadata)
        return self.answer()

    def begin(self, name, port, path, kind="unary", address=VIRTUAL4, **metadata):
        """Makes a call whose `answer` is asked for later, and before the next call."""
        metadata = {key.replace("_", "-"): value for key, value in metadata.items()}
        self._peer.write(json.dumps({"target": f"{address}:{port}", "authority": name, "path": path, "kind": kind,
                                     "metadata": metadata}))

    def answer(self):
        return self._peer.read()

    def close(self):
        self._peer.close()
