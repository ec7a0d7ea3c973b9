#include "frontend/mesh_rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "frontend/listeners.h"
#include "frontend/neighbours.h"
#include "frontend/route_ports.h"

namespace chancery::frontend::mesh_rules {
namespace {

using base::Code;
using base::Error;
using base::Status;
using base::Violation;
using google::protobuf::Message;
using model::Kind;
using model::ResourceKey;
using Listeners = std::vector<ListenerPort>;

// At most so many names are listed in a message.
constexpr size_t kNamed = 5;

// ---- Judging -------------------------------------------------------------------------------------

bool Has(const Listeners& listeners, int port) {
  return std::any_of(listeners.begin(), listeners.end(), [port](const ListenerPort& l) { return l.port == port; });
}

// Whether the port is none of those of the listeners. One that listens nowhere yet is not judged.
bool IsForeign(const Listeners& listeners, const std::optional<int>& port) {
  return port && !listeners.empty() && !Has(listeners, *port);
}

// The protocol of the listener that a route is of; empty when there is none or none can be told.
std::string_view ProtocolAt(const Listeners& listeners, const std::optional<int>& port) {
  if (!port) return listeners.size() == 1 ? listeners.front().protocol : std::string_view();
  const auto found =
      std::find_if(listeners.begin(), listeners.end(), [&port](const ListenerPort& l) { return l.port == *port; });
  return found == listeners.end() ? std::string_view() : found->protocol;
}

Status Refusal(std::vector<Violation> violations) {
  if (violations.empty()) return Status::Ok();
  return Error{Code::kBadRequest, "invalid request", std::move(violations)};
}

std::string Named(const ResourceKey& key) {
  return fmt::format("{} {}{}{}", model::DescriptorOf(key.kind).name, key.parent, key.parent.empty() ? "" : "/",
                     key.name);
}

bool Writes(const Change& change, Kind kind) { return change.key.kind == kind; }

// Whether it is an update that changes listeners; only then can it break a rule about others.
bool MovesListeners(const Change& change) {
  return change.before != nullptr && ListenersOf(*change.before) != ListenersOf(change.after);
}

RoutePorts PortsOf(const Change& change) { return RoutePortsOf(change.key.mesh, change.key.kind, change.after); }

// "has several listeners, but 2 of the routes to it have no port: a, b".
struct Missing {
  size_t count = 0;
  std::vector<std::string> names;
  void Add(const ResourceKey& key) {
    ++count;
    const std::string name = key.parent.empty() ? key.name : key.parent + "/" + key.name;
    if (names.size() < kNamed) names.push_back(name);
  }
  Status ToStatus(std::string_view what) const {
    if (count == 0) return Status::Ok();
    return Refusal({{"spec.listeners", fmt::format("must not be several while {} {}; up to {} of them: [{}]", count,
                                                   what, kNamed, fmt::join(names, ", "))}});
  }
};

}  // namespace

// ---- Rule 12 -------------------------------------------------------------------------------------

Status RouteNeedsMatchPort(const Change& change) {
  if (!Writes(change, Kind::kRoute) || PortsOf(change).match) return Status::Ok();
  const auto listeners = ReadListeners(change.work, ParentOf(change.key));
  if (!listeners) return listeners.error();
  if (listeners->size() < 2) return Status::Ok();
  return Error{
      Code::kBadRequest, "Route must define a port match criteria if the Virtual Router has multiple listeners", {}};
}

Status RouterNeedsRoutesWithPorts(const Change& change) {
  if (!Writes(change, Kind::kVirtualRouter) || !MovesListeners(change)) return Status::Ok();
  if (ListenersOf(change.after).size() < 2) return Status::Ok();
  size_t missing = 0;
  std::vector<std::string> names;
  CHANCERY_RETURN_IF_ERROR(
      ForEachChild(change.work, change.key, Kind::kRoute, [&](const ResourceKey& key, const Message& spec) {
        if (RoutePortsOf(key.mesh, key.kind, spec).match) return Status::Ok();
        if (++missing <= kNamed) names.push_back(key.name);
        return Status::Ok();
      }));
  if (missing == 0) return Status::Ok();
  return Error{Code::kBadRequest,
               fmt::format("All Routes for this Virtual Router must define a port match before adding multiple "
                           "listeners to this Virtual Router. {} Route(s) are missing port. Listing up to {} route "
                           "names: [{}]",
                           missing, kNamed, fmt::join(names, ", ")),
               {}};
}

// ---- Rule 13 -------------------------------------------------------------------------------------

namespace {

// Targets without a port that have several listeners.
Status NeedTargetPorts(const Change& change) {
  std::vector<Violation> violations;
  for (const PortTarget& target : PortsOf(change).targets) {
    if (target.port) continue;
    const auto listeners = ReadTargetListeners(change.work, target.key);
    if (!listeners) return listeners.error();
    if (listeners->size() < 2) continue;
    violations.push_back({target.path, fmt::format("is required because {} has several listeners: {}",
                                                   Named(target.key), frontend::PortsOf(*listeners))});
  }
  return Refusal(std::move(violations));
}

}  // namespace

Status RouteNeedsTargetPorts(const Change& change) {
  return Writes(change, Kind::kRoute) ? NeedTargetPorts(change) : Status::Ok();
}

Status GatewayRouteNeedsTargetPort(const Change& change) {
  return Writes(change, Kind::kGatewayRoute) ? NeedTargetPorts(change) : Status::Ok();
}

Status GatewayRouteNeedsMatchPort(const Change& change) {
  if (!Writes(change, Kind::kGatewayRoute)) return Status::Ok();
  const RoutePorts ports = PortsOf(change);
  if (ports.match) return Status::Ok();
  const ResourceKey gateway = ParentOf(change.key);
  const auto listeners = ReadListeners(change.work, gateway);
  if (!listeners) return listeners.error();
  if (listeners->size() < 2) return Status::Ok();
  return Refusal({{ports.member + ".match.port", fmt::format("is required because {} has several listeners: {}",
                                                             Named(gateway), frontend::PortsOf(*listeners))}});
}

Status NodeNeedsRoutesWithPorts(const Change& change) {
  if (!Writes(change, Kind::kVirtualNode) || !MovesListeners(change)) return Status::Ok();
  if (ListenersOf(change.after).size() < 2) return Status::Ok();
  Missing missing;
  CHANCERY_RETURN_IF_ERROR(
      ForEachReferrer(change.work, change.key, Kind::kRoute, [&](const ResourceKey& key, const Message& spec) {
        const RoutePorts ports = RoutePortsOf(key.mesh, key.kind, spec);
        const auto lacks = [&](const PortTarget& target) { return target.key == change.key && !target.port; };
        if (std::any_of(ports.targets.begin(), ports.targets.end(), lacks)) missing.Add(key);
        return Status::Ok();
      }));
  return missing.ToStatus("Route(s) to it have no port for their target");
}

Status GatewayNeedsRoutesWithPorts(const Change& change) {
  if (!Writes(change, Kind::kVirtualGateway) || !MovesListeners(change)) return Status::Ok();
  if (ListenersOf(change.after).size() < 2) return Status::Ok();
  Missing missing;
  CHANCERY_RETURN_IF_ERROR(
      ForEachChild(change.work, change.key, Kind::kGatewayRoute, [&](const ResourceKey& key, const Message& spec) {
        if (!RoutePortsOf(key.mesh, key.kind, spec).match) missing.Add(key);
        return Status::Ok();
      }));
  return missing.ToStatus("GatewayRoute(s) of it have no match.port");
}

namespace {

// The listeners that the changed provider, or the changed service's provider, will have; nothing when
// the change cannot matter to gateway routes.
base::Result<std::optional<Listeners>> ProvidedListeners(const Change& change) {
  if (Writes(change, Kind::kVirtualNode) || Writes(change, Kind::kVirtualRouter)) {
    return MovesListeners(change) ? std::optional(ListenersOf(change.after)) : std::nullopt;
  }
  if (!Writes(change, Kind::kVirtualService) || change.before == nullptr) return std::optional<Listeners>();
  const auto provider = ProviderOf(change.key.mesh, change.after);
  if (!provider || provider == ProviderOf(change.key.mesh, *change.before)) return std::optional<Listeners>();
  auto listeners = ReadListeners(change.work, *provider);
  if (!listeners) return listeners.error();
  return std::optional(*std::move(listeners));
}

}  // namespace

Status ProviderNeedsTargetPorts(const Change& change) {
  const auto listeners = ProvidedListeners(change);
  if (!listeners) return listeners.error();
  if (!*listeners || (*listeners)->size() < 2) return Status::Ok();
  Missing missing;
  CHANCERY_RETURN_IF_ERROR(
      ForEachGatewayRouteTo(change.work, change.key, [&](const ResourceKey& key, const Message& spec) {
        if (!RoutePortsOf(key.mesh, key.kind, spec).targets.front().port) missing.Add(key);
        return Status::Ok();
      }));
  if (change.key.kind != Kind::kVirtualService || missing.count == 0) {
    return missing.ToStatus("GatewayRoute(s) to its VirtualServices have no target.port");
  }
  return Refusal({{"spec.provider", fmt::format("has several listeners, but {} GatewayRoute(s) to this VirtualService "
                                                "have no target.port: [{}]",
                                                missing.count, fmt::join(missing.names, ", "))}});
}

// ---- Rule 14 -------------------------------------------------------------------------------------

namespace {

Status PortsExist(const Change& change) {
  const RoutePorts ports = PortsOf(change);
  std::vector<Violation> violations;
  const ResourceKey parent = ParentOf(change.key);
  if (ports.match) {
    const auto listeners = ReadListeners(change.work, parent);
    if (!listeners) return listeners.error();
    if (IsForeign(*listeners, ports.match)) {
      violations.push_back({ports.member + ".match.port", fmt::format("must be a listener's port of {}: {}",
                                                                      Named(parent), frontend::PortsOf(*listeners))});
    }
  }
  for (const PortTarget& target : ports.targets) {
    if (!target.port) continue;
    const auto listeners = ReadTargetListeners(change.work, target.key);
    if (!listeners) return listeners.error();
    if (!IsForeign(*listeners, target.port)) continue;
    violations.push_back({target.path, fmt::format("must be a listener's port of {}: {}", Named(target.key),
                                                   frontend::PortsOf(*listeners))});
  }
  return Refusal(std::move(violations));
}

}  // namespace

Status RoutePortsExist(const Change& change) {
  return Writes(change, Kind::kRoute) ? PortsExist(change) : Status::Ok();
}

Status GatewayRoutePortsExist(const Change& change) {
  return Writes(change, Kind::kGatewayRoute) ? PortsExist(change) : Status::Ok();
}

namespace {

// A service's new provider listens on the ports that gateway routes to the service name.
Status ProviderHasPortsInUse(const Change& change) {
  const auto listeners = ProvidedListeners(change);
  if (!listeners) return listeners.error();
  if (!*listeners) return Status::Ok();
  return ForEachGatewayRouteTo(change.work, change.key, [&](const ResourceKey& key, const Message& spec) {
    const std::optional<int> port = RoutePortsOf(key.mesh, key.kind, spec).targets.front().port;
    if (!IsForeign(**listeners, port)) return Status::Ok();
    return Refusal({{"spec.provider", fmt::format("must have a listener on port {}, which {} names; it has: {}", *port,
                                                  Named(key), frontend::PortsOf(**listeners))}});
  });
}

}  // namespace

Status PortsInUseStay(const Change& change) {
  if (Writes(change, Kind::kVirtualService)) return ProviderHasPortsInUse(change);
  const bool router = Writes(change, Kind::kVirtualRouter);
  const bool node = Writes(change, Kind::kVirtualNode);
  const bool gateway = Writes(change, Kind::kVirtualGateway);
  if ((!router && !node && !gateway) || !MovesListeners(change)) return Status::Ok();
  const Listeners listeners = ListenersOf(change.after);
  const auto judge = [&](const ResourceKey& key, const std::optional<int>& port) {
    if (!IsForeign(listeners, port)) return Status::Ok();
    return Refusal({{"spec.listeners", fmt::format("must keep port {}, which {} names", *port, Named(key))}});
  };
  const auto by_match = [&](const ResourceKey& key, const Message& spec) {
    return judge(key, RoutePortsOf(key.mesh, key.kind, spec).match);
  };
  const auto by_target = [&](const ResourceKey& key, const Message& spec) -> Status {
    for (const PortTarget& target : RoutePortsOf(key.mesh, key.kind, spec).targets) {
      if (key.kind == Kind::kRoute && target.key != change.key) continue;
      CHANCERY_RETURN_IF_ERROR(judge(key, target.port));
    }
    return Status::Ok();
  };
  if (gateway) return ForEachChild(change.work, change.key, Kind::kGatewayRoute, by_match);
  if (router) CHANCERY_RETURN_IF_ERROR(ForEachChild(change.work, change.key, Kind::kRoute, by_match));
  if (node) CHANCERY_RETURN_IF_ERROR(ForEachReferrer(change.work, change.key, Kind::kRoute, by_target));
  return ForEachGatewayRouteTo(change.work, change.key, by_target);
}

// ---- Rule 16 -------------------------------------------------------------------------------------

Status RouteFitsProtocol(const Change& change) {
  if (!Writes(change, Kind::kRoute)) return Status::Ok();
  const RoutePorts ports = PortsOf(change);
  const ResourceKey router = ParentOf(change.key);
  const auto listeners = ReadListeners(change.work, router);
  if (!listeners) return listeners.error();
  const std::string_view protocol = ProtocolAt(*listeners, ports.match);
  if (protocol.empty() || protocol == ports.protocol) return Status::Ok();
  return Refusal({{ports.member, fmt::format("must be of the protocol of the listener of {}, which is {}",
                                             Named(router), protocol)}});
}

Status RouterKeepsProtocols(const Change& change) {
  if (!Writes(change, Kind::kVirtualRouter) || !MovesListeners(change)) return Status::Ok();
  const Listeners listeners = ListenersOf(change.after);
  return ForEachChild(change.work, change.key, Kind::kRoute, [&](const ResourceKey& key, const Message& spec) {
    const RoutePorts ports = RoutePortsOf(key.mesh, key.kind, spec);
    const std::string_view protocol = ProtocolAt(listeners, ports.match);
    if (protocol.empty() || protocol == ports.protocol) return Status::Ok();
    return Refusal(
        {{"spec.listeners", fmt::format("must keep the protocol {}, which {} has", ports.protocol, Named(key))}});
  });
}

}  // namespace chancery::frontend::mesh_rules
