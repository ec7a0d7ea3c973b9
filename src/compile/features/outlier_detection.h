#pragma once

#include <chancery/model/virtual_node.pb.h>

#include <algorithm>
#include <cstdint>
#include <limits>

#include "compile/features/timeouts.h"
#include "compile/ir.h"

// The outlier detection of a node's listener (contract/envoy.md §2.3). It goes to the clusters of
// clients. A name that DNS answers with one address, or as LOADBALANCER, has one host: there is
// little to eject (§5).
namespace chancery::compile {

// With always_eject_one_host: an Envoy of today ejects nobody where the percentage is less than one
// host, and App Mesh documents that one is ejected always. Durations of 0, which the API refuses and an Envoy does too,
// become the shortest.
inline ir::OutlierDetection ToOutlierDetection(const chancery::model::OutlierDetection& detection) {
  constexpr ir::Millis kShortest{1};
  constexpr int64_t kMost = std::numeric_limits<uint32_t>::max();
  ir::OutlierDetection result;
  result.consecutive_5xx = static_cast<uint32_t>(std::clamp<int64_t>(detection.max_server_errors(), 1, kMost));
  result.interval = std::max(ToMillis(detection.interval()), kShortest);
  result.base_ejection = std::max(ToMillis(detection.base_ejection_duration()), kShortest);
  result.max_ejection_percent = static_cast<uint32_t>(std::clamp(detection.max_ejection_percent(), 0, 100));
  return result;
}

}  // namespace chancery::compile
