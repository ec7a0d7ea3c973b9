#pragma once

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace chancery::transform {

// When a mesh may be compiled again: the first change at once, further ones within a hold-off that
// doubles while changes keep coming and ends with the churn. A plain value.
class HoldOff {
 public:
  using Duration = std::chrono::milliseconds;
  static constexpr Duration kFirst{4};
  static constexpr Duration kMost{250};
  // Compiled less than this (and the hold-off itself) ago counts as churn.
  static constexpr Duration kQuiet{100};

  // The earliest time for the next compilation, given that something waits at `now`.
  base::Clock::TimePoint ReadyAt(base::Clock::TimePoint now) const {
    return compiled_ever_ ? std::max(now, last_ + hold_) : now;
  }

  // Notes a compilation at `now`.
  void Compiled(base::Clock::TimePoint now) {
    const bool churn = compiled_ever_ && now - last_ < hold_ + kQuiet;
    hold_ = churn ? std::min(kMost, std::max(kFirst, hold_ * 2)) : Duration::zero();
    last_ = now;
    compiled_ever_ = true;
  }

  Duration hold() const { return hold_; }

 private:
  bool compiled_ever_ = false;
  base::Clock::TimePoint last_{};
  Duration hold_{0};
};

}  // namespace chancery::transform
