#include "frontend/rate_limit.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace chancery::frontend {
namespace {

// So many buckets are looked through for full ones before another is added.
constexpr size_t kManyBuckets = 1024;

double Refilled(double tokens, base::Clock::TimePoint since, base::Clock::TimePoint now, const RateLimit& limit) {
  return std::min(limit.burst, tokens + std::chrono::duration<double>(now - since).count() * limit.per_second);
}

}  // namespace

base::Status RateLimiter::Take(const std::string& account) {
  if (limit_.per_second <= 0) return base::Status::Ok();
  const auto now = clock_.Now();
  base::MutexLock lock(mutex_);
  if (buckets_.size() >= kManyBuckets && !buckets_.contains(account)) {
    std::erase_if(buckets_, [&](const auto& entry) {
      return Refilled(entry.second.tokens, entry.second.at, now, limit_) >= limit_.burst;
    });
  }
  Bucket& bucket = buckets_.try_emplace(account, Bucket{limit_.burst, now}).first->second;
  bucket.tokens = Refilled(bucket.tokens, bucket.at, now, limit_);
  bucket.at = now;
  if (bucket.tokens < 1) {
    return base::Error{base::Code::kTooManyRequests,
                       fmt::format("account {} makes more than {} calls a second", account, limit_.per_second),
                       {}};
  }
  bucket.tokens -= 1;
  return base::Status::Ok();
}

}  // namespace chancery::frontend
