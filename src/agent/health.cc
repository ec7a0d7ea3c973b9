#include "agent/health.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <boost/json.hpp>

namespace chancery::agent {
namespace {

namespace json = boost::json;

constexpr std::string_view kLive = "LIVE";

// Whether the first listeners failed, and none were taken whole since; unset while none came.
std::optional<bool> Failed(const ListenerCounts& listeners) {
  if (listeners.updates.value_or(0) > 0) return false;
  if (listeners.rejections > 0 || listeners.create_failures > 0) return true;
  return listeners.updates ? std::nullopt : std::optional(false);
}

}  // namespace

void Health::Started(int pid, uint32_t restarts) {
  base::MutexLock lock(mutex_);
  report_ = HealthReport{};
  report_.pid = pid;
  report_.restarts = restarts;
  disconnected_since_.reset();
}

void Health::Ended() {
  base::MutexLock lock(mutex_);
  report_.state = "UNREACHABLE";
  report_.pid = -1;
}

void Health::Observed(const Observation& seen) {
  base::MutexLock lock(mutex_);
  if (report_.pid < 0) return;  // of one that has ended since
  report_.state = seen.state;
  if (seen.connected && seen.connected != report_.connected) {
    report_.connected = seen.connected;
    disconnected_since_.reset();
    report_.disconnected_at.reset();
    if (!*seen.connected) {
      disconnected_since_ = clock_.Now();
      report_.disconnected_at = clock_.WallNow();
    }
  }
  // The stats are asked for behind the state; without them the next look decides.
  if (seen.state == kLive && seen.listeners && report_.initial_update_failed.value_or(true)) {
    report_.initialized = true;
    report_.initial_update_failed = Failed(*seen.listeners);
  }
}

bool Health::HealthyLocked() const {
  if (report_.state != kLive || report_.initial_update_failed.value_or(false)) return false;
  return !disconnected_since_ || clock_.Now() - *disconnected_since_ < disconnected_timeout_;
}

HealthReport Health::Report() const {
  base::MutexLock lock(mutex_);
  HealthReport report = report_;
  report.healthy = HealthyLocked();
  report.uptime = std::chrono::duration_cast<std::chrono::seconds>(clock_.Now() - started_);
  return report;
}

std::string ToJson(const HealthReport& report) {
  json::object object = {{"healthStatus", report.healthy ? "HEALTHY" : "UNHEALTHY"},
                         {"agentUptime", fmt::format("{}s", report.uptime.count())},
                         {"envoyPid", std::to_string(report.pid)},
                         {"envoyState", report.state},
                         {"envoyRestartCount", std::to_string(report.restarts)}};
  if (report.connected) object["managementServerConnectionStatus"] = *report.connected ? "CONNECTED" : "NOT_CONNECTED";
  if (report.disconnected_at) {
    object["managementServerDisconnectedTimestamp"] =
        fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", std::chrono::floor<std::chrono::seconds>(*report.disconnected_at));
  }
  object["envoyReadinessState"] = report.initialized ? "INITIALIZED" : "NOT_INITIALIZED";
  if (report.initial_update_failed) {
    object["initialConfigUpdateStatus"] = *report.initial_update_failed ? "UPDATE_FAILED" : "UPDATE_SUCCESSFUL";
  }
  return json::serialize(object) + "\n";
}

}  // namespace chancery::agent
