#pragma once

#include <string_view>

#include "cli/endpoint.h"

namespace envoy::config::bootstrap::v3 {
class Bootstrap;
}
namespace envoy::config::core::v3 {
class Address;
}

// Clusters that the bootstrap itself names: the control plane, a secret agent, a trace collector.
namespace chancery::cli {

enum class ClusterProtocol { kHttp1, kHttp2, kHttp2Keepalive };

void SetAddress(const Endpoint& endpoint, envoy::config::core::v3::Address& address);

// Adds a cluster of one endpoint: STRICT_DNS for a name, STATIC otherwise; 1 s to connect.
void AddStaticCluster(std::string_view name, const Endpoint& endpoint, ClusterProtocol protocol,
                      envoy::config::bootstrap::v3::Bootstrap& bootstrap);

}  // namespace chancery::cli
