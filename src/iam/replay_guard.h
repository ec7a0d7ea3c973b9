#pragma once

#include <chrono>
#include <functional>
#include <queue>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mutex.h"
#include "base/result.h"

namespace chancery::iam {

struct ReplayGuardOptions {
  // Signatures remembered at once, at some 80 bytes each: 870 calls a second over the 5 minutes of the skew.
  size_t capacity = 1 << 18;
  // A signature that holds for longer (presigned, up to 7 days) is refused: a few of those would fill the set for days.
  std::chrono::seconds longest = std::chrono::minutes(15);
};

// The verified signatures that can still be sent a second time, for calls without a clientToken: deletes and tag calls.
//
// When it is full it refuses rather than forgets. Forgetting the oldest would end the protection in silence, just when
// somebody floods; refusing is seen, lasts no longer than the skew, and is retried by every SDK. Only verified requests
// come here, so only a holder of keys can fill it, and the rate limit of its account stands before that.
//
// Its limit is one process. What was signed before it began may have been seen by the one before, so it is refused, to
// be signed anew as SDKs do when they retry: for as long as its clock is behind ours, a client's deletes wait after a
// start. SDKs sign by the second, so two equal calls of one client within a second have one signature, and so may a
// retry. Ask therefore only when the call is about to change something: what finds its work done already (NotFound,
// equal tags) then gets its answer, and a replay of it is harmless. Thread-safe; `clock` is borrowed.
class ReplayGuard {
 public:
  explicit ReplayGuard(const base::Clock& clock, ReplayGuardOptions options = {});

  // Whether this is the first time, and remembers it until `valid_until` (iam::ValidUntil). Errors: kInvalidSignature
  // for a replay, for one that has expired and for one that holds too long; kUnavailable for one that was signed before
  // this guard began; kTooManyRequests when full.
  base::Status FirstTime(std::string_view signature, std::chrono::sys_seconds signed_at,
                         std::chrono::sys_seconds valid_until) EXCLUDES(mutex_);

  // Takes that back: the call that asked has changed nothing, and its client may send it again as it was.
  void Forget(std::string_view signature) EXCLUDES(mutex_);

  size_t size() const EXCLUDES(mutex_);

 private:
  using Entry = std::pair<std::chrono::sys_seconds, base::Hash>;

  void ForgetSomeLocked(std::chrono::sys_seconds now) REQUIRES(mutex_);

  const base::Clock& clock_;
  const ReplayGuardOptions options_;
  const std::chrono::sys_seconds began_;
  mutable base::Mutex mutex_;
  std::unordered_set<base::Hash, base::HashHasher> seen_ GUARDED_BY(mutex_);
  // What `seen_` holds or held, the first to expire on top.
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> expiry_ GUARDED_BY(mutex_);
};

}  // namespace chancery::iam
