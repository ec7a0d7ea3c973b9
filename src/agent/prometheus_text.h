#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

// Prometheus's text format, as far as Envoy writes it: `# TYPE name kind`, then the samples of that metric. Pure and
// thread-safe.
namespace chancery::agent {

struct MetricFamily {
  std::string kind;  // counter, gauge or histogram
  // "name{labels}" to value, in order: one of a histogram's is `name_bucket{…,le="5"}`, `name_sum{…}`, `name_count{…}`.
  std::vector<std::pair<std::string, double>> samples;
  bool operator==(const MetricFamily&) const = default;
};
// By name, so that they are written in order.
using MetricFamilies = std::map<std::string, MetricFamily>;

// Lines that are none of the format are left out.
MetricFamilies ParsePrometheus(const std::string& text);
std::string WritePrometheus(const MetricFamilies& families);

// Those of the metrics extension, without the prefix envoy_appmesh_ of their names, as the App Mesh agent gave them.
MetricFamilies OnlyMetricsExtension(const MetricFamilies& families);

// What counters and histograms grew by since `before`; gauges as they are now. What was not there before counts from
// zero, and so does what is now less than before: its Envoy was started anew.
MetricFamilies DeltaOf(const MetricFamilies& before, const MetricFamilies& now);

}  // namespace chancery::agent
