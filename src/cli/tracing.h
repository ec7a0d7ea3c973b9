#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "cli/endpoint.h"
#include "model/resource.h"

namespace envoy::config::bootstrap::v3 {
class Bootstrap;
}

// The bootstrap's tracer (contract/envoy.md §1.4). The control plane switches tracing on in every HTTP connection
// manager without naming a provider, so Envoy takes this one. Envoy calls the place deprecated and warns of it; for
// connection managers that do not name a provider there is no other. Pure and thread-safe.
namespace chancery::cli {

struct TracingOptions {
  bool xray = false;
  bool datadog = false;
  bool jaeger = false;
  bool opentelemetry = false;

  // Takes UDP, so a numeric address.
  Endpoint xray_daemon{"127.0.0.1", 2000, ""};
  // Of requests beyond the first each second, rounded to hundredths; unset: X-Ray's own 0.05.
  std::optional<double> xray_sampling_rate;
  // A file of local sampling rules, version 2, instead of a rate; and what it holds, once read.
  std::string xray_manifest_file;
  std::string xray_manifest;
  // Names of the service in traces; empty: <mesh>/<resource>, with "envoy-" before it for Datadog.
  std::string xray_segment;
  std::string datadog_service;
  std::string opentelemetry_service;

  Endpoint datadog_agent{"127.0.0.1", 8126, ""};
  Endpoint jaeger_collector{"127.0.0.1", 9411, ""};
  bool jaeger_json = false;
  Endpoint opentelemetry_collector{"127.0.0.1", 4317, ""};
};

// Adds the tracer that is switched on, and the cluster of its collector. kBadRequest when more than one is.
base::Status AddTracing(const TracingOptions& options, const model::ResourceKey& key,
                        envoy::config::bootstrap::v3::Bootstrap& bootstrap);

// Whether `text` is a document of X-Ray's sampling rules that Envoy takes: JSON, version 2, with a default rule.
base::Status CheckSamplingManifest(const std::string& text);

}  // namespace chancery::cli
