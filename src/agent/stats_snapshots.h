#pragma once

#include <optional>
#include <string>

#include "agent/prometheus_text.h"
#include "base/mutex.h"

namespace chancery::agent {

// The two newest snapshots of an Envoy's stats, and what grew between them. Thread-safe.
class StatsSnapshots {
 public:
  // The next snapshot, in Prometheus's text format.
  void Take(const std::string& prometheus) EXCLUDES(mutex_);
  // Its Envoy ended: the next snapshot counts from zero. The last delta stays until then.
  void Reset() EXCLUDES(mutex_);
  // Nothing before the first snapshot.
  std::optional<MetricFamilies> Delta() const EXCLUDES(mutex_);

 private:
  mutable base::Mutex mutex_;
  MetricFamilies newest_ GUARDED_BY(mutex_);
  std::optional<MetricFamilies> delta_ GUARDED_BY(mutex_);
};

}  // namespace chancery::agent
