#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/result.h"

namespace chancery::agent {

// What a Lifecycle does to its Envoy. One implementation runs processes (supervisor.cc), one is a test's.
class EnvoyControl {
 public:
  virtual ~EnvoyControl() = default;
  // Starts an Envoy; there was one before `restarts` times.
  virtual base::Status Start(uint32_t restarts) = 0;
  virtual void Signal(int number) = 0;
  // Has it drain its listeners; may block for some seconds.
  virtual base::Status Drain() = 0;
  // Nothing when it does not answer.
  virtual std::optional<uint64_t> RequestsInFlight() = 0;
};

// When an Envoy is started, started anew, drained and ended (contract/envoy.md §1.3):
//
//   running --ended by itself--> waiting --> running, `restarts` times; then over, with Envoy's exit code
//   running --asked to stop--> draining for `drain_wait` --> finishing, while requests are in flight and for
//   `in_flight_wait` at most --> SIGTERM --3 s--> SIGKILL --> over
//
// An Envoy that cannot be told to drain after three tries is ended at once. One that ended within ten seconds is
// started anew a second later, so that one that cannot live does not spin. Confined to the thread that calls it.
// Borrows all it is made of.
class Lifecycle {
 public:
  struct Limits {
    uint32_t restarts;
    std::chrono::seconds drain_wait;
    std::chrono::seconds in_flight_wait;
  };

  Lifecycle(const base::Clock& clock, EnvoyControl& control, Limits limits)
      : clock_(clock), control_(control), limits_(limits) {}

  // The first start.
  base::Status Begin();
  // The Envoy ended: its exit status, or 128 and the signal.
  void Exited(int code);
  // Drains and ends. Asked again it changes nothing.
  void Stop();
  // Ends without waiting any longer.
  void StopNow();
  // To be called several times a second.
  void Tick();

  // Set when it is over: Envoy's exit code if it ended by itself; 0 after a stop; 1 if it had to be killed, or could
  // not be started again.
  std::optional<int> exit_code() const { return exit_code_; }
  bool stopping() const { return phase_ >= Phase::kAsked; }

 private:
  enum class Phase { kRunning, kWaiting, kAsked, kDraining, kFinishing, kTerminating, kKilled, kOver };

  void EnterRunning();
  void EnterTerminating();
  void End(int code);
  void TryDrain();
  void CheckInFlight();

  const base::Clock& clock_;
  EnvoyControl& control_;
  const Limits limits_;
  Phase phase_ = Phase::kWaiting;
  uint32_t restarts_ = 0;
  int drain_tries_ = 0;
  // How often in a row no request was in flight: one may be between two reads of a connection.
  int idle_looks_ = 0;
  base::Clock::TimePoint started_{};
  base::Clock::TimePoint due_{};
  std::optional<int> exit_code_;
};

}  // namespace chancery::agent
