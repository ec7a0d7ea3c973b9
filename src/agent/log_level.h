#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"

namespace chancery::agent {

// Envoy's log level: the one it was started with, or for a while another. Thread-safe; borrows the clock.
class LogLevel {
 public:
  using Setter = std::function<base::Status(const std::string&)>;

  // `set` changes Envoy's level and may block; it is called without a lock held.
  LogLevel(const base::Clock& clock, std::string usual, std::chrono::seconds hold, Setter set)
      : clock_(clock), usual_(std::move(usual)), hold_(hold), set_(std::move(set)) {}

  const std::string& usual() const { return usual_; }
  // Sets `level` until `hold` has passed; the usual one ends the exception. kUnavailable when Envoy does not.
  base::Status Set(const std::string& level) EXCLUDES(mutex_);
  // Envoy was started anew, with the usual level.
  void Forget() EXCLUDES(mutex_);
  // Puts the usual level back when it is time; tries again later when Envoy does not.
  void Tick() EXCLUDES(mutex_);

 private:
  const base::Clock& clock_;
  const std::string usual_;
  const std::chrono::seconds hold_;
  const Setter set_;
  base::Mutex mutex_;
  std::optional<base::Clock::TimePoint> until_ GUARDED_BY(mutex_);
};

}  // namespace chancery::agent
