#include "cli/static_cluster.h"

#include <envoy/config/bootstrap/v3/bootstrap.pb.h>
#include <envoy/extensions/upstreams/http/v3/http_protocol_options.pb.h>

#include <string>

#include "base/address.h"

namespace chancery::cli {
namespace {

using envoy::config::cluster::v3::Cluster;

void SetHttp2(Cluster& cluster, bool keepalive) {
  envoy::extensions::upstreams::http::v3::HttpProtocolOptions http;
  auto* http2 = http.mutable_explicit_http_config()->mutable_http2_protocol_options();
  if (keepalive) {
    http2->mutable_connection_keepalive()->mutable_interval()->set_seconds(10);
    http2->mutable_connection_keepalive()->mutable_timeout()->set_seconds(20);
  }
  (*cluster.mutable_typed_extension_protocol_options())["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"]
      .PackFrom(http);
}

}  // namespace

void SetAddress(const Endpoint& endpoint, envoy::config::core::v3::Address& address) {
  if (!endpoint.pipe.empty()) {
    address.mutable_pipe()->set_path(endpoint.pipe);
    return;
  }
  address.mutable_socket_address()->set_address(endpoint.host);
  address.mutable_socket_address()->set_port_value(endpoint.port);
}

void AddStaticCluster(std::string_view name, const Endpoint& endpoint, ClusterProtocol protocol,
                      envoy::config::bootstrap::v3::Bootstrap& bootstrap) {
  Cluster& cluster = *bootstrap.mutable_static_resources()->add_clusters();
  cluster.set_name(std::string(name));
  const bool is_name = endpoint.pipe.empty() && !base::IsIpAddress(endpoint.host);
  cluster.set_type(is_name ? Cluster::STRICT_DNS : Cluster::STATIC);
  cluster.mutable_connect_timeout()->set_seconds(1);
  cluster.mutable_load_assignment()->set_cluster_name(std::string(name));
  auto* lb_endpoint = cluster.mutable_load_assignment()->add_endpoints()->add_lb_endpoints();
  SetAddress(endpoint, *lb_endpoint->mutable_endpoint()->mutable_address());
  if (protocol != ClusterProtocol::kHttp1) SetHttp2(cluster, protocol == ClusterProtocol::kHttp2Keepalive);
}

}  // namespace chancery::cli
