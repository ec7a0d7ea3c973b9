#pragma once

#include <optional>
#include <utility>

#include "base/clock.h"
#include "edge/server.h"

namespace chancery::edge {

// Decides when a connection is pinged, drained and given up: idle, keepalive and age rules of
// ServerOptions (a duration of zero switches its rule off). Pure: told the time, does nothing
// itself. Confined to its connection.
class Lifetime {
 public:
  using TimePoint = base::Clock::TimePoint;
  enum class Action { kNone, kPing, kCloseSilent, kCloseIdle, kDrainAged, kCloseAged };

  // `jitter` in [-1, 1] moves the age by up to a tenth. With `handshake` nothing but its end is waited for at first.
  Lifetime(const ServerOptions& options, TimePoint now, double jitter, bool handshake = false);

  void OnHandshakeDone(TimePoint now);

  // Whatever is read proves life as well as the answer to a ping. True: Next has come nearer.
  bool OnRead(TimePoint now) {
    last_read_ = now;
    return std::exchange(pinged_, std::nullopt).has_value();
  }
  void OnFirstStream() { idle_since_.reset(); }
  void OnNoStream(TimePoint now) { idle_since_ = now; }

  // What is due, at most one thing; the caller does it and asks again until kNone.
  Action Take(TimePoint now);
  // When to ask again; unless OnRead or OnNoStream say otherwise, later events only move it back.
  std::optional<TimePoint> Next() const;

 private:
  std::optional<TimePoint> KeepaliveAt() const;
  std::optional<TimePoint> IdleAt() const;

  const ServerOptions& options_;
  TimePoint last_read_;
  std::optional<TimePoint> idle_since_;
  // The ping that nothing was read after.
  std::optional<TimePoint> pinged_;
  std::optional<TimePoint> age_at_;
  std::optional<TimePoint> handshake_until_;
  bool aged_ = false;
};

}  // namespace chancery::edge
