#include "compile/resolve_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "compile/features/listener_ports.h"
#include "compile/features/matches.h"
#include "compile/features/retry.h"
#include "compile/features/timeouts.h"
#include "compile/route_order.h"

namespace chancery::compile {
namespace {

using chancery::model::RouteSpec;
using model::Kind;
using WeightedTargets = google::protobuf::RepeatedPtrField<chancery::model::WeightedTarget>;

std::optional<ir::Protocol> ProtocolOf(const RouteSpec& spec) {
  if (spec.has_http_route()) return ir::Protocol::kHttp;
  if (spec.has_http2_route()) return ir::Protocol::kHttp2;
  if (spec.has_grpc_route()) return ir::Protocol::kGrpc;
  if (spec.has_tcp_route()) return ir::Protocol::kTcp;
  return std::nullopt;
}

const WeightedTargets& TargetsOf(const RouteSpec& spec) {
  if (spec.has_http_route()) return spec.http_route().action().weighted_targets();
  if (spec.has_http2_route()) return spec.http2_route().action().weighted_targets();
  if (spec.has_grpc_route()) return spec.grpc_route().action().weighted_targets();
  return spec.tcp_route().action().weighted_targets();
}

std::optional<uint32_t> MatchPortOf(const RouteSpec& spec) {
  const auto port_of = [](const auto& match) {
    return match.has_port() ? std::optional<uint32_t>(match.port()) : std::nullopt;
  };
  if (spec.has_http_route()) return port_of(spec.http_route().match());
  if (spec.has_http2_route()) return port_of(spec.http2_route().match());
  if (spec.has_grpc_route()) return port_of(spec.grpc_route().match());
  return port_of(spec.tcp_route().match());
}

// The routes of one router, turned into those of one of its ports.
class RouterResolver {
 public:
  RouterResolver(Reader& reader, TargetResolver& targets, const std::string& service, const std::string& router,
                 const ClientPolicy& policy)
      : reader_(reader), targets_(targets), service_(service), router_(router), policy_(policy) {}

  std::vector<ServicePort> Resolve(const chancery::model::VirtualRouterSpec& spec) {
    const auto routes = reader_.Routes(router_);
    const auto listeners = ByPort(spec.listeners(), reader_, Kind::kVirtualRouter, router_);
    for (const auto& [name, route] : routes) {
      const auto protocol = ProtocolOf(*route);
      if (!protocol) {
        Warn(name, "has no kind of route: it is not served");
      } else if (listeners.empty()) {
        AddByTargets(name, *route, *protocol);
      } else {
        AddByListeners(name, *route, *protocol, listeners);
      }
    }
    return Finish();
  }

 private:
  struct Entry {
    RouteOrder order;
    ir::Route route;
  };
  struct Tcp {
    RouteOrder order;
    const RouteSpec* spec;
  };
  struct Port {
    ir::Protocol protocol = ir::Protocol::kHttp;
    std::vector<Entry> http;
    std::vector<Tcp> tcp;
  };

  void Warn(const std::string& route, std::string text) { reader_.Warn(Kind::kRoute, router_, route, std::move(text)); }

  void AddByListeners(const std::string& name, const RouteSpec& spec, ir::Protocol protocol,
                      const ListenersByPort<chancery::model::VirtualRouterListener>& listeners) {
    const auto wanted = MatchPortOf(spec);
    bool used = false;
    for (const auto& [port, listener] : listeners) {
      if ((wanted && *wanted != port) || listener.protocol != protocol) continue;
      Add(port, name, spec, protocol);
      used = true;
    }
    if (!used) Warn(name, "fits no listener of its router by port and protocol: it is not served");
  }

  // A router without listeners: the port is that of the targets, which must agree.
  void AddByTargets(const std::string& name, const RouteSpec& spec, ir::Protocol protocol) {
    std::optional<uint32_t> port;
    for (const auto& target : TargetsOf(spec)) {
      const auto upstream = Find(target, protocol);
      if (!upstream) continue;
      if (port && *port != upstream->port) return Warn(name, "has targets on different ports: it is not served");
      port = upstream->port;
    }
    if (!port) return Warn(name, "has no target with a listener: it is not served");
    Add(*port, name, spec, protocol);
  }

  void Add(uint32_t number, const std::string& name, const RouteSpec& spec, ir::Protocol protocol) {
    const int32_t priority = spec.has_priority() ? spec.priority() : RouteOrder::kWithoutPriority;
    const auto found = ports_.find(number);
    if (found != ports_.end() && found->second.protocol != protocol) {
      return Warn(name, fmt::format("port {} already has routes of another protocol: it is not served", number));
    }
    ir::RouteMatch match;
    if (protocol == ir::Protocol::kTcp) {
      ports_[number].protocol = protocol;
      ports_[number].tcp.push_back({OrderOf(match, priority, name), &spec});
      return;
    }
    auto route = ToRoute(name, spec, protocol);
    if (!route) return;
    ports_[number].protocol = protocol;
    const RouteOrder order = OrderOf(route->match, priority, name);
    ports_[number].http.push_back({order, *std::move(route)});
  }

  std::optional<ir::Route> ToRoute(const std::string& name, const RouteSpec& spec, ir::Protocol protocol) {
    if (spec.has_grpc_route()) return FromSpec(name, spec.grpc_route(), protocol);
    return FromSpec(name, spec.has_http_route() ? spec.http_route() : spec.http2_route(), protocol);
  }

