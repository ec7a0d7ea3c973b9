#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "compile/features/access_log.h"
#include "compile/features/client_tls.h"
#include "compile/features/connection_pool.h"
#include "compile/features/discovery.h"
#include "compile/features/gateway_rewrite.h"
#include "compile/features/listener_ports.h"
#include "compile/features/matches.h"
#include "compile/names.h"
#include "compile/resolve.h"
#include "compile/resolve_service.h"
#include "compile/resolve_target.h"
#include "compile/route_order.h"
#include "compile/virtual_hosts.h"

namespace chancery::compile {
namespace {

using chancery::model::GatewayRouteSpec;
using chancery::model::VirtualGatewaySpec;
using model::Kind;

// What a gateway route without a priority has: among such, and those that say so, the longest prefix
// wins (contract/api.md §4.7).
constexpr int32_t kLowestPriority = 1000;

// One gateway route with the parts that its three kinds share taken out.
struct GatewayRoute {
  std::string name;
  int32_t priority = kLowestPriority;
  ir::Protocol protocol = ir::Protocol::kHttp;
  std::optional<uint32_t> match_port;
  const chancery::model::GatewayRouteHostnameMatch* hostname = nullptr;  // null: any
  std::string service;
  std::optional<uint32_t> target_port;
  ir::RouteMatch match;
  GatewayRewrite rewrite;
};

template <typename Spec>
std::optional<GatewayRoute> FromSpec(const Spec& spec, ir::Protocol protocol, std::string& why) {
  GatewayRoute route;
  auto match = ToMatch(spec.match(), why);
  if (!match) return std::nullopt;
  route.match = *std::move(match);
  route.protocol = protocol;
  if (spec.match().has_port()) route.match_port = spec.match().port();
  if (spec.match().has_hostname()) route.hostname = &spec.match().hostname();
  const auto& target = spec.action().target();
  route.service = target.virtual_service().virtual_service_name();
  if (target.has_port()) route.target_port = target.port();
  route.rewrite = ToRewrite(spec.action(), route.match);
  if (!IsHeaderText(route.service) || route.service.empty())
    why = "its virtual service has no name that a request could carry";
  if (route.rewrite.path && !IsHeaderText(*route.rewrite.path)) why = "its rewrite is no path";
  return why.empty() ? std::optional(std::move(route)) : std::nullopt;
}

std::optional<GatewayRoute> Parse(const GatewayRouteSpec& spec, std::string& why) {
  if (spec.has_http_route()) return FromSpec(spec.http_route(), ir::Protocol::kHttp, why);
  if (spec.has_http2_route()) return FromSpec(spec.http2_route(), ir::Protocol::kHttp2, why);
  if (spec.has_grpc_route()) return FromSpec(spec.grpc_route(), ir::Protocol::kGrpc, why);
  why = "it has no kind of route";
  return std::nullopt;
}

// A gRPC call needs HTTP/2 on its second hop; otherwise kinds of routes and listeners mix.
bool Fits(ir::Protocol route, ir::Protocol listener) {
  return route != ir::Protocol::kGrpc || ir::NeedsHttp2(listener);
}

// The longest of the timeouts, an unset one counted as Envoy's default: the first hop must not give
// up before the second. Nothing when all are unset; zero, which disables, is longer than any.
std::optional<ir::Millis> Longest(const std::vector<ir::Route>& routes,
                                  std::optional<ir::Millis> ir::Timeouts::* member, ir::Millis envoys_default) {
  bool any = false;
  ir::Millis longest{0};
  for (const ir::Route& route : routes) {
    const auto& timeout = route.timeouts.*member;
    any = any || timeout.has_value();
    if (timeout && timeout->count() == 0) return ir::Millis(0);
    longest = std::max(longest, timeout.value_or(envoys_default));
  }
  return any ? std::optional(longest) : std::nullopt;
}

// A virtual gateway's proxy (contract/envoy.md §2.0, §2.7): requests pass through it twice.
class GatewayResolver {
 public:
  GatewayResolver(Reader& reader, const std::string& name, const VirtualGatewaySpec& spec)
      : reader_(reader),
        name_(name),
        spec_(spec),
        preference_(PreferenceOf(reader.Mesh(), nullptr)),
        access_log_(ToAccessLog(spec.logging())),
        targets_(reader, proxy_.clusters) {}

