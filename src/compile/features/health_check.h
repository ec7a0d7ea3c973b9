#pragma once

#include <chancery/model/virtual_node.pb.h>

#include <cstdint>
#include <optional>
#include <string>

#include "compile/ir.h"

// The health check of a node's listener (contract/envoy.md §2.3). It goes to the clusters of clients,
// each of which checks each host: the load is clients × hosts × rate. The health check of a gateway
// has no effect, as under App Mesh: nobody's cluster leads there.
namespace chancery::compile {

// For the listener on `port` of `protocol`. Nothing, and why, when an Envoy would refuse it or it is
// not of that listener: the cluster is served without then. The API refuses these already.
std::optional<ir::HealthCheck> ToHealthCheck(const chancery::model::HealthCheckPolicy& policy, ir::Protocol protocol,
                                             uint32_t port, std::string& why);

}  // namespace chancery::compile
