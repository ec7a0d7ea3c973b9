#include "agent/lifecycle.h"

#include <signal.h>
#include <spdlog/spdlog.h>

namespace chancery::agent {
namespace {

constexpr std::chrono::seconds kYoung{10};
constexpr std::chrono::seconds kRestartDelay{1};
constexpr std::chrono::seconds kTerminateWait{3};
constexpr int kDrainTries = 3;
constexpr int kIdleLooks = 2;
constexpr int kFailed = 1;

}  // namespace

base::Status Lifecycle::Begin() {
  CHANCERY_RETURN_IF_ERROR(control_.Start(0));
  EnterRunning();
  return base::Status::Ok();
}

void Lifecycle::EnterRunning() {
  phase_ = Phase::kRunning;
  started_ = clock_.Now();
}

void Lifecycle::End(int code) {
  phase_ = Phase::kOver;
  exit_code_ = code;
}

void Lifecycle::Exited(int code) {
  switch (phase_) {
    case Phase::kRunning:
      if (restarts_ >= limits_.restarts) {
        spdlog::error("Envoy ended with {}; it is not started again", code);
        return End(code);
      }
      spdlog::warn("Envoy ended with {}; it is started again, {} of {}", code, restarts_ + 1, limits_.restarts);
      phase_ = Phase::kWaiting;
      due_ = clock_.Now() - started_ < kYoung ? clock_.Now() + kRestartDelay : clock_.Now();
      return;
    case Phase::kTerminating:
      return End(0);
    case Phase::kKilled:
      return End(kFailed);
    case Phase::kAsked:
    case Phase::kDraining:
    case Phase::kFinishing:
      spdlog::warn("Envoy ended with {} before it was told to", code);
      return End(code);
    default:
      return;
  }
}

void Lifecycle::Stop() {
  if (phase_ == Phase::kWaiting) return End(0);
  if (phase_ != Phase::kRunning) return;
  phase_ = Phase::kAsked;
  TryDrain();
}

void Lifecycle::StopNow() {
  if (phase_ == Phase::kWaiting) return End(0);
  if (phase_ < Phase::kTerminating) EnterTerminating();
}

void Lifecycle::TryDrain() {
  const auto drained = control_.Drain();
  if (drained) {
    spdlog::info("Envoy drains its listeners for {} s", limits_.drain_wait.count());
    phase_ = Phase::kDraining;
    due_ = clock_.Now() + limits_.drain_wait;
    return;
  }
  spdlog::warn("Envoy does not drain its listeners: {}", drained.error().message);
  if (++drain_tries_ >= kDrainTries) EnterTerminating();
}

void Lifecycle::EnterTerminating() {
  phase_ = Phase::kTerminating;
  due_ = clock_.Now() + kTerminateWait;
  control_.Signal(SIGTERM);
}

void Lifecycle::CheckInFlight() {
  const std::optional<uint64_t> requests = control_.RequestsInFlight();
  if (clock_.Now() >= due_) {
    if (requests.value_or(0) > 0) spdlog::warn("Envoy ends with {} requests in flight", *requests);
    return EnterTerminating();
  }
  // One that does not answer tells nothing: wait for it as for one with requests.
  idle_looks_ = requests == 0 ? idle_looks_ + 1 : 0;
  if (idle_looks_ >= kIdleLooks) EnterTerminating();
}

void Lifecycle::Tick() {
  switch (phase_) {
    case Phase::kWaiting: {
      if (clock_.Now() < due_) return;
      const auto started = control_.Start(++restarts_);
      if (started) return EnterRunning();
      spdlog::error("Envoy cannot be started again: {}", started.error().message);
      return End(kFailed);
    }
    case Phase::kAsked:
      return TryDrain();
    case Phase::kDraining:
      if (clock_.Now() < due_) return;
      phase_ = Phase::kFinishing;
      due_ = clock_.Now() + limits_.in_flight_wait;
      return CheckInFlight();
    case Phase::kFinishing:
      return CheckInFlight();
    case Phase::kTerminating:
      if (clock_.Now() < due_) return;
      spdlog::warn("Envoy did not end within {} s and is killed", kTerminateWait.count());
      phase_ = Phase::kKilled;
      return control_.Signal(SIGKILL);
    default:
      return;
  }
}

}  // namespace chancery::agent
