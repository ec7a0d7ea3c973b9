#include "agent/envoy_admin.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <string_view>
#include <utility>

#include "agent/http_client.h"

namespace chancery::agent {
namespace {

namespace json = boost::json;
using base::Code;
using base::Error;
using base::Status;

constexpr std::chrono::milliseconds kTimeout{2'000};
constexpr std::chrono::milliseconds kStatsTimeout{5'000};
constexpr std::string_view kConnected = "control_plane.connected_state";
constexpr std::string_view kCreateFailures = "listener_manager.listener_create_failure";
constexpr std::string_view kUpdates = "listener_manager.lds.update_success";
constexpr std::string_view kRejections = "listener_manager.lds.update_rejected";

// Calls `take(name, value)` for each counter and gauge; false when the text is no such answer.
template <typename Take>
bool ForEachStat(const std::string& stats, Take take) {
  json::error_code error;
  const json::value tree = json::parse(stats, error);
  if (error || !tree.is_object()) return false;
  const json::value* rows = tree.get_object().if_contains("stats");
  if (rows == nullptr || !rows->is_array()) return false;
  for (const json::value& row : rows->get_array()) {
    if (!row.is_object()) continue;
    const json::value* name = row.get_object().if_contains("name");
    const json::value* value = row.get_object().if_contains("value");
    if (name == nullptr || value == nullptr || !name->is_string()) continue;
    json::error_code not_a_count;
    const auto count = value->to_number<uint64_t>(not_a_count);
    if (!not_a_count) take(std::string_view(name->get_string()), count);
  }
  return true;
}

std::string Trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  return text.substr(0, 100);
}

}  // namespace

std::optional<uint64_t> StatOf(const std::string& stats, const std::string& name) {
  std::optional<uint64_t> found;
  ForEachStat(stats, [&](std::string_view stat, uint64_t value) {
    if (stat == name) found = value;
  });
  return found;
}

std::optional<uint64_t> SumOfActiveRequests(const std::string& stats) {
  constexpr std::string_view kActive = ".downstream_rq_active";
  uint64_t sum = 0;
  const bool read = ForEachStat(stats, [&](std::string_view stat, uint64_t value) {
    if (!stat.starts_with("http.") || !stat.ends_with(kActive)) return;
    if (stat.starts_with("http.admin.") || stat.starts_with("http.async-client.")) return;
    sum += value;
  });
  return read ? std::optional<uint64_t>(sum) : std::nullopt;
}

base::Result<std::string> EnvoyAdmin::Ask(const std::string& method, const std::string& path,
                                          std::chrono::milliseconds timeout) const {
  auto reply = CallHttp(address_, {method, path, timeout, {}});
  if (!reply) return reply.error();
  if (reply->status == 200) return std::move(reply->body);
  return Error{Code::kUnavailable, fmt::format("{} {}: Envoy answered {}", method, path, reply->status), {}};
}

Observation EnvoyAdmin::Observe() const {
  Observation seen;
  // 503 with the state as its body until it is live.
  const auto ready = CallHttp(address_, {"GET", "/ready", kTimeout, {}});
  if (!ready) return seen;
  seen.state = Trimmed(ready->body);
  const auto stats = Ask("GET",
                         "/stats?format=json&filter=%5E(control_plane.connected_state%7C"
                         "listener_manager.(listener_create_failure%7Clds.update_(success%7Crejected)))%24",
                         kTimeout);
  if (!stats) return seen;
  if (const auto connected = StatOf(*stats, std::string(kConnected))) seen.connected = *connected == 1;
  if (const auto failures = StatOf(*stats, std::string(kCreateFailures))) {
    seen.listeners = {*failures, StatOf(*stats, std::string(kUpdates)),
                      StatOf(*stats, std::string(kRejections)).value_or(0)};
  }
  return seen;
}

Status EnvoyAdmin::DrainListeners(const std::string& query) const {
  auto reply = Ask("POST", "/drain_listeners?" + query, kStatsTimeout);
  return reply ? Status::Ok() : Status(reply.error());
}

Status EnvoyAdmin::SetLogLevel(const std::string& level) const {
  auto reply = Ask("POST", "/logging?level=" + level, kTimeout);
  return reply ? Status::Ok() : Status(reply.error());
}

base::Result<std::string> EnvoyAdmin::Prometheus(bool used_only) const {
  return Ask("GET", used_only ? "/stats/prometheus?usedonly" : "/stats/prometheus", kStatsTimeout);
}

std::optional<uint64_t> EnvoyAdmin::RequestsInFlight() const {
  const auto stats = Ask("GET", "/stats?format=json&filter=downstream_rq_active", kTimeout);
  return stats ? SumOfActiveRequests(*stats) : std::nullopt;
}

}  // namespace chancery::agent
