#include <fmt/format.h>

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "compile/features/access_log.h"
#include "compile/features/client_tls.h"
#include "compile/features/connection_pool.h"
#include "compile/features/discovery.h"
#include "compile/features/listener_ports.h"
#include "compile/features/timeouts.h"
#include "compile/names.h"
#include "compile/resolve.h"
#include "compile/resolve_service.h"
#include "compile/resolve_target.h"
#include "compile/virtual_hosts.h"

namespace chancery::compile {
namespace {

using chancery::model::VirtualNodeSpec;
using model::Kind;

constexpr uint32_t kHttpsPort = 443;
// On a PERMISSIVE tcp port: how long a client may stay silent before it is taken for one that waits for
// the server to speak first, in plaintext.
constexpr ir::Millis kPermissiveWait{500};

ir::Cluster OriginalDst(std::string name) {
  ir::Cluster cluster;
  cluster.name = std::move(name);
  cluster.type = ir::Cluster::Type::kOriginalDst;
  return cluster;
}

// A virtual node's proxy (contract/envoy.md §2.0).
class NodeResolver {
 public:
  NodeResolver(Reader& reader, const std::string& name, const VirtualNodeSpec& spec)
      : reader_(reader),
        name_(name),
        mesh_(reader.mesh_name()),
        spec_(spec),
        preference_(PreferenceOf(reader.Mesh(), &spec)),
        access_log_(ToAccessLog(spec.logging())),
        targets_(reader, proxy_.clusters) {
    const auto* mesh = reader.Mesh();
    allow_all_ = mesh != nullptr && mesh->egress_filter().type() == chancery::model::EGRESS_FILTER_TYPE_ALLOW_ALL;
  }

  ir::Proxy Resolve() {
    ResolveIngress();
    ResolveEgress();
    return std::move(proxy_);
  }

 private:
  // What a backend port leads to: one filter chain.
  struct EgressPort {
    ir::Protocol protocol = ir::Protocol::kHttp;
    std::string owner;  // the first virtual service on it
    Domains domains;
    std::vector<ir::VirtualHost> hosts;
    ir::TcpChain tcp;
  };

  void AddCluster(ir::Cluster cluster) {
    std::string name = cluster.name;
    proxy_.clusters.emplace(std::move(name), std::move(cluster));
  }

  void ResolveIngress() {
    const auto ports = ByPort(spec_.listeners(), reader_, Kind::kVirtualNode, name_);
    ir::Listener listener;
    listener.dual_stack = BindsBoth(preference_);
    listener.name = names::IngressListener(listener.dual_stack, names::kIngressPort);
    listener.port = names::kIngressPort;
    listener.inbound = true;
    listener.original_dst = true;
    listener.access_log = access_log_;
    listener.slots = {Slot::kBindIngress};
    for (const auto& entry : ports) {
      ResolvePort(entry.first, entry.second.protocol, *entry.second.listener, ports.size() > 1, listener);
    }
    // Envoy takes no listener without chains. Traffic to the port then finds nobody: closed.
    if (!listener.chains.empty()) proxy_.listeners.push_back(std::move(listener));
  }

  // Adds what `from` asks for to the ingress listener; nothing when it asks for TLS that cannot be served.
  void ResolvePort(uint32_t port, ir::Protocol protocol, const chancery::model::Listener& from, bool several,
                   ir::Listener& listener) {
    std::string why;
    const auto tls = ToServerTls(from, protocol, why);
    if (!tls) {
      return reader_.Warn(Kind::kVirtualNode, "", name_, fmt::format("port {} takes no connections: {}", port, why));
    }
    for (ir::FilterChain& chain : WithTls(IngressChain(port, protocol, from, several), *tls)) {
      listener.chains.push_back(std::move(chain));
    }
    if (tls->mode != ServerTls::Mode::kPermissive) return;
    listener.inspect_ports.insert(port);
    if (protocol == ir::Protocol::kTcp) listener.inspect_timeout = kPermissiveWait;
  }

