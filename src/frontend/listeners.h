#pragma once

#include <chancery/model/virtual_gateway.pb.h>
#include <chancery/model/virtual_node.pb.h>
#include <google/protobuf/message.h>

#include <string>
#include <string_view>
#include <vector>

namespace chancery::frontend {

// What rules ask about listeners, whatever kind they are of: virtual nodes, virtual routers and
// virtual gateways. Pure.
struct ListenerPort {
  int port = 0;
  std::string_view protocol;  // http, http2, grpc or tcp; empty when it was not read
  bool operator==(const ListenerPort&) const = default;
};

std::string_view WireOf(model::PortProtocol protocol);
std::string_view WireOf(model::VirtualGatewayPortProtocol protocol);

// In the order of the spec; empty for a spec of another kind.
std::vector<ListenerPort> ListenersOf(const google::protobuf::Message& spec);

// "8080, 8081".
std::string PortsOf(const std::vector<ListenerPort>& listeners);

}  // namespace chancery::frontend
