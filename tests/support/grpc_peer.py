"""A gRPC application, or a gRPC client, as a process of its own: gRPC's threads make sockets where they like. Runs in the
environment of build/env/protos. Messages are bytes, methods any.

    grpc_peer.py serve NAME ADDRESS PORT  prints its port, then a line of JSON for each call; answers as it is told on stdin
    grpc_peer.py call                     makes the call that each line of stdin describes, prints what came; both as JSON
"""
import json
import sys
import threading
from concurrent import futures

import grpc


# HealthCheckResponse with its status, 1 or 2.
_HEALTH = {"SERVING": b"\x08\x01", "NOT_SERVING": b"\x08\x02"}


class Handler(grpc.GenericRpcHandler):
    """Every unary-stream and unary-unary method, and health checks. The next answers come from stdin: a line of codes'
    names, the last one for ever; `hold` waits for the next line and is OK then. `health STATUS` is for health checks."""

    def __init__(self, name):
        self._name = name.encode()
        self._lock = threading.Lock()
        self._codes = ["OK"]
        self._told = threading.Event()
        self._health = "SERVING"

    def tell(self, words):
        if words[0] == "health":
            self._health = words[1]
            return
        with self._lock:
            self._told.set()
            self._codes, self._told = words, threading.Event()

    def service(self, details):
        method = details.method
        if method == "/grpc.health.v1.Health/Check":
            return grpc.unary_unary_rpc_method_handler(lambda *_: _HEALTH[self._health])
        if method.endswith("Stream"):
            return grpc.unary_stream_rpc_method_handler(lambda request, context: self._stream(request, context, method))
        return grpc.unary_unary_rpc_method_handler(lambda request, context: self._unary(request, context, method))

    def _check(self, context, method):
        with self._lock:
            code = self._codes.pop(0) if len(self._codes) > 1 else self._codes[0]
            told = self._told
            print(json.dumps({"method": method, "metadata": dict(context.invocation_metadata())}, default=str), flush=True)
        if code == "hold":
            told.wait()
        elif code != "OK":
            context.abort(grpc.StatusCode[code], "as told")

    def _unary(self, request, context, method):
        self._check(context, method)
        return self._name

    def _stream(self, request, context, method):
        self._check(context, method)
        for number in range(int(request)):
            yield self._name + b" %d" % number


def serve(name, address, port):
    handler = Handler(name)
    server = grpc.server(futures.ThreadPoolExecutor(16))
    server.add_generic_rpc_handlers([handler])
    port = server.add_insecure_port(f"{address}:{port}")
    server.start()
    print(json.dumps({"port": port}), flush=True)
    for line in sys.stdin:
        handler.tell(line.split())
        print(json.dumps({"told": line.split()}), flush=True)
    handler.tell(["OK"])  # a call that is held would keep its thread
    server.stop(None)


def call():
    for line in sys.stdin:
        print(json.dumps(one_call(**json.loads(line))), flush=True)


def one_call(target, authority, path, kind, metadata):
    """On a channel of its own. No attempt but the first: retries are the proxy's."""
    options = [("grpc.default_authority", authority), ("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1)]
    pairs = list(metadata.items())
    with grpc.insecure_channel(target, options) as channel:
        try:
            if kind == "stream":
                answer = [part.decode() for part in channel.unary_stream(path)(b"3", metadata=pairs, timeout=30)]
            else:
                answer = channel.unary_unary(path)(b"", metadata=pairs, timeout=30).decode()
            return {"code": "OK", "answer": answer}
        except grpc.RpcError as error:
            return {"code": error.code().name, "details": error.details()}


if __name__ == "__main__":
    {"serve": serve, "call": call}[sys.argv[1]](*sys.argv[2:])
