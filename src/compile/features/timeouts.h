#pragma once

#include <chancery/model/common.pb.h>

#include <algorithm>
#include <optional>

#include "compile/ir.h"

// Durations and timeouts of the API (contract/envoy.md §2.3, §2.4): absent leaves Envoy's default,
// zero disables.
namespace chancery::compile {

// Envoy refuses a duration that does not fit its timers; a year is as good as any longer one.
inline constexpr ir::Millis kLongestDuration = std::chrono::hours(24 * 365);

inline ir::Millis ToMillis(const chancery::model::Duration& duration) {
  const int64_t per_unit = duration.unit() == chancery::model::DURATION_UNIT_S ? 1000 : 1;
  const int64_t limit = kLongestDuration.count() / per_unit;
  return ir::Millis(std::clamp<int64_t>(duration.value(), 0, limit) * per_unit);
}

// `Timeout` is HttpTimeout or GrpcTimeout.
template <typename Timeout>
ir::Timeouts ToTimeouts(const Timeout& timeout) {
  ir::Timeouts result;
  if (timeout.per_request().has_value()) result.request = ToMillis(timeout.per_request());
  if (timeout.idle().has_value()) result.idle = ToMillis(timeout.idle());
  return result;
}

inline std::optional<ir::Millis> ToIdle(const chancery::model::TcpTimeout& timeout) {
  if (!timeout.idle().has_value()) return std::nullopt;
  return ToMillis(timeout.idle());
}

}  // namespace chancery::compile
