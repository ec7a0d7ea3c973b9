#include "compile/features/health_check.h"

#include <algorithm>
#include <chrono>

#include "compile/features/matches.h"

namespace chancery::compile {
namespace {

using chancery::model::HealthCheckPolicy;

// The API's ranges: a record that is older than a rule of the API's must not be refused by an Envoy.
constexpr int64_t kShortestIntervalMillis = 5'000;
constexpr int64_t kLongestIntervalMillis = 300'000;
constexpr int64_t kShortestTimeoutMillis = 2'000;
constexpr int64_t kLongestTimeoutMillis = 60'000;

uint32_t Threshold(int32_t value) { return static_cast<uint32_t>(std::clamp(value, 2, 10)); }

std::optional<ir::HttpCheck> ToHttpCheck(const HealthCheckPolicy& policy, bool http2, std::string& why) {
  if (policy.path().empty() || !IsHeaderText(policy.path())) {
    why = "it has no path that a request could carry";
    return std::nullopt;
  }
  return ir::HttpCheck{policy.path(), http2};
}

}  // namespace

std::optional<ir::HealthCheck> ToHealthCheck(const HealthCheckPolicy& policy, ir::Protocol protocol, uint32_t port,
                                             std::string& why) {
  ir::HealthCheck check;
  switch (policy.protocol()) {
    case chancery::model::PORT_PROTOCOL_HTTP:
    case chancery::model::PORT_PROTOCOL_HTTP2: {
      auto http = ToHttpCheck(policy, policy.protocol() == chancery::model::PORT_PROTOCOL_HTTP2, why);
      if (http) check.kind = *std::move(http);
      break;
    }
    case chancery::model::PORT_PROTOCOL_GRPC:
      if (!ir::NeedsHttp2(protocol)) why = "a grpc check needs a listener of http2 or grpc";
      check.kind = ir::GrpcCheck{};
      break;
    case chancery::model::PORT_PROTOCOL_TCP:
      check.kind = ir::TcpCheck{};
      break;
    default:
      why = "it has no protocol";
  }
  if (policy.has_port() && policy.port() != static_cast<int64_t>(port)) why = "its port is not that of its listener";
  if (!why.empty()) return std::nullopt;
  check.interval = ir::Millis(std::clamp(policy.interval_millis(), kShortestIntervalMillis, kLongestIntervalMillis));
  check.timeout = ir::Millis(std::clamp(policy.timeout_millis(), kShortestTimeoutMillis, kLongestTimeoutMillis));
  check.healthy_threshold = Threshold(policy.healthy_threshold());
  check.unhealthy_threshold = Threshold(policy.unhealthy_threshold());
  return check;
}

}  // namespace chancery::compile
