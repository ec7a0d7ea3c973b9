#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "cli/endpoint.h"
#include "model/resource.h"

namespace envoy::config::bootstrap::v3 {
class Bootstrap;
}

// Tags and sinks of Envoy's stats (contract/envoy.md §1.5). Pure and thread-safe.
namespace chancery::cli {

struct StatsOptions {
  std::optional<std::chrono::milliseconds> flush_interval;
  // Adds the fixed tags appmesh.mesh and appmesh.virtual_node or appmesh.virtual_gateway.
  bool fixed_tags = false;
  // Adds the fixed tags of the metrics extension: Mesh and VirtualNode or VirtualGateway.
  bool extension_tags = false;
  // DogStatsD over UDP to an IP address, or over a unix socket if `pipe` is set.
  bool dog_statsd = false;
  Endpoint dog_statsd_address{"127.0.0.1", 8125, ""};
  // Plain statsd over UDP, tags in the names.
  std::optional<Endpoint> statsd;
};

// Sets stats_config: the fixed tags that are asked for, and the patterns that take protocol, port and route
// configuration out of names. Each pattern is anchored at the start of the name: Envoy tries every pattern on every new
// name with an engine that backtracks, and the unanchored ones of the App Mesh image cost seconds of CPU at start.
void AddStatsTags(const StatsOptions& options, const model::ResourceKey& key,
                  envoy::config::bootstrap::v3::Bootstrap& bootstrap);

// Sets stats_flush_interval.
void SetFlushInterval(const StatsOptions& options, envoy::config::bootstrap::v3::Bootstrap& bootstrap);

// Adds to stats_sinks what is asked for.
void AddStatsSinks(const StatsOptions& options, envoy::config::bootstrap::v3::Bootstrap& bootstrap);

}  // namespace chancery::cli
