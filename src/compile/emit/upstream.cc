#include "compile/emit/upstream.h"

#include <envoy/config/cluster/v3/cluster.pb.h>

#include "compile/emit/proto.h"

namespace chancery::compile::emit {

using envoy::config::cluster::v3::Cluster;

// One threshold, of priority DEFAULT; priority HIGH keeps Envoy's own (contract/envoy.md §2.1).
void SetLimits(const ir::Limits& from, Cluster& cluster) {
  if (from == ir::Limits{std::nullopt, std::nullopt, std::nullopt, std::nullopt}) return;
  auto& thresholds = *cluster.mutable_circuit_breakers()->add_thresholds();
  if (from.connections) thresholds.mutable_max_connections()->set_value(*from.connections);
  if (from.pending_requests) thresholds.mutable_max_pending_requests()->set_value(*from.pending_requests);
  if (from.requests) thresholds.mutable_max_requests()->set_value(*from.requests);
  if (from.retries) thresholds.mutable_max_retries()->set_value(*from.retries);
}

void SetHealthCheck(const ir::HealthCheck& from, bool offers_h2, Cluster& cluster) {
  auto& check = *cluster.add_health_checks();
  *check.mutable_timeout() = ToDuration(from.timeout);
  *check.mutable_interval() = ToDuration(from.interval);
  check.mutable_unhealthy_threshold()->set_value(from.unhealthy_threshold);
  check.mutable_healthy_threshold()->set_value(from.healthy_threshold);
  if (const auto* http = std::get_if<ir::HttpCheck>(&from.kind)) {
    // Without a host Envoy asks for the cluster's name (contract/envoy.md §2.3).
    check.mutable_http_health_check()->set_path(http->path);
    if (http->http2) {
      check.mutable_http_health_check()->set_codec_client_type(envoy::type::v3::HTTP2);
    } else if (offers_h2) {
      // Or the server is told h2 by ALPN and is asked in HTTP/1.1.
      check.mutable_tls_options()->add_alpn_protocols("http/1.1");
    }
  } else if (std::holds_alternative<ir::GrpcCheck>(from.kind)) {
    check.mutable_grpc_health_check();
  } else {
    check.mutable_tcp_health_check();
  }
}

void SetOutlierDetection(const ir::OutlierDetection& from, Cluster& cluster) {
  auto& detection = *cluster.mutable_outlier_detection();
  detection.mutable_consecutive_5xx()->set_value(from.consecutive_5xx);
  *detection.mutable_interval() = ToDuration(from.interval);
  *detection.mutable_base_ejection_time() = ToDuration(from.base_ejection);
  detection.mutable_max_ejection_percent()->set_value(from.max_ejection_percent);
  if (from.always_eject_one_host) detection.mutable_always_eject_one_host()->set_value(true);
  // By counted errors alone, as the API describes it.
  detection.mutable_enforcing_success_rate()->set_value(0);
  detection.mutable_enforcing_consecutive_gateway_failure()->set_value(0);
}

}  // namespace chancery::compile::emit
