#include "compile/features/retry.h"

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <string_view>

#include "compile/features/timeouts.h"

namespace chancery::compile {
namespace {

// In the order in which they are written; the names of the API's events never reach Envoy, which
// would ignore them silently.
constexpr std::array<std::string_view, 9> kTokenOrder = {
    "cancelled", "deadline-exceeded", "internal",       "resource-exhausted",    "unavailable",
    "reset",     "connect-failure",   "refused-stream", "retriable-status-codes"};

struct HttpEvent {
  std::string_view event;
  std::vector<std::string_view> tokens;
  std::vector<uint32_t> codes;
};

const std::vector<HttpEvent>& HttpEvents() {
  static const std::vector<HttpEvent> kEvents = {
      {"server-error", {"reset", "retriable-status-codes"}, {500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511}},
      {"gateway-error", {"reset", "retriable-status-codes"}, {502, 503, 504}},
      {"client-error", {"retriable-status-codes"}, {409}},
      {"stream-error", {"refused-stream"}, {}},
  };
  return kEvents;
}

std::string_view GrpcToken(int event) {
  switch (event) {
    case chancery::model::GRPC_RETRY_POLICY_EVENT_CANCELLED:
      return "cancelled";
    case chancery::model::GRPC_RETRY_POLICY_EVENT_DEADLINE_EXCEEDED:
      return "deadline-exceeded";
    case chancery::model::GRPC_RETRY_POLICY_EVENT_INTERNAL:
      return "internal";
    case chancery::model::GRPC_RETRY_POLICY_EVENT_RESOURCE_EXHAUSTED:
      return "resource-exhausted";
    case chancery::model::GRPC_RETRY_POLICY_EVENT_UNAVAILABLE:
      return "unavailable";
    default:
      return "";
  }
}

void AddHttpEvents(const google::protobuf::RepeatedPtrField<std::string>& events, std::set<std::string_view>& tokens,
                   std::vector<uint32_t>& codes) {
  for (const std::string& event : events) {
    const auto known =
        std::find_if(HttpEvents().begin(), HttpEvents().end(), [&](const HttpEvent& e) { return e.event == event; });
    if (known == HttpEvents().end()) continue;
    tokens.insert(known->tokens.begin(), known->tokens.end());
    for (const uint32_t code : known->codes) {
      if (std::find(codes.begin(), codes.end(), code) == codes.end()) codes.push_back(code);
    }
  }
}

std::string Join(const std::set<std::string_view>& tokens) {
  std::string joined;
  for (const std::string_view token : kTokenOrder) {
    if (!tokens.contains(token)) continue;
    if (!joined.empty()) joined += ',';
    joined += token;
  }
  return joined;
}

// What both policies have; `tokens` has those of the policy's own events.
template <typename Policy>
ir::Retry Common(const Policy& policy, std::set<std::string_view> tokens) {
  ir::Retry retry;
  AddHttpEvents(policy.http_retry_events(), tokens, retry.status_codes);
  if (policy.tcp_retry_events_size() > 0) tokens.insert("connect-failure");
  retry.retry_on = Join(tokens);
  const int64_t most = std::numeric_limits<uint32_t>::max();
  retry.num_retries = static_cast<uint32_t>(std::clamp<int64_t>(policy.max_retries(), 0, most));
  if (policy.per_retry_timeout().has_value()) retry.per_try_timeout = ToMillis(policy.per_retry_timeout());
  return retry;
}

}  // namespace

ir::Retry DefaultRetry() {
  return {"unavailable,reset,connect-failure,refused-stream,retriable-status-codes", 2, std::nullopt, {503}};
}

ir::Retry ToRetry(const chancery::model::HttpRetryPolicy& policy) { return Common(policy, {}); }

ir::Retry ToRetry(const chancery::model::GrpcRetryPolicy& policy) {
  std::set<std::string_view> tokens;
  for (const int event : policy.grpc_retry_events()) {
    if (const std::string_view token = GrpcToken(event); !token.empty()) tokens.insert(token);
  }
  return Common(policy, std::move(tokens));
}

}  // namespace chancery::compile
