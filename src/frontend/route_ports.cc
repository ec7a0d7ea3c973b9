#include "frontend/route_ports.h"

#include <chancery/model/gateway_route.pb.h>
#include <chancery/model/route.pb.h>
#include <fmt/format.h>

namespace chancery::frontend {
namespace {

using model::Kind;

template <typename Route>
RoutePorts PortsOfRoute(const model::MeshId& mesh, std::string_view protocol, const Route& route) {
  RoutePorts ports{protocol, fmt::format("spec.{}Route", protocol), std::nullopt, {}};
  if (route.match().has_port()) ports.match = route.match().port();
  for (int i = 0; i < route.action().weighted_targets_size(); ++i) {
    const model::WeightedTarget& target = route.action().weighted_targets(i);
    ports.targets.push_back({{mesh, Kind::kVirtualNode, "", target.virtual_node()},
                             target.has_port() ? std::optional<int>(target.port()) : std::nullopt,
                             fmt::format("{}.action.weightedTargets[{}].port", ports.member, i)});
  }
  return ports;
}

template <typename Route>
RoutePorts PortsOfGatewayRoute(const model::MeshId& mesh, std::string_view protocol, const Route& route) {
  RoutePorts ports{protocol, fmt::format("spec.{}Route", protocol), std::nullopt, {}};
  if (route.match().has_port()) ports.match = route.match().port();
  const model::GatewayRouteTarget& target = route.action().target();
  ports.targets.push_back({{mesh, Kind::kVirtualService, "", target.virtual_service().virtual_service_name()},
                           target.has_port() ? std::optional<int>(target.port()) : std::nullopt,
                           ports.member + ".action.target.port"});
  return ports;
}

}  // namespace

RoutePorts RoutePortsOf(const model::MeshId& mesh, Kind kind, const google::protobuf::Message& message) {
  if (kind == Kind::kRoute) {
    const auto& spec = static_cast<const model::RouteSpec&>(message);
    if (spec.has_http_route()) return PortsOfRoute(mesh, "http", spec.http_route());
    if (spec.has_http2_route()) return PortsOfRoute(mesh, "http2", spec.http2_route());
    if (spec.has_grpc_route()) return PortsOfRoute(mesh, "grpc", spec.grpc_route());
    return PortsOfRoute(mesh, "tcp", spec.tcp_route());
  }
  const auto& spec = static_cast<const model::GatewayRouteSpec&>(message);
  if (spec.has_http_route()) return PortsOfGatewayRoute(mesh, "http", spec.http_route());
  if (spec.has_http2_route()) return PortsOfGatewayRoute(mesh, "http2", spec.http2_route());
  return PortsOfGatewayRoute(mesh, "grpc", spec.grpc_route());
}

}  // namespace chancery::frontend
