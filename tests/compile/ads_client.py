#!/usr/bin/env python3
"""Asks a control plane for one proxy's configuration as an Envoy of a given version would, and prints it.

    ads_client.py HOST:PORT NODE-ID 1.29.12

Run it with the environment that holds xds-protos. {"clusters": [name], "listeners": [name], "routes":
[RouteConfiguration in JSON]}; then it keeps the stream until its input ends.
"""
import json
import queue
import sys

import grpc
from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.listener.v3 import listener_pb2
from envoy.config.route.v3 import route_pb2
from envoy.extensions.retry.host.previous_hosts.v3 import previous_hosts_pb2  # noqa: F401  (in Any)
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2 as hcm_pb2
from envoy.service.discovery.v3 import ads_pb2_grpc, discovery_pb2
from google.protobuf import json_format

SECONDS = 30


class Stream:
    def __init__(self, address, node_id, version):
        self._requests = queue.Queue()
        channel = grpc.insecure_channel(address)
        stub = ads_pb2_grpc.AggregatedDiscoveryServiceStub(channel)
        self._responses = stub.StreamAggregatedResources(iter(self._requests.get, None), timeout=SECONDS)
        self._node = discovery_pb2.DiscoveryRequest().node
        self._node.id = node_id
        if version != "none":
            self._node.user_agent_name = "envoy"
            numbers = self._node.user_agent_build_version.version
            numbers.major_number, numbers.minor_number, numbers.patch = map(int, version.split("."))

    def ask(self, message, names=()):
        """All resources of the type of `message`, accepted."""
        url = "type.googleapis.com/" + message.DESCRIPTOR.full_name
        self._requests.put(discovery_pb2.DiscoveryRequest(node=self._node, type_url=url, resource_names=names))
        response = next(self._responses)
        assert response.type_url == url, response.type_url
        self._requests.put(discovery_pb2.DiscoveryRequest(
            type_url=url, resource_names=names, version_info=response.version_info, response_nonce=response.nonce))
        return [message.FromString(resource.value) for resource in response.resources]


def route_names(listeners):
    for listener in listeners:
        for chain in listener.filter_chains:
            manager = hcm_pb2.HttpConnectionManager()
            if chain.filters[0].typed_config.Unpack(manager):
                yield manager.rds.route_config_name


def main():
    stream = Stream(*sys.argv[1:4])
    clusters = stream.ask(cluster_pb2.Cluster)
    listeners = stream.ask(listener_pb2.Listener)
    routes = stream.ask(route_pb2.RouteConfiguration, sorted(set(route_names(listeners))))
    print(json.dumps({
        "clusters": [cluster.name for cluster in clusters],
        "listeners": [listener.name for listener in listeners],
        "routes": [json_format.MessageToDict(config, preserving_proto_field_name=True) for config in routes],
    }), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
