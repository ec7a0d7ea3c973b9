#pragma once

#include <cstdint>
#include <string_view>

#include "compile/compile.h"
#include "compile/testing/world.h"

namespace envoy::config::cluster::v3 {
class Cluster;
}
namespace envoy::config::listener::v3 {
class FilterChain;
class Listener;
}  // namespace envoy::config::listener::v3
namespace envoy::config::route::v3 {
class Route;
class RouteConfiguration;
}  // namespace envoy::config::route::v3
namespace envoy::extensions::filters::network::http_connection_manager::v3 {
class HttpConnectionManager;
}
namespace envoy::extensions::filters::network::tcp_proxy::v3 {
class TcpProxy;
}

// Test support: what a test most often looks at in a configuration. Who uses one includes Envoy's
// header for its type. What is absent is an empty message.
namespace chancery::compile::testing {

inline constexpr char kIngress[] = "lds_ingress_0.0.0.0_15000";
inline constexpr char kEgress[] = "lds_egress_0.0.0.0_15001";

envoy::config::cluster::v3::Cluster ClusterOf(const ProxyConfig& config, std::string_view name);
envoy::config::listener::v3::Listener EgressOf(const ProxyConfig& config);
envoy::config::route::v3::RouteConfiguration RoutesOf(const ProxyConfig& config, std::string_view name);
// Of the first virtual host of what "client" has on port 8000 (RoutedWorld).
envoy::config::route::v3::Route FirstRoute(const World& world);

// The chain for all of a port, not the one of some server names. Null when there is none.
const envoy::config::listener::v3::FilterChain* ChainOn(const envoy::config::listener::v3::Listener& listener,
                                                        uint32_t port);
// The filter of a chain; empty when it is of the other kind.
envoy::extensions::filters::network::tcp_proxy::v3::TcpProxy TcpOf(
    const envoy::config::listener::v3::FilterChain& chain);
envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager HttpOf(
    const envoy::config::listener::v3::FilterChain& chain);

}  // namespace chancery::compile::testing
