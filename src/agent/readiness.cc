#include "agent/readiness.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <string>
#include <thread>

#include "agent/http_client.h"
#include "base/clock.h"

namespace chancery::agent {
namespace {

namespace json = boost::json;
using base::Code;
using base::Error;
using base::Status;

constexpr std::chrono::milliseconds kTimeout{2'000};

Status AskOnce(const cli::Endpoint& api) {
  const auto reply = CallHttp(api, {"GET", "/status", kTimeout, {}});
  if (!reply) return reply.error();
  json::error_code error;
  const json::value status = json::parse(reply->body, error);
  const json::value* health = error || !status.is_object() ? nullptr : status.get_object().if_contains("healthStatus");
  if (health != nullptr && *health == "HEALTHY") return Status::Ok();
  return Error{
      Code::kUnavailable, fmt::format("/status answered {} {}", reply->status, reply->body.substr(0, 500)), {}};
}

}  // namespace

Status AwaitReadiness(const AgentOptions& options) {
  const base::Clock& clock = base::Clock::System();
  const auto until = clock.Now() + options.readiness_timeout;
  const bool once = options.readiness_interval.count() == 0 || options.readiness_timeout.count() == 0;
  while (true) {
    auto asked = AskOnce(ApiEndpoint(options));
    const auto left = until - clock.Now();
    if (asked || once || left.count() <= 0) return asked;
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(options.readiness_interval, left));
  }
}

}  // namespace chancery::agent
