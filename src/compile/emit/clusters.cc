#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/extensions/upstreams/http/v3/http_protocol_options.pb.h>

#include "compile/emit/emit.h"
#include "compile/emit/proto.h"
#include "compile/emit/tls.h"
#include "compile/emit/upstream.h"
#include "model/serialize.h"

namespace chancery::compile::emit {
namespace {

using envoy::config::cluster::v3::Cluster;

Cluster::DiscoveryType TypeOf(ir::Cluster::Type type) {
  switch (type) {
    case ir::Cluster::Type::kStatic:
      return Cluster::STATIC;
    case ir::Cluster::Type::kLogicalDns:
      return Cluster::LOGICAL_DNS;
    case ir::Cluster::Type::kStrictDns:
      return Cluster::STRICT_DNS;
    case ir::Cluster::Type::kOriginalDst:
      return Cluster::ORIGINAL_DST;
    case ir::Cluster::Type::kEds:
      return Cluster::EDS;
  }
  return Cluster::STATIC;
}

Cluster::DnsLookupFamily FamilyOf(ir::Cluster::Family family) {
  switch (family) {
    case ir::Cluster::Family::kAuto:
      return Cluster::AUTO;
    case ir::Cluster::Family::kV4Only:
      return Cluster::V4_ONLY;
    case ir::Cluster::Family::kV6Only:
      return Cluster::V6_ONLY;
    case ir::Cluster::Family::kV4Preferred:
      return Cluster::V4_PREFERRED;
  }
  return Cluster::AUTO;
}

void SetEndpoint(const ir::Cluster& from, Cluster& cluster) {
  auto& assignment = *cluster.mutable_load_assignment();
  assignment.set_cluster_name(from.name);
  if (from.host.empty()) return;
  auto& address = *assignment.add_endpoints()->add_lb_endpoints()->mutable_endpoint()->mutable_address();
  address.mutable_socket_address()->set_address(from.host);
  address.mutable_socket_address()->set_port_value(from.port);
}

void SetEds(Cluster& cluster) {
  auto& source = *cluster.mutable_eds_cluster_config()->mutable_eds_config();
  source.mutable_ads();
  source.set_resource_api_version(envoy::config::core::v3::V3);
}

void SetHttp2(Cluster& cluster) {
  envoy::extensions::upstreams::http::v3::HttpProtocolOptions options;
  options.mutable_explicit_http_config()->mutable_http2_protocol_options();
  (*cluster.mutable_typed_extension_protocol_options())["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"] =
      Pack(options);
}

Strictness StrictnessOf(const std::optional<ir::UpstreamTls>& tls) {
  if (!tls) return Strictness::kPlaintext;
  if (!tls->server) return Strictness::kEncrypted;
  return tls->server->names.empty() ? Strictness::kTrusted : Strictness::kNamed;
}

}  // namespace

FragmentPtr EmitCluster(const ir::Cluster& from) {
  Cluster cluster;
  cluster.set_name(from.name);
  cluster.set_type(TypeOf(from.type));
  *cluster.mutable_connect_timeout() = ToDuration(from.connect_timeout);
  SetLimits(from.limits, cluster);
  const bool dns = from.type == ir::Cluster::Type::kLogicalDns || from.type == ir::Cluster::Type::kStrictDns;
  if (from.type == ir::Cluster::Type::kOriginalDst) {
    cluster.set_lb_policy(Cluster::CLUSTER_PROVIDED);
  } else if (from.type == ir::Cluster::Type::kEds) {
    SetEds(cluster);
  } else {
    SetEndpoint(from, cluster);
  }
  if (dns) {
    cluster.set_dns_lookup_family(FamilyOf(from.family));
    // A name whose server is silent must not hold back the whole proxy (contract/envoy.md §2.6).
    cluster.mutable_wait_for_warm_on_init()->set_value(false);
  }
  if (from.http2) SetHttp2(cluster);
  if (from.tls) {
    cluster.mutable_transport_socket()->set_name(kTlsSocket);
    *cluster.mutable_transport_socket()->mutable_typed_config() = ToTlsContext(*from.tls);
  }
  if (from.health_check) SetHealthCheck(*from.health_check, from.tls && from.http2, cluster);
  if (from.outlier_detection) SetOutlierDetection(*from.outlier_detection, cluster);
  if (from.target_node) {
    auto& metadata = (*cluster.mutable_metadata()->mutable_filter_metadata())[kStatsMetadata];
    (*metadata.mutable_fields())["config"].set_string_value(StatsTags("TargetVirtualNode", *from.target_node));
  }
  return MakeFragment(FragmentType::kCluster, from.name, model::SerializeSorted(cluster),
                      {.dns = dns, .strictness = StrictnessOf(from.tls), .slots = from.slots});
}

}  // namespace chancery::compile::emit
