#pragma once

#include <prometheus/metric_family.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "app/options.h"
#include "base/clock.h"
#include "edge/server.h"
#include "ems/status.h"
#include "store/store.h"
#include "transform/feed.h"
#include "transform/transformer.h"

namespace chancery::app {

// Counters of the API, kept by the request handler. Thread-safe.
struct ApiStats {
  std::atomic<uint64_t> answers_2xx{0};
  std::atomic<uint64_t> answers_4xx{0};
  std::atomic<uint64_t> answers_5xx{0};
};

// Where the numbers are. References outlive the call.
struct MetricSources {
  const ServeOptions& options;
  const ApiStats& api;
  const store::Store& store;
  const transform::MemoryFeed& feed;
  const transform::Transformer& transformer;
  const ems::StatusBoard& status;
  const edge::ServerStats& edge;
  bool ready;
};

// Every metric, read from its source at this moment; names and labels are listed in
// docs/guide/operating.md. Labels are of bounded number: a proxy or message is never one.
std::vector<prometheus::MetricFamily> CollectMetrics(const MetricSources& sources);

// The Prometheus text format.
std::string MetricsText(const std::vector<prometheus::MetricFamily>& families);

}  // namespace chancery::app
