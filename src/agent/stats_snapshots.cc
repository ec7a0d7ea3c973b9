#include "agent/stats_snapshots.h"

#include <utility>

namespace chancery::agent {

void StatsSnapshots::Take(const std::string& prometheus) {
  MetricFamilies now = ParsePrometheus(prometheus);
  base::MutexLock lock(mutex_);
  delta_ = DeltaOf(newest_, now);
  newest_ = std::move(now);
}

void StatsSnapshots::Reset() {
  base::MutexLock lock(mutex_);
  newest_.clear();
}

std::optional<MetricFamilies> StatsSnapshots::Delta() const {
  base::MutexLock lock(mutex_);
  return delta_;
}

}  // namespace chancery::agent