  ir::Proxy Resolve() {
    const auto listeners = ByPort(spec_.listeners(), reader_, Kind::kVirtualGateway, name_);
    ParseRoutes();
    ResolveTargets();
    for (const auto& [port, listener] : listeners) {
      ResolveListener(port, listener.protocol, *listener.listener, listeners.size() > 1);
    }
    WarnOfUnused();
    ResolveEgress(listeners);
    return std::move(proxy_);
  }

 private:
  using Listeners = ListenersByPort<chancery::model::VirtualGatewayListener>;

  // A virtual service on one of its ports, as the second hop knows it.
  struct Target {
    std::string service;
    std::string host;  // what the first hop sets as Host or in the header
    std::vector<ir::Route> routes;
    bool used = false;
    bool by_header = false;
    // An earlier one has its host when case is ignored, as Envoy does: its Host would lead there.
    bool clashes = false;
  };
  using TargetKey = std::pair<std::string, std::optional<uint32_t>>;

  void Warn(const std::string& route, std::string text) {
    reader_.Warn(Kind::kGatewayRoute, name_, route, std::move(text));
  }

  void ParseRoutes() {
    for (const auto& [name, spec] : reader_.GatewayRoutes(name_)) {
      std::string why;
      auto route = Parse(*spec, why);
      if (!route) {
        Warn(name, "is not served: " + why);
        continue;
      }
      route->name = name;
      if (route->rewrite.path_not_applied) {
        Warn(name, "rewrites its path, which needs a match of the path: the prefix is rewritten as if it did not");
      }
      if (spec->has_priority()) route->priority = spec->priority();
      routes_.push_back(*std::move(route));
    }
  }

  // When the routes name one port of a virtual service it is reached by its plain name; with several
  // ports each is reached as name:port.
  void ResolveTargets() {
    std::map<std::string, std::set<std::optional<uint32_t>>> wanted;
    for (const GatewayRoute& route : routes_) wanted[route.service].insert(route.target_port);
    const ClientPolicy policy = ToClientPolicy(spec_.backend_defaults().client_policy());
    for (const auto& [service, ports] : wanted) {
      const std::vector<ServicePort> offered = ResolveService(reader_, targets_, service, policy);
      for (const auto& port : ports) {
        Target target{service, service, {}};
        if (port && ports.size() > 1) target.host = fmt::format("{}:{}", service, *port);
        if (const ServicePort* found = FindPort(service, offered, port)) target.routes = found->routes;
        target_.emplace(TargetKey{service, port}, std::move(target));
      }
    }
    Domains domains;
    for (auto& [key, target] : target_)
      target.clashes = IsHeaderText(target.host) && domains.Take({target.host}).empty();
  }

  const ServicePort* FindPort(const std::string& service, const std::vector<ServicePort>& offered,
                              std::optional<uint32_t> wanted) {
    for (const ServicePort& port : offered) {
      if (ir::IsHttp(port.protocol) && (!wanted || port.port == *wanted)) return &port;
    }
    reader_.Warn(Kind::kVirtualService, "", service,
                 fmt::format("has no port with routes for gateway {}: requests get 404", name_));
    return nullptr;
  }

  void ResolveListener(uint32_t port, ir::Protocol protocol, const chancery::model::VirtualGatewayListener& listener,
                       bool several) {
    std::string why;
    const auto tls = ToServerTls(listener, protocol, why);
    if (!tls) return reader_.Warn(Kind::kVirtualGateway, "", name_, fmt::format("port {} is not bound: {}", port, why));
    if (port == names::kEgressPort) {
      return reader_.Warn(Kind::kVirtualGateway, "", name_,
                          fmt::format("port {} is the gateway's own: a listener there is not served", port));
    }
    ir::Cluster hop;
    hop.name =
        names::SelfRedirectCluster(reader_.mesh_name(), name_, several ? std::optional(port) : std::nullopt, protocol);
    hop.host = LoopbackOf(preference_);
    hop.port = names::kEgressPort;
    hop.http2 = ir::NeedsHttp2(protocol);
    hop.slots = {Slot::kBindEgress};
    if (listener.has_connection_pool()) SetLimits(listener.connection_pool(), port, protocol, hop);
    proxy_.clusters.emplace(hop.name, hop);

    ir::Listener ingress = NewListener(port);
    ingress.name = names::IngressListener(ingress.dual_stack, port);
    ingress.inbound = true;
    ingress.slots = {Slot::kBindIngress};
    ir::RouteConfig config = IngressRoutes(port, protocol, hop.name);
    ir::FilterChain chain;
    chain.port = port;
    chain.filter =
        ir::HttpChain{names::IngressStatPrefix(several, protocol, port), config.name, protocol == ir::Protocol::kHttp};
    ingress.chains = WithTls(std::move(chain), *tls);
    proxy_.listeners.push_back(std::move(ingress));
    proxy_.route_configs.push_back(std::move(config));
  }

