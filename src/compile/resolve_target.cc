#include "compile/resolve_target.h"

#include <fmt/format.h>

#include <algorithm>

#include "compile/features/discovery.h"
#include "compile/features/health_check.h"
#include "compile/features/outlier_detection.h"
#include "compile/names.h"

namespace chancery::compile {

using model::Kind;

TargetResolver::TargetResolver(Reader& reader, std::map<std::string, ir::Cluster>& clusters)
    : reader_(reader), clusters_(clusters) {}

std::string TargetResolver::NotServed() {
  ir::Cluster cluster;
  cluster.name = names::NotServedCluster(reader_.mesh_name());
  return clusters_.emplace(cluster.name, cluster).first->first;
}

TargetResolver::Upstream TargetResolver::ToUpstream(const std::string& node,
                                                    const chancery::model::VirtualNodeSpec& spec,
                                                    const Ports::value_type& entry, const ClientPolicy& policy) {
  const auto& [port, listener] = entry;
  const auto not_served = [&](const std::string& why) -> Upstream {
    reader_.Warn(Kind::kVirtualNode, "", node, fmt::format("port {} is answered with 503: {}", port, why));
    return {port, listener.protocol, NotServed(), false};
  };
  std::string why;
  auto cluster = ToDiscovery(spec.service_discovery(), PreferenceOf(reader_.Mesh(), &spec), why);
  if (!cluster) return not_served(why);
  const auto server = ToServerTls(*listener.listener, listener.protocol, why);
  if (!server) return not_served(why);
  cluster->tls = ToClientTls(policy, {port, listener.protocol, *server, cluster->host}, why);
  if (!why.empty()) return not_served(why);
  if (const std::string contradiction = ContradictionOf(cluster->tls, *server); !contradiction.empty()) {
    reader_.Warn(Kind::kVirtualNode, "", node, fmt::format("connections to port {} fail: {}", port, contradiction));
  }
  cluster->port = port;
  cluster->http2 = ir::NeedsHttp2(listener.protocol);
  cluster->target_node = node;
  SetUpstream(node, *listener.listener, listener.protocol, *cluster);
  const auto name = AddCluster(node, listener.protocol, *std::move(cluster));
  if (!name) return not_served("the names of its clusters are taken");
  return {port, listener.protocol, *name, true};
}

std::optional<std::string> TargetResolver::AddCluster(const std::string& node, ir::Protocol protocol,
                                                      ir::Cluster cluster) {
  const std::string& mesh = reader_.mesh_name();
  for (std::string name : {names::EgressCluster(mesh, node, protocol, cluster.port),
                           names::MarkedEgressCluster(mesh, node, MarkOf(cluster.tls), protocol, cluster.port)}) {
    cluster.name = name;
    if (clusters_.emplace(name, cluster).first->second == cluster) return name;
  }
  return std::nullopt;
}

void TargetResolver::SetUpstream(const std::string& node, const chancery::model::Listener& listener,
                                 ir::Protocol protocol, ir::Cluster& cluster) {
  if (listener.has_health_check()) {
    std::string why;
    cluster.health_check = ToHealthCheck(listener.health_check(), protocol, cluster.port, why);
    if (!cluster.health_check) {
      reader_.Warn(Kind::kVirtualNode, "", node, fmt::format("port {} is not health-checked: {}", cluster.port, why));
    }
  }
  if (!listener.has_outlier_detection()) return;
  cluster.outlier_detection = ToOutlierDetection(listener.outlier_detection());
  if (reader_.Has(EnvoyFeature::kAlwaysEjectOneHost)) return;
  cluster.outlier_detection->always_eject_one_host = false;
  reader_.Warn(
      Kind::kVirtualNode, "", node,
      fmt::format("port {}: some Envoys before 1.31 eject nobody where maxEjectionPercent is less than one host",
                  cluster.port));
}

std::vector<TargetResolver::Upstream> TargetResolver::All(const std::string& node, const ClientPolicy& policy) {
  const auto* spec = reader_.Node(node);
  if (spec == nullptr) {
    reader_.Warn(Kind::kVirtualNode, "", node, "it is used and does not exist");
    return {};
  }
  std::vector<Upstream> upstreams;
  for (const auto& entry : ByPort(spec->listeners(), reader_, Kind::kVirtualNode, node)) {
    upstreams.push_back(ToUpstream(node, *spec, entry, policy));
  }
  return upstreams;
}

std::optional<TargetResolver::Upstream> TargetResolver::One(const std::string& node, std::optional<uint32_t> port,
                                                            ir::Protocol protocol, const ClientPolicy& policy) {
  const auto* spec = reader_.Node(node);
  if (spec == nullptr) {
    reader_.Warn(Kind::kVirtualNode, "", node, "it is used and does not exist");
    return std::nullopt;
  }
  const Ports ports = ByPort(spec->listeners(), reader_, Kind::kVirtualNode, node);
  auto chosen = ports.end();
  if (port) {
    chosen = ports.find(*port);
  } else {
    chosen =
        std::find_if(ports.begin(), ports.end(), [&](const auto& entry) { return entry.second.protocol == protocol; });
    if (chosen == ports.end()) chosen = ports.begin();
  }
  if (chosen == ports.end()) return std::nullopt;
  return ToUpstream(node, *spec, *chosen, policy);
}

}  // namespace chancery::compile
