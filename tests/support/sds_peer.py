"""A secret agent such as SPIRE's, as a process of its own: Envoy's SDS on a Unix socket. Runs in the environment of
build/env/protos.

    sds_peer.py PATH        answers each line of JSON on stdin with one

{"name", "chain", "key"} or {"name", "trust"}, with PEM texts: the secret of that name from now on; the answer is {}.
{"ask": name}: {"streams": how many ask for it, "accepted": how many of them took its newest version, "rejected": [why]}.

A name that has no secret yet is waited for. Each stream is sent all of its secrets whenever one has changed (state of the
world, which is what Envoy asks for).
"""
import json
import os
import sys
import threading
from concurrent import futures

import grpc
from envoy.extensions.transport_sockets.tls.v3 import secret_pb2
from envoy.service.discovery.v3 import discovery_pb2
from envoy.service.secret.v3 import sds_pb2_grpc

_SECRET = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"
_STREAMS = 200  # each takes a thread


class Agent(sds_pb2_grpc.SecretDiscoveryServiceServicer):
    """All secrets and streams. `changed` guards everything, that of the streams too."""

    def __init__(self):
        self.changed = threading.Condition()
        self.secrets = {}
        self._versions = 0
        self._streams = set()

    def put(self, secret):
        with self.changed:
            self._versions += 1
            self.secrets[secret.name] = (self._versions, secret)
            self.changed.notify_all()

    def state_of(self, name):
        with self.changed:
            asking = [stream for stream in self._streams if name in stream.names]
            version = self.secrets[name][0] if name in self.secrets else 0
            return {"streams": len(asking), "accepted": sum(stream.accepted.get(name) == version for stream in asking),
                    "rejected": [stream.rejected for stream in asking if stream.rejected]}

    def StreamSecrets(self, request_iterator, context):
        stream = Stream(self)
        with self.changed:
            self._streams.add(stream)
        context.add_callback(stream.end)
        threading.Thread(target=stream.read, args=(request_iterator,), daemon=True).start()
        try:
            while (response := stream.next_response()) is not None:
                yield response
        finally:
            with self.changed:
                self._streams.discard(stream)


class Stream:
    """What one client asks for, and what it has taken."""

    def __init__(self, agent):
        self._agent = agent
        self.names = []
        self.accepted = {}
        self.rejected = ""
        self._sent = {}  # name to version, of the newest response
        self._nonce = 0
        self._ended = False

    def read(self, requests):
        try:
            for request in requests:
                with self._agent.changed:
                    self._take(request)
                    self._agent.changed.notify_all()
        except grpc.RpcError:
            pass  # the client has gone
        self.end()

    def _take(self, request):
        if set(request.resource_names) != set(self.names):
            self.names = list(request.resource_names)
            self._sent = {}
        elif request.response_nonce == str(self._nonce) and request.HasField("error_detail"):
            self.rejected = request.error_detail.message
        elif request.response_nonce == str(self._nonce):
            self.accepted, self.rejected = dict(self._sent), ""

    def end(self):
        with self._agent.changed:
            self._ended = True
            self._agent.changed.notify_all()

    def _known(self):
        return {name: self._agent.secrets[name] for name in self.names if name in self._agent.secrets}

    def next_response(self):
        """Waits for it; nothing at the end."""
        with self._agent.changed:
            self._agent.changed.wait_for(lambda: self._ended or self._sent != {
                name: version for name, (version, _) in self._known().items()})
            if self._ended:
                return None
            known = self._known()
            self._sent = {name: version for name, (version, _) in known.items()}
            self._nonce += 1
            response = discovery_pb2.DiscoveryResponse(type_url=_SECRET, nonce=str(self._nonce),
                                                       version_info=str(max(self._sent.values(), default=0)))
            for _, secret in known.values():
                response.resources.add().Pack(secret)
            return response


def secret_of(name, chain="", key="", trust=""):
    secret = secret_pb2.Secret(name=name)
    if trust:
        secret.validation_context.trusted_ca.inline_string = trust
    else:
        secret.tls_certificate.certificate_chain.inline_string = chain
        secret.tls_certificate.private_key.inline_string = key
    return secret


def main(path):
    agent = Agent()
    server = grpc.server(futures.ThreadPoolExecutor(_STREAMS))
    sds_pb2_grpc.add_SecretDiscoveryServiceServicer_to_server(agent, server)
    server.add_insecure_port(f"unix:{path}")
    server.start()
    os.chmod(path, 0o777)  # proxies run as users of their own
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        wanted = json.loads(line)
        if "ask" in wanted:
            print(json.dumps(agent.state_of(wanted["ask"])), flush=True)
        else:
            agent.put(secret_of(**wanted))
            print("{}", flush=True)
    server.stop(None)


if __name__ == "__main__":
    main(sys.argv[1])