  // `Spec` is HttpRoute or GrpcRoute.
  template <typename Spec>
  std::optional<ir::Route> FromSpec(const std::string& name, const Spec& spec, ir::Protocol protocol) {
    std::string why;
    auto match = ToMatch(spec.match(), why);
    if (!match) {
      Warn(name, "is not served: " + why);
      return std::nullopt;
    }
    ir::Route route;
    route.match = *std::move(match);
    route.action = ToSplit(name, spec.action().weighted_targets(), protocol);
    route.timeouts = ToTimeouts(spec.timeout());
    if (!std::holds_alternative<ir::Answer>(route.action)) {
      route.retry = spec.has_retry_policy() ? ToRetry(spec.retry_policy()) : DefaultRetry();
    }
    route.target_service = service_;
    return route;
  }

  std::optional<TargetResolver::Upstream> Find(const chancery::model::WeightedTarget& target, ir::Protocol protocol) {
    const auto port = target.has_port() ? std::optional<uint32_t>(target.port()) : std::nullopt;
    return targets_.One(target.virtual_node(), port, protocol, policy_);
  }

  // All targets, those of weight 0 too. A target that cannot be served keeps its share.
  std::vector<ir::Target> ToTargets(const std::string& name, const WeightedTargets& targets, ir::Protocol protocol,
                                    bool& any_served) {
    std::vector<ir::Target> result;
    for (const auto& target : targets) {
      const auto weight = static_cast<uint32_t>(std::max(target.weight(), 0));
      const auto upstream = Find(target, protocol);
      if (!upstream)
        Warn(name,
             fmt::format("target {} has no such listener: its share is answered with 503", target.virtual_node()));
      const bool served = upstream && upstream->served;
      if (served) {
        result.push_back({upstream->cluster, weight});
      } else if (weight > 0) {
        result.push_back({targets_.NotServed(), weight});
      }
      any_served = any_served || (served && weight > 0);
    }
    return result;
  }

  std::variant<ir::Answer, ir::ToCluster, ir::Split> ToSplit(const std::string& name, const WeightedTargets& targets,
                                                             ir::Protocol protocol) {
    bool any_served = false;
    std::vector<ir::Target> result = ToTargets(name, targets, protocol, any_served);
    if (!any_served) {
      Warn(name, "has no target with a weight that can be served: it is answered with 503");
      return ir::Answer{503};
    }
    return ir::Split{std::move(result)};
  }

  void FinishTcp(const Port& port, ServicePort& result) {
    const auto first = std::min_element(port.tcp.begin(), port.tcp.end(),
                                        [](const Tcp& a, const Tcp& b) { return a.order < b.order; });
    for (const Tcp& other : port.tcp) {
      if (&other != &*first)
        Warn(other.order.name, "is not served: its router has another tcp route, " + first->order.name);
    }
    const auto& route = first->spec->tcp_route();
    bool any_served = false;
    result.targets = ToTargets(first->order.name, route.action().weighted_targets(), ir::Protocol::kTcp, any_served);
    // Envoy takes no weight of 0 here. Traffic to no target is closed, never let past as unmodelled.
    std::erase_if(result.targets, [](const ir::Target& target) { return target.weight == 0; });
    if (!any_served) {
      Warn(first->order.name, "has no target with a weight that can be served: its connections are closed");
      result.targets = {{targets_.NotServed(), 1}};
    }
    result.idle = ToIdle(route.timeout());
  }

  std::vector<ServicePort> Finish() {
    std::vector<ServicePort> result;
    for (auto& [number, port] : ports_) {
      ServicePort service{number, port.protocol, {}, {}, std::nullopt};
      std::sort(port.http.begin(), port.http.end(), [](const Entry& a, const Entry& b) { return a.order < b.order; });
      for (Entry& entry : port.http) service.routes.push_back(std::move(entry.route));
      if (!port.tcp.empty()) FinishTcp(port, service);
      result.push_back(std::move(service));
    }
    return result;
  }

  Reader& reader_;
  TargetResolver& targets_;
  const std::string& service_;
  const std::string& router_;
  const ClientPolicy& policy_;
  std::map<uint32_t, Port> ports_;
};

std::vector<ServicePort> FromNode(TargetResolver& targets, const std::string& service, const std::string& node,
                                  const ClientPolicy& policy) {
  std::vector<ServicePort> result;
  for (const auto& upstream : targets.All(node, policy)) {
    ServicePort port{upstream.port, upstream.protocol, {}, {}, std::nullopt};
    if (upstream.protocol == ir::Protocol::kTcp) {
      port.targets = {{upstream.cluster, 1}};
    } else {
      ir::Route route;
      if (upstream.served) {
        route.action = ir::Split{{{upstream.cluster, 1}}};
        route.retry = DefaultRetry();
      }
      route.target_service = service;
      port.routes.push_back(std::move(route));
    }
    result.push_back(std::move(port));
  }
  return result;
}

}  // namespace

std::vector<ServicePort> ResolveService(Reader& reader, TargetResolver& targets, const std::string& name,
                                        const ClientPolicy& policy) {
  const auto* service = reader.Service(name);
  if (service == nullptr) {
    reader.Warn(Kind::kVirtualService, "", name, "it is used and does not exist");
    return {};
  }
  const auto& provider = service->provider();
  if (provider.has_virtual_node()) return FromNode(targets, name, provider.virtual_node().virtual_node_name(), policy);
  if (!provider.has_virtual_router()) return {};
  const std::string& router = provider.virtual_router().virtual_router_name();
  const auto* spec = reader.Router(router);
  if (spec == nullptr) {
    reader.Warn(Kind::kVirtualRouter, "", router, "it is used and does not exist");
    return {};
  }
  return RouterResolver(reader, targets, name, router, policy).Resolve(*spec);
}

}  // namespace chancery::compile