  ir::FilterChain IngressChain(uint32_t port, ir::Protocol protocol, const chancery::model::Listener& listener,
                               bool several) {
    ir::Cluster cluster;
    cluster.name = names::IngressCluster(mesh_, name_, protocol, port);
    cluster.host = LoopbackOf(preference_);
    cluster.port = port;
    cluster.http2 = ir::NeedsHttp2(protocol);
    cluster.connect_timeout = ir::Millis(250);
    if (listener.has_connection_pool()) SetLimits(listener.connection_pool(), protocol, cluster);
    cluster.slots = {Slot::kBindApplication};
    AddCluster(cluster);

    ir::FilterChain chain;
    chain.port = port;
    const std::string stat_prefix = names::IngressStatPrefix(several, protocol, port);
    if (protocol == ir::Protocol::kTcp) {
      chain.filter = ir::TcpChain{stat_prefix, {{cluster.name, 1}}, ToIdle(listener.timeout().tcp())};
      return chain;
    }
    ir::Route route;
    route.action = ir::ToCluster{cluster.name};
    route.timeouts = IngressTimeouts(listener.timeout(), protocol);
    const std::string routes = names::IngressRoutes(protocol, port);
    proxy_.route_configs.push_back({routes, {{std::string(names::kLocalServiceHost), {"*"}, {std::move(route)}}}});
    chain.filter = ir::HttpChain{stat_prefix, routes, protocol == ir::Protocol::kHttp};
    return chain;
  }

  void SetLimits(const chancery::model::VirtualNodeConnectionPool& pool, ir::Protocol protocol, ir::Cluster& cluster) {
    if (const auto limits = ToLimits(pool, protocol)) {
      cluster.limits = *limits;
    } else {
      reader_.Warn(Kind::kVirtualNode, "", name_,
                   fmt::format("the connection pool of port {} is of another protocol: not applied", cluster.port));
    }
  }

  static ir::Timeouts IngressTimeouts(const chancery::model::ListenerTimeout& timeout, ir::Protocol protocol) {
    switch (protocol) {
      case ir::Protocol::kHttp:
        return ToTimeouts(timeout.http());
      case ir::Protocol::kHttp2:
        return ToTimeouts(timeout.http2());
      case ir::Protocol::kGrpc:
        return ToTimeouts(timeout.grpc());
      case ir::Protocol::kTcp:
        break;
    }
    return {};
  }

  void ResolveEgress() {
    for (auto& [service, ports] : ResolveBackends()) {
      for (ServicePort& port : ports) AddService(service, std::move(port));
    }
    ir::Listener listener;
    listener.dual_stack = BindsBoth(preference_);
    listener.name = names::EgressListener(listener.dual_stack);
    listener.port = names::kEgressPort;
    listener.original_dst = true;
    listener.inspect_ports = {kHttpsPort};
    listener.access_log = access_log_;
    listener.slots = {Slot::kBindEgress};
    for (auto& [number, port] : egress_) listener.chains.push_back(EgressChain(number, port));
    AddPassthrough(listener.chains);
    if (allow_all_) BlockOwnPort(listener.chains);
    proxy_.listeners.push_back(std::move(listener));
  }

  // By name: each virtual service once, with the policy of its first mention.
  std::map<std::string, ClientPolicy> Backends() const {
    const auto& defaults = spec_.backend_defaults().client_policy();
    std::map<std::string, ClientPolicy> backends;
    for (const auto& backend : spec_.backends()) {
      if (!backend.has_virtual_service()) continue;
      const auto& service = backend.virtual_service();
      const auto& policy = service.client_policy().has_tls() ? service.client_policy() : defaults;
      backends.emplace(service.virtual_service_name(), ToClientPolicy(policy));
    }
    return backends;
  }

  // Clusters are named after nodes and policies belong to services: of two services that lead to one
  // node with different policies, the one that is resolved first keeps the cluster's observed name. It is
  // the more demanding one, so that a weaker one never takes over the cluster of a service in use.
  std::map<std::string, std::vector<ServicePort>> ResolveBackends() {
    const auto backends = Backends();
    std::map<std::string, std::vector<ServicePort>> resolved;
    using Kind = ClientPolicy::Kind;
    for (const Kind kind : {Kind::kEnforced, Kind::kNotEnforced, Kind::kNone}) {
      for (const auto& [service, policy] : backends) {
        if (policy.kind == kind) resolved[service] = ResolveService(reader_, targets_, service, policy);
      }
    }
    return resolved;
  }

