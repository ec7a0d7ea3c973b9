// Listeners of virtual nodes and virtual gateways: protocols, ports, health checks.

#include "frontend/listeners.h"

#include <fmt/format.h>

#include <set>
#include <string>

#include "frontend/field_rules/checks.h"

namespace chancery::frontend::field_rules {
namespace {

using google::protobuf::Message;

// Calls visit("spec.listeners[0]", listener).
template <typename Visit>
void ForEachListener(const Scope& scope, const Visit& visit) {
  const auto all = [&visit](const auto& spec) {
    for (int i = 0; i < spec.listeners_size(); ++i) visit(fmt::format("spec.listeners[{}]", i), spec.listeners(i));
  };
  if (const auto* node = scope.SpecAs<model::VirtualNodeSpec>()) all(*node);
  if (const auto* gateway = scope.SpecAs<model::VirtualGatewaySpec>()) all(*gateway);
}

// The members of a connection pool or a timeout are named as the protocols are.
void CheckMemberIsProtocol(const Scope& scope, const std::string& path, const Message& choice,
                           std::string_view protocol) {
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  choice.GetReflection()->ListFields(choice, &fields);
  for (const auto* field : fields) {
    if (protocol.empty() || field->json_name() == protocol) continue;
    scope.Refuse(fmt::format("{}.{}", path, field->json_name()),
                 fmt::format("must be of the listener's protocol, which is {}", protocol));
  }
}

}  // namespace

void CheckServiceDiscovery(const Scope& scope) {
  const auto* node = scope.SpecAs<model::VirtualNodeSpec>();
  if (node == nullptr || node->listeners().empty() || node->has_service_discovery()) return;
  scope.Refuse("spec.serviceDiscovery", "is required where there are listeners");
}

void CheckPoolProtocol(const Scope& scope) {
  ForEachListener(scope, [&scope](const std::string& path, const auto& listener) {
    if (!listener.has_connection_pool()) return;
    CheckMemberIsProtocol(scope, path + ".connectionPool", listener.connection_pool(),
                          WireOf(listener.port_mapping().protocol()));
  });
}

void CheckTimeoutProtocol(const Scope& scope) {
  const auto* node = scope.SpecAs<model::VirtualNodeSpec>();
  if (node == nullptr) return;
  for (int i = 0; i < node->listeners_size(); ++i) {
    const model::Listener& listener = node->listeners(i);
    if (!listener.has_timeout()) continue;
    CheckMemberIsProtocol(scope, fmt::format("spec.listeners[{}].timeout", i), listener.timeout(),
                          WireOf(listener.port_mapping().protocol()));
  }
}

void CheckGrpcHealthCheck(const Scope& scope) {
  ForEachListener(scope, [&scope](const std::string& path, const auto& listener) {
    if (WireOf(listener.health_check().protocol()) != "grpc") return;
    const std::string_view protocol = WireOf(listener.port_mapping().protocol());
    if (protocol.empty() || protocol == "http2" || protocol == "grpc") return;
    scope.Refuse(path + ".healthCheck.protocol", "GRPC HealthCheck requires listener type of HTTP2 or GRPC.");
  });
}

void CheckHealthCheckPath(const Scope& scope) {
  ForEachListener(scope, [&scope](const std::string& path, const auto& listener) {
    const std::string_view protocol = WireOf(listener.health_check().protocol());
    if (protocol != "http" && protocol != "http2") return;
    if (!listener.health_check().path().empty()) return;
    scope.Refuse(path + ".healthCheck.path", fmt::format("is required for a health check of protocol {}", protocol));
  });
}

void CheckHealthCheckPort(const Scope& scope) {
  ForEachListener(scope, [&scope](const std::string& path, const auto& listener) {
    if (!listener.health_check().has_port() || !listener.port_mapping().has_port()) return;
    if (listener.health_check().port() == listener.port_mapping().port()) return;
    scope.Refuse(path + ".healthCheck.port",
                 fmt::format("must be the listener's port, {}", listener.port_mapping().port()));
  });
}

void CheckListenerPorts(const Scope& scope) {
  if (scope.spec == nullptr) return;
  std::set<int> seen;
  const std::vector<ListenerPort> listeners = ListenersOf(*scope.spec);
  for (size_t i = 0; i < listeners.size(); ++i) {
    if (listeners[i].port == 0 || seen.insert(listeners[i].port).second) continue;
    scope.Refuse(fmt::format("spec.listeners[{}].portMapping.port", i),
                 fmt::format("{} is the port of another listener", listeners[i].port));
  }
}

}  // namespace chancery::frontend::field_rules
