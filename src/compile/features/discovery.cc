#include "compile/features/discovery.h"

#include <algorithm>

namespace chancery::compile {
namespace {

using chancery::model::IpPreference;

ir::Cluster::Family FamilyOf(IpPreference preference) {
  switch (preference) {
    case chancery::model::IP_PREFERENCE_IPV4_ONLY:
      return ir::Cluster::Family::kV4Only;
    case chancery::model::IP_PREFERENCE_IPV6_ONLY:
      return ir::Cluster::Family::kV6Only;
    case chancery::model::IP_PREFERENCE_IPV4_PREFERRED:
      return ir::Cluster::Family::kV4Preferred;
    default:
      return ir::Cluster::Family::kAuto;  // IPv6 first
  }
}

bool IsHostname(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

IpPreference PreferenceOf(const chancery::model::MeshSpec* mesh, const chancery::model::VirtualNodeSpec* node) {
  if (node != nullptr) {
    const auto& discovery = node->service_discovery();
    if (discovery.dns().has_ip_preference()) return discovery.dns().ip_preference();
    if (discovery.aws_cloud_map().has_ip_preference()) return discovery.aws_cloud_map().ip_preference();
  }
  return mesh == nullptr ? chancery::model::IP_PREFERENCE_UNSPECIFIED : mesh->service_discovery().ip_preference();
}

std::string LoopbackOf(IpPreference preference) {
  const bool v6 = preference == chancery::model::IP_PREFERENCE_IPV6_ONLY ||
                  preference == chancery::model::IP_PREFERENCE_IPV6_PREFERRED;
  return v6 ? "0:0:0:0:0:0:0:1" : "127.0.0.1";
}

std::optional<ir::Cluster> ToDiscovery(const chancery::model::ServiceDiscovery& discovery, IpPreference preference,
                                       std::string& why) {
  if (discovery.has_aws_cloud_map()) {
    why = "its service discovery by Cloud Map is not served yet";
    return std::nullopt;
  }
  if (!discovery.has_dns()) {
    why = "it has no service discovery";
    return std::nullopt;
  }
  const auto& dns = discovery.dns();
  if (!IsHostname(dns.hostname())) {
    why = "its DNS hostname is not one";
    return std::nullopt;
  }
  ir::Cluster cluster;
  const bool endpoints = dns.response_type() == chancery::model::DNS_RESPONSE_TYPE_ENDPOINTS;
  cluster.type = endpoints ? ir::Cluster::Type::kStrictDns : ir::Cluster::Type::kLogicalDns;
  cluster.host = dns.hostname();
  cluster.family = FamilyOf(preference);
  return cluster;
}

}  // namespace chancery::compile
