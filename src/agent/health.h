#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "agent/envoy_admin.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace chancery::agent {

// What the agent says of its Envoy at GET /status.
struct HealthReport {
  bool healthy = false;
  std::chrono::seconds uptime{0};  // of the agent
  int pid = -1;
  uint32_t restarts = 0;
  std::string state = "UNREACHABLE";
  std::optional<bool> connected;
  std::optional<base::Clock::WallTime> disconnected_at;
  bool initialized = false;                   // was live since it was started
  std::optional<bool> initial_update_failed;  // once it is initialized and listeners came
};

// Whether an Envoy is healthy, from what was seen of it (contract/envoy.md §1.3): it is live; its first listeners did
// not fail, or later ones were taken whole (§1.3 names those that cannot be made; those that Envoy refuses are our
// addition); and it is not without a control plane for longer than `disconnected_timeout`, for an Envoy that has a
// configuration serves on without one. Thread-safe; borrows the clock.
class Health {
 public:
  Health(const base::Clock& clock, std::chrono::seconds disconnected_timeout)
      : clock_(clock), disconnected_timeout_(disconnected_timeout), started_(clock.Now()) {}

  // An Envoy runs as `pid`; nothing is known of it yet. `restarts` before it.
  void Started(int pid, uint32_t restarts) EXCLUDES(mutex_);
  // It ended.
  void Ended() EXCLUDES(mutex_);
  void Observed(const Observation& seen) EXCLUDES(mutex_);

  HealthReport Report() const EXCLUDES(mutex_);

 private:
  bool HealthyLocked() const REQUIRES(mutex_);

  const base::Clock& clock_;
  const std::chrono::seconds disconnected_timeout_;
  const base::Clock::TimePoint started_;
  mutable base::Mutex mutex_;
  HealthReport report_ GUARDED_BY(mutex_);
  std::optional<base::Clock::TimePoint> disconnected_since_ GUARDED_BY(mutex_);
};

// The answer of GET /status: the members and texts of the App Mesh agent, every value a string.
std::string ToJson(const HealthReport& report);

}  // namespace chancery::agent
