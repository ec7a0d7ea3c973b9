#include "iam/replay_guard.h"

namespace chancery::iam {

using base::Code;
using base::Error;
using base::Status;

ReplayGuard::ReplayGuard(const base::Clock& clock, ReplayGuardOptions options)
    : clock_(clock), options_(options), began_(std::chrono::floor<std::chrono::seconds>(clock.WallNow())) {}

Status ReplayGuard::FirstTime(std::string_view signature, std::chrono::sys_seconds signed_at,
                              std::chrono::sys_seconds valid_until) {
  const base::Hash key = base::HashOf(signature);
  const auto now = std::chrono::floor<std::chrono::seconds>(clock_.WallNow());
  if (valid_until > now + options_.longest) {
    return Error{Code::kInvalidSignature, "The signature of a call without clientToken must expire within minutes."};
  }
  // It was verified in time, but may be forgotten by now.
  if (valid_until < now) return Error{Code::kInvalidSignature, "The signature expired while the call was waiting."};
  if (signed_at < began_) {
    return Error{Code::kUnavailable, "The request was signed before this server began to serve: sign it anew."};
  }
  const base::MutexLock lock(mutex_);
  ForgetSomeLocked(now);
  if (seen_.contains(key)) return Error{Code::kInvalidSignature, "The request was sent before: sign it anew."};
  if (expiry_.size() >= options_.capacity) {
    return Error{Code::kTooManyRequests, "Too many deletes and tag calls within minutes."};
  }
  seen_.insert(key);
  expiry_.emplace(valid_until, key);
  return Status::Ok();
}

void ReplayGuard::Forget(std::string_view signature) {
  const base::MutexLock lock(mutex_);
  seen_.erase(base::HashOf(signature));
}

size_t ReplayGuard::size() const {
  const base::MutexLock lock(mutex_);
  return seen_.size();
}

// More than the one that may follow, so that the set shrinks; few, so that no caller pays for all.
void ReplayGuard::ForgetSomeLocked(std::chrono::sys_seconds now) {
  for (int i = 0; i < 16 && !expiry_.empty() && expiry_.top().first < now; ++i) {
    seen_.erase(expiry_.top().second);
    expiry_.pop();
  }
}

}  // namespace chancery::iam
