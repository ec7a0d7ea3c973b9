#include "compile/testing/views.h"

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>
#include <envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.pb.h>

namespace chancery::compile::testing {

using envoy::config::cluster::v3::Cluster;
using envoy::config::listener::v3::FilterChain;
using envoy::config::listener::v3::Listener;
using envoy::config::route::v3::Route;
using envoy::config::route::v3::RouteConfiguration;
using envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager;
using envoy::extensions::filters::network::tcp_proxy::v3::TcpProxy;

Cluster ClusterOf(const ProxyConfig& config, std::string_view name) {
  return Parsed<Cluster>(config, FragmentType::kCluster, name);
}

Listener EgressOf(const ProxyConfig& config) { return Parsed<Listener>(config, FragmentType::kListener, kEgress); }

RouteConfiguration RoutesOf(const ProxyConfig& config, std::string_view name) {
  return Parsed<RouteConfiguration>(config, FragmentType::kRoute, name);
}

Route FirstRoute(const World& world) {
  const RouteConfiguration routes = RoutesOf(world.CompileNode("client"), "rds_egress_http_8000");
  return routes.virtual_hosts_size() == 0 ? Route() : routes.virtual_hosts(0).routes(0);
}

const FilterChain* ChainOn(const Listener& listener, uint32_t port) {
  for (const FilterChain& chain : listener.filter_chains()) {
    const auto& match = chain.filter_chain_match();
    if (match.destination_port().value() == port && match.server_names().empty()) return &chain;
  }
  return nullptr;
}

TcpProxy TcpOf(const FilterChain& chain) {
  TcpProxy proxy;
  chain.filters(0).typed_config().UnpackTo(&proxy);
  return proxy;
}

HttpConnectionManager HttpOf(const FilterChain& chain) {
  HttpConnectionManager manager;
  chain.filters(0).typed_config().UnpackTo(&manager);
  return manager;
}

}  // namespace chancery::compile::testing