  void SetLimits(const chancery::model::VirtualGatewayConnectionPool& pool, uint32_t port, ir::Protocol protocol,
                 ir::Cluster& hop) {
    if (const auto limits = ToLimits(pool, protocol)) {
      hop.limits = *limits;
    } else {
      reader_.Warn(Kind::kVirtualGateway, "", name_,
                   fmt::format("the connection pool of port {} is of another protocol: not applied", port));
    }
  }

  ir::Listener NewListener(uint32_t port) const {
    ir::Listener listener;
    listener.dual_stack = BindsBoth(preference_);
    listener.port = port;
    listener.inspect_all = true;
    listener.access_log = access_log_;
    return listener;
  }

  ir::RouteConfig IngressRoutes(uint32_t port, ir::Protocol protocol, const std::string& hop) {
    struct Entry {
      RouteOrder order;
      ir::Route route;
    };
    // By the domain of the hostname match; "" is any host.
    std::map<std::string, std::vector<Entry>> hosts;
    hosts[""];
    for (const GatewayRoute& route : routes_) {
      if ((route.match_port && *route.match_port != port) || !Fits(route.protocol, protocol)) continue;
      const auto domain = DomainOf(route);
      if (!domain) continue;
      used_.insert(route.name);
      for (ir::Route& made : ToRoutes(route, hop)) {
        const RouteOrder order = OrderOf(made.match, route.priority, route.name);
        hosts[*domain].push_back({order, std::move(made)});
      }
    }
    ir::RouteConfig config{names::IngressRoutes(protocol, port), {}};
    Domains domains;
    for (auto& [domain, entries] : hosts) {
      std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.order < b.order; });
      ir::VirtualHost host;
      host.name = domain.empty() ? std::string(names::kSelfRedirectHost) : domain;
      host.domains = domains.Take(domain.empty() ? std::vector<std::string>{"*"} : DomainsOf(domain, port));
      for (Entry& entry : entries) host.routes.push_back(std::move(entry.route));
      if (!host.domains.empty()) config.hosts.push_back(std::move(host));
    }
    return config;
  }

  // Nothing when it cannot be a domain: a literal name with a * would be a pattern to Envoy.
  std::optional<std::string> DomainOf(const GatewayRoute& route) {
    if (route.hostname == nullptr) return "";
    const bool exact = route.hostname->has_exact();
    const std::string& text = exact ? route.hostname->exact() : route.hostname->suffix();
    if (text.empty() || !IsHeaderText(text) || text.find('*') != std::string::npos) {
      Warn(route.name, "is not served: its hostname is none");
      return std::nullopt;
    }
    std::string domain = exact ? text : "*" + text;
    for (char& c : domain) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return domain;
  }

  static void RemoveHeader(ir::Route& route) {
    route.remove_request_headers = {std::string(names::kVirtualServiceHeader)};
  }

  std::vector<ir::Route> ToRoutes(const GatewayRoute& from, const std::string& hop) {
    Target& target = target_.at({from.service, from.target_port});
    ir::Route route;
    route.match = from.match;
    route.action = ir::ToCluster{hop};
    route.timeouts.request = Longest(target.routes, &ir::Timeouts::request, std::chrono::seconds(15));
    route.timeouts.idle = Longest(target.routes, &ir::Timeouts::idle, std::chrono::minutes(5));
    route.prefix_rewrite = from.rewrite.path;
    target.used = true;
    if (from.rewrite.hostname && target.clashes) {
      Warn(from.name,
           fmt::format("keeps the client's Host: another service is called {} when case is ignored", target.host));
    }
    if (from.rewrite.hostname && !target.clashes) {
      route.host_rewrite = target.host;
      // A client that sends it must not choose among the routes of the second hop.
      RemoveHeader(route);
    } else {
      target.by_header = true;
      route.set_headers = {{std::string(names::kVirtualServiceHeader), target.host}};
      // Every Envoy removes before it adds.
      if (!reader_.Has(EnvoyFeature::kAppendAction)) RemoveHeader(route);
    }
    std::vector<ir::Route> routes{route};
    if (from.rewrite.both_slashes) {
      routes.push_back(route);
      routes.back().match.path += '/';
    }
    return routes;
  }

