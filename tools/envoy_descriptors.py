#!/usr/bin/env python3
"""Writes the Envoy protos that Chancery uses as one FileDescriptorSet.

PyPI's xds-protos carries compiled descriptors instead of .proto texts. This script imports the
modules behind ROOTS, follows their imports, and writes the closure in dependency order for
`protoc --descriptor_set_in`. It prints the names of the files to generate, one per line; the
well-known google/protobuf files are part of the set and not of the list, because libprotobuf
has them compiled in.
"""
import argparse
import importlib
import sys

from google.protobuf import descriptor_pb2

ROOTS = [
    "envoy/config/bootstrap/v3/bootstrap.proto",
    "envoy/config/cluster/v3/cluster.proto",
    "envoy/config/endpoint/v3/endpoint.proto",
    "envoy/config/listener/v3/listener.proto",
    "envoy/config/route/v3/route.proto",
    "envoy/extensions/access_loggers/file/v3/file.proto",
    "envoy/extensions/filters/http/router/v3/router.proto",
    "envoy/extensions/filters/listener/original_dst/v3/original_dst.proto",
    "envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector.proto",
    "envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto",
    "envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.proto",
    "envoy/extensions/network/dns_resolver/cares/v3/cares_dns_resolver.proto",
    "envoy/extensions/retry/host/previous_hosts/v3/previous_hosts.proto",
    "envoy/extensions/transport_sockets/tls/v3/tls.proto",
    "envoy/extensions/upstreams/http/v3/http_protocol_options.proto",
    "envoy/service/discovery/v3/ads.proto",
    "envoy/config/trace/v3/datadog.proto",
    "envoy/config/trace/v3/opentelemetry.proto",
    "envoy/config/trace/v3/xray.proto",
    "envoy/config/trace/v3/zipkin.proto",
]

# protoc 3.21 writes a field named after a C++20 keyword unescaped. The JSON name keeps the
# original, so only C++ code sees the new one.
CPP_KEYWORDS = {"requires", "concept", "co_await", "co_return", "co_yield", "char8_t", "consteval"}


def load(name, seen, ordered):
    if name in seen:
        return
    seen.add(name)
    module = importlib.import_module(name.removesuffix(".proto").replace("/", ".").replace("-", "_") + "_pb2")
    file = descriptor_pb2.FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)
    for dependency in file.dependency:
        load(dependency, seen, ordered)
    for message in file.message_type:
        rename_keywords(message)
    ordered.append(file)


def rename_keywords(message):
    for field in message.field:
        if field.name in CPP_KEYWORDS:
            field.json_name = field.json_name or field.name
            field.name += "_"
    for nested in message.nested_type:
        rename_keywords(nested)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True, help="the FileDescriptorSet to write")
    arguments = parser.parse_args()
    seen, ordered = set(), []
    for root in ROOTS:
        load(root, seen, ordered)
    with open(arguments.out, "wb") as out:
        out.write(descriptor_pb2.FileDescriptorSet(file=ordered).SerializeToString(deterministic=True))
    for file in ordered:
        if not file.name.startswith("google/protobuf/"):
            print(file.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