  void AddService(const std::string& service, ServicePort port) {
    const auto [found, first] = egress_.try_emplace(port.port);
    EgressPort& egress = found->second;
    if (first) {
      egress.protocol = port.protocol;
      egress.owner = service;
      // Before any virtual service of this name could claim it.
      if (allow_all_) egress.domains.Take({"*"});
    } else if (egress.protocol != port.protocol || port.protocol == ir::Protocol::kTcp) {
      reader_.Warn(
          Kind::kVirtualService, "", service,
          fmt::format("is not served on port {} to clients that also use {} there, with another protocol or tcp",
                      port.port, egress.owner));
      return;
    }
    if (port.protocol == ir::Protocol::kTcp) {
      egress.tcp = {std::string(names::kEgressStatPrefix), std::move(port.targets), port.idle};
      return;
    }
    std::vector<std::string> domains = egress.domains.Take(DomainsOf(service, port.port));
    if (domains.empty()) {
      reader_.Warn(Kind::kVirtualService, "", service,
                   "is not served: another has its name when case is ignored, or no request could carry it");
      return;
    }
    egress.hosts.push_back({service, std::move(domains), std::move(port.routes)});
  }

  ir::FilterChain EgressChain(uint32_t number, EgressPort& port) {
    ir::FilterChain chain;
    chain.port = number;
    // Beside the passthrough chains of 443 a chain must have an address as they do, or Envoy
    // chooses between them anew at each start (contract/envoy.md §2.2).
    chain.any_address = number == kHttpsPort;
    if (port.protocol == ir::Protocol::kTcp) {
      chain.filter = std::move(port.tcp);
      return chain;
    }
    if (number == kHttpsPort) chain.transport = ir::FilterChain::Transport::kPlaintext;
    // On the listener's own port that would be this proxy again (contract/envoy.md §2.0).
    if (allow_all_ && number != names::kEgressPort) port.hosts.push_back(AllowAllHost());
    ir::RouteConfig config{names::EgressRoutes(port.protocol, number), std::move(port.hosts)};
    chain.filter =
        ir::HttpChain{std::string(names::kEgressStatPrefix), config.name, port.protocol == ir::Protocol::kHttp};
    proxy_.route_configs.push_back(std::move(config));
    return chain;
  }

  ir::VirtualHost AllowAllHost() const {
    ir::Route route;
    route.action = ir::ToCluster{names::AllowAllCluster(mesh_)};
    return {std::string(names::kAllowAllHost), {"*"}, {std::move(route)}};
  }

  static ir::FilterChain Passthrough(std::string cluster) {
    ir::FilterChain chain;
    chain.any_address = true;
    chain.intercepted_only = true;
    chain.filter = ir::TcpChain{std::string(names::kEgressStatPrefix), {{std::move(cluster), 1}}, std::nullopt};
    return chain;
  }

  // Who connects to the listener's own port has no destination but this listener: passed on, one connection would
  // become as many as there are file descriptors.
  void BlockOwnPort(std::vector<ir::FilterChain>& chains) {
    if (egress_.contains(names::kEgressPort)) return;
    chains.push_back(Passthrough(targets_.NotServed()));
    chains.back().any_address = false;
    chains.back().port = names::kEgressPort;
  }

  void AddPassthrough(std::vector<ir::FilterChain>& chains) {
    AddCluster(OriginalDst(names::AmazonAwsCluster(mesh_)));
    ir::FilterChain amazon = Passthrough(names::AmazonAwsCluster(mesh_));
    amazon.port = kHttpsPort;
    amazon.server_names = {"*.amazonaws.com"};
    chains.push_back(std::move(amazon));
    if (!allow_all_) return;

    AddCluster(OriginalDst(names::AllowAllCluster(mesh_)));
    chains.push_back(Passthrough(names::AllowAllCluster(mesh_)));
    const auto https = egress_.find(kHttpsPort);
    // A tcp backend takes all of 443 but amazonaws: this chain would have the same match.
    if (https != egress_.end() && https->second.protocol == ir::Protocol::kTcp) return;
    chains.push_back(Passthrough(names::AllowAllCluster(mesh_)));
    chains.back().port = kHttpsPort;
  }

  Reader& reader_;
  const std::string& name_;
  const std::string& mesh_;
  const VirtualNodeSpec& spec_;
  const chancery::model::IpPreference preference_;
  const std::optional<ir::AccessLog> access_log_;
  bool allow_all_ = false;
  ir::Proxy proxy_;
  TargetResolver targets_;
  std::map<uint32_t, EgressPort> egress_;
};

}  // namespace

ir::Proxy ResolveNode(Reader& reader, const std::string& name) {
  const VirtualNodeSpec* spec = reader.Node(name);
  if (spec == nullptr) return {};
  return NodeResolver(reader, name, *spec).Resolve();
}

}  // namespace chancery::compile