  void WarnOfUnused() {
    for (const GatewayRoute& route : routes_) {
      if (!used_.contains(route.name)) Warn(route.name, "fits no served listener of its gateway by port and protocol");
    }
  }

  // Virtual services as the header of the first hop chooses them: all, or those whose routes keep the client's Host
  // now.
  std::vector<ir::Route> ByHeader(bool all) const {
    std::vector<ir::Route> routes;
    for (const auto& [key, target] : target_) {
      if (!target.by_header && !(all && target.used)) continue;
      for (ir::Route route : target.routes) {
        route.match.headers.push_back({std::string(names::kVirtualServiceHeader),
                                       ir::StringMatch{ir::StringMatch::Kind::kExact, target.host}, false});
        route.remove_response_headers = {std::string(names::kVirtualServiceHeader)};
        routes.push_back(std::move(route));
      }
    }
    return routes;
  }

  void ResolveEgress(const Listeners& listeners) {
    ir::Protocol protocol = ir::Protocol::kHttp;
    if (!listeners.empty()) protocol = listeners.begin()->second.protocol;
    for (const auto& [port, listener] : listeners) {
      if (listener.protocol != protocol) protocol = ir::Protocol::kHttp;
    }
    ir::RouteConfig config{names::EgressRoutes(protocol, names::kEgressPort), EgressHosts()};
    ir::Listener egress = NewListener(names::kEgressPort);
    egress.name = names::EgressListener(egress.dual_stack);
    egress.slots = {Slot::kBindEgress};
    ir::FilterChain chain;
    chain.port = names::kEgressPort;
    // The way of the gateway to itself: for others it would be a door without the listener's TLS and routes.
    chain.local_only = true;
    chain.filter = ir::HttpChain{std::string(names::kEgressStatPrefix), config.name, protocol == ir::Protocol::kHttp};
    egress.chains = {std::move(chain)};
    proxy_.listeners.push_back(std::move(egress));
    proxy_.route_configs.push_back(std::move(config));
  }

  std::vector<ir::VirtualHost> EgressHosts() {
    // Either way to each service, whichever its routes take now: the hops change one after the other, and what is
    // between them while a route begins or ceases to keep the client's Host would be answered 404.
    const std::vector<ir::Route> by_header = ByHeader(false);
    std::vector<ir::Route> all = ByHeader(true);
    std::vector<ir::VirtualHost> hosts;
    Domains domains;
    if (!all.empty()) {
      domains.Take({"*"});
      hosts.push_back({std::string(names::kDefaultBackendHost), {"*"}, std::move(all)});
    }
    for (auto& [key, target] : target_) {
      if (!target.used || target.clashes) continue;
      ir::VirtualHost host{target.service, domains.Take(DomainsOf(target.host, names::kEgressPort)), by_header};
      // A client whose Host happens to be this service's name goes where the first hop decided.
      for (ir::Route& route : target.routes) host.routes.push_back(std::move(route));
      if (!host.domains.empty()) hosts.push_back(std::move(host));
    }
    std::stable_sort(hosts.begin(), hosts.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return hosts;
  }

  Reader& reader_;
  const std::string& name_;
  const VirtualGatewaySpec& spec_;
  const chancery::model::IpPreference preference_;
  const std::optional<ir::AccessLog> access_log_;
  ir::Proxy proxy_;
  TargetResolver targets_;
  std::vector<GatewayRoute> routes_;  // by name
  std::map<TargetKey, Target> target_;
  std::set<std::string> used_;  // names of routes that some listener serves
};

}  // namespace

ir::Proxy ResolveGateway(Reader& reader, const std::string& name) {
  const VirtualGatewaySpec* spec = reader.Gateway(name);
  if (spec == nullptr) return {};
  return GatewayResolver(reader, name, *spec).Resolve();
}

}  // namespace chancery::compile
