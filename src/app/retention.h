#pragma once

#include <chrono>
#include <cstdint>

#include "base/result.h"
#include "store/store.h"

namespace chancery::app {

// How much history is kept (architecture.md §3).
struct Retention {
  std::chrono::hours age{90 * 24};
  // A cap in number, whatever the age.
  uint64_t transactions = 1'000'000;
};

// Compacts the history that `retention` no longer keeps at `now_ms`. Cost: the logarithm of the
// history's length in reads, and one compaction when something is to go.
base::Status ForgetHistory(store::Store& store, int64_t now_ms, const Retention& retention);

}  // namespace chancery::app
