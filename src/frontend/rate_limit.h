#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"

namespace chancery::frontend {

// How many calls an account may make: `per_second` on average, `burst` at once. 0 per second: as many as it likes.
struct RateLimit {
  double per_second = 0;
  double burst = 0;
};

// One token bucket for each account. Accounts are those of proven callers, so their number is bounded by the keys that
// were issued; a bucket that is full again is forgotten. Thread-safe.
class RateLimiter {
 public:
  // Borrows the clock.
  RateLimiter(const base::Clock& clock, RateLimit limit) : clock_(clock), limit_(limit) {}

  // kTooManyRequests when the account's bucket is empty.
  base::Status Take(const std::string& account) EXCLUDES(mutex_);

 private:
  struct Bucket {
    double tokens;
    base::Clock::TimePoint at;
  };

  const base::Clock& clock_;
  const RateLimit limit_;
  base::Mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_ GUARDED_BY(mutex_);
};

}  // namespace chancery::frontend
