#include "compile/apply_options.h"

#include "compile/features/retry.h"

namespace chancery::compile {
namespace {

void DropUnlimited(std::optional<uint32_t>& limit) {
  if (limit == ir::Limits::kUnlimited) limit.reset();
}

void UseEnvoysLimits(ir::Proxy& proxy) {
  for (auto& [name, cluster] : proxy.clusters) {
    DropUnlimited(cluster.limits.connections);
    DropUnlimited(cluster.limits.pending_requests);
    DropUnlimited(cluster.limits.requests);
    DropUnlimited(cluster.limits.retries);
  }
}

// No policy of a user's can be equal to the default one: no event gives the code 503 alone.
void DropDefaultRetries(ir::VirtualHost& host) {
  for (ir::Route& route : host.routes) {
    if (route.retry == DefaultRetry()) route.retry.reset();
  }
}

}  // namespace

void ApplyOptions(const Options& options, ir::Proxy& proxy) {
  if (options.envoys_own_limits) UseEnvoysLimits(proxy);
  for (ir::RouteConfig& config : proxy.route_configs) {
    for (ir::VirtualHost& host : config.hosts) {
      host.virtual_cluster = options.vcluster_stats;
      if (options.envoys_own_limits) DropDefaultRetries(host);
    }
  }
}

}  // namespace chancery::compile
