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
                                                    const Ports::value_type& entry, const ClientTls& tls) {
  const auto& [port, listener] = entry;
  std::string why;
  auto cluster = ToDiscovery(spec.service_discovery(), PreferenceOf(reader_.Mesh(), &spec), why);
  if (tls.Requires(port, HasServerTls(*listener.listener))) why = "it asks for TLS, which is not served yet";
  if (!why.empty()) {
    reader_.Warn(Kind::kVirtualNode, "", node, fmt::format("port {} is answered with 503: {}", port, why));
    return {port, listener.protocol, NotServed(), false};
  }
  cluster->name = names::EgressCluster(reader_.mesh_name(), node, listener.protocol, port);
  cluster->port = port;
  cluster->http2 = ir::NeedsHttp2(listener.protocol);
  cluster->target_node = node;
  SetUpstream(node, *listener.listener, listener.protocol, *cluster);
  clusters_.emplace(cluster->name, *cluster);
  return {port, listener.protocol, cluster->name, true};
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

std::vector<TargetResolver::Upstream> TargetResolver::All(const std::string& node, const ClientTls& tls) {
  const auto* spec = reader_.Node(node);
  if (spec == nullptr) {
    reader_.Warn(Kind::kVirtualNode, "", node, "it is used and does not exist");
    return {};
  }
  std::vector<Upstream> upstreams;
  for (const auto& entry : ByPort(spec->listeners(), reader_, Kind::kVirtualNode, node)) {
    upstreams.push_back(ToUpstream(node, *spec, entry, tls));
  }
  return upstreams;
}

std::optional<TargetResolver::Upstream> TargetResolver::One(const std::string& node, std::optional<uint32_t> port,
                                                            ir::Protocol protocol, const ClientTls& tls) {
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
  return ToUpstream(node, *spec, *chosen, tls);
}

}  // namespace chancery::compile
