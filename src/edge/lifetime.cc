#include "edge/lifetime.h"

#include <chrono>

namespace chancery::edge {
namespace {

bool IsDue(const std::optional<Lifetime::TimePoint>& at, Lifetime::TimePoint now) { return at && *at <= now; }

}  // namespace

Lifetime::Lifetime(const ServerOptions& options, TimePoint now, double jitter, bool handshake)
    : options_(options), last_read_(now), idle_since_(now) {
  if (handshake) handshake_until_ = now + options.handshake_timeout;
  if (options.max_connection_age.count() <= 0) return;
  const std::chrono::duration<double, std::milli> age = options.max_connection_age * (1.0 + jitter / 10.0);
  age_at_ = now + std::chrono::duration_cast<TimePoint::duration>(age);
}

std::optional<Lifetime::TimePoint> Lifetime::KeepaliveAt() const {
  if (options_.keepalive_time.count() <= 0) return std::nullopt;
  if (pinged_) return *pinged_ + options_.keepalive_timeout;
  return last_read_ + options_.keepalive_time;
}

std::optional<Lifetime::TimePoint> Lifetime::IdleAt() const {
  if (!idle_since_ || options_.idle_timeout.count() <= 0) return std::nullopt;
  return *idle_since_ + options_.idle_timeout;
}

void Lifetime::OnHandshakeDone(TimePoint now) {
  handshake_until_.reset();
  last_read_ = now;
  idle_since_ = now;
}

Lifetime::Action Lifetime::Take(TimePoint now) {
  if (handshake_until_) return IsDue(handshake_until_, now) ? Action::kCloseSilent : Action::kNone;
  if (IsDue(age_at_, now)) {
    if (aged_) return Action::kCloseAged;
    aged_ = true;
    age_at_ = now + options_.age_grace;
    return Action::kDrainAged;
  }
  if (IsDue(IdleAt(), now)) return Action::kCloseIdle;
  if (!IsDue(KeepaliveAt(), now)) return Action::kNone;
  if (pinged_) return Action::kCloseSilent;
  pinged_ = now;
  return Action::kPing;
}

std::optional<Lifetime::TimePoint> Lifetime::Next() const {
  if (handshake_until_) return handshake_until_;
  std::optional<TimePoint> next = age_at_;
  for (const auto& at : {IdleAt(), KeepaliveAt()}) {
    if (at && (!next || *at < *next)) next = at;
  }
  return next;
}

}  // namespace chancery::edge
