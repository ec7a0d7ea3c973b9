#pragma once

#include <chancery/model/common.pb.h>
#include <chancery/model/virtual_gateway.pb.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "compile/ir.h"
#include "compile/reader.h"

// The listeners of a node, router or gateway, by port: sorted, and each port once whatever the spec
// says. The first of two on one port wins.
namespace chancery::compile {

inline std::optional<ir::Protocol> ProtocolOf(chancery::model::PortProtocol protocol) {
  switch (protocol) {
    case chancery::model::PORT_PROTOCOL_HTTP:
      return ir::Protocol::kHttp;
    case chancery::model::PORT_PROTOCOL_HTTP2:
      return ir::Protocol::kHttp2;
    case chancery::model::PORT_PROTOCOL_GRPC:
      return ir::Protocol::kGrpc;
    case chancery::model::PORT_PROTOCOL_TCP:
      return ir::Protocol::kTcp;
    default:
      return std::nullopt;
  }
}

inline std::optional<ir::Protocol> ProtocolOf(chancery::model::VirtualGatewayPortProtocol protocol) {
  switch (protocol) {
    case chancery::model::VIRTUAL_GATEWAY_PORT_PROTOCOL_HTTP:
      return ir::Protocol::kHttp;
    case chancery::model::VIRTUAL_GATEWAY_PORT_PROTOCOL_HTTP2:
      return ir::Protocol::kHttp2;
    case chancery::model::VIRTUAL_GATEWAY_PORT_PROTOCOL_GRPC:
      return ir::Protocol::kGrpc;
    default:
      return std::nullopt;
  }
}

template <typename Listener>
struct PortListener {
  ir::Protocol protocol;
  const Listener* listener;
};

template <typename Listener>
using ListenersByPort = std::map<uint32_t, PortListener<Listener>>;

inline bool IsPort(int64_t port) { return port >= 1 && port <= 65535; }

// `listeners` is a repeated field whose messages have a port_mapping; warnings name (kind, name).
template <typename Repeated>
auto ByPort(const Repeated& listeners, Reader& reader, model::Kind kind, std::string_view name) {
  using Listener = typename Repeated::value_type;
  ListenersByPort<Listener> ports;
  for (const Listener& listener : listeners) {
    const auto protocol = ProtocolOf(listener.port_mapping().protocol());
    const int port = listener.port_mapping().port();
    if (!protocol || !IsPort(port)) {
      reader.Warn(kind, "", name, "a listener without a usable port and protocol is not served");
    } else if (!ports.emplace(port, PortListener<Listener>{*protocol, &listener}).second) {
      reader.Warn(kind, "", name, "port " + std::to_string(port) + " has two listeners: the second is not served");
    }
  }
  return ports;
}

}  // namespace chancery::compile
