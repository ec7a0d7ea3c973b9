#pragma once

#include "compile/ir.h"

namespace envoy::config::cluster::v3 {
class Cluster;
}

// What limits a cluster and finds its hosts fit: circuit breakers, health checks, outlier detection.
namespace chancery::compile::emit {

void SetLimits(const ir::Limits& from, envoy::config::cluster::v3::Cluster& cluster);
// `offers_h2`: the cluster's TLS says h2.
void SetHealthCheck(const ir::HealthCheck& from, bool offers_h2, envoy::config::cluster::v3::Cluster& cluster);
void SetOutlierDetection(const ir::OutlierDetection& from, envoy::config::cluster::v3::Cluster& cluster);

}  // namespace chancery::compile::emit
