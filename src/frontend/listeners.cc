#include "frontend/listeners.h"

#include <chancery/model/virtual_router.pb.h>
#include <fmt/format.h>

namespace chancery::frontend {
namespace {

template <typename Spec>
bool AddListeners(const google::protobuf::Message& message, std::vector<ListenerPort>& listeners) {
  const auto* spec = google::protobuf::DynamicCastToGenerated<const Spec>(&message);
  if (spec == nullptr) return false;
  for (const auto& listener : spec->listeners()) {
    const auto& mapping = listener.port_mapping();
    listeners.push_back({mapping.port(), WireOf(mapping.protocol())});
  }
  return true;
}

}  // namespace

std::string_view WireOf(model::PortProtocol protocol) {
  switch (protocol) {
    case model::PORT_PROTOCOL_HTTP:
      return "http";
    case model::PORT_PROTOCOL_TCP:
      return "tcp";
    case model::PORT_PROTOCOL_HTTP2:
      return "http2";
    case model::PORT_PROTOCOL_GRPC:
      return "grpc";
    default:
      return "";
  }
}

std::string_view WireOf(model::VirtualGatewayPortProtocol protocol) {
  switch (protocol) {
    case model::VIRTUAL_GATEWAY_PORT_PROTOCOL_HTTP:
      return "http";
    case model::VIRTUAL_GATEWAY_PORT_PROTOCOL_HTTP2:
      return "http2";
    case model::VIRTUAL_GATEWAY_PORT_PROTOCOL_GRPC:
      return "grpc";
    default:
      return "";
  }
}

std::vector<ListenerPort> ListenersOf(const google::protobuf::Message& spec) {
  std::vector<ListenerPort> listeners;
  if (!AddListeners<model::VirtualNodeSpec>(spec, listeners) &&
      !AddListeners<model::VirtualRouterSpec>(spec, listeners)) {
    AddListeners<model::VirtualGatewaySpec>(spec, listeners);
  }
  return listeners;
}

std::string PortsOf(const std::vector<ListenerPort>& listeners) {
  std::string ports;
  for (const ListenerPort& listener : listeners) {
    ports += fmt::format("{}{}", ports.empty() ? "" : ", ", listener.port);
  }
  return ports;
}

}  // namespace chancery::frontend
