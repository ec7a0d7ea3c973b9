#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "cli/endpoint.h"

namespace chancery::agent {

// What an Envoy counted of its listeners since it was started.
struct ListenerCounts {
  uint64_t create_failures = 0;
  // Of configurations over LDS: taken whole; refused, wholly or in part. Unset: it has no LDS, as with a bootstrap of
  // the user's.
  std::optional<uint64_t> updates = {};
  uint64_t rejections = 0;
};

// What one look at an Envoy found. Unset: it did not answer, or not that.
struct Observation {
  std::string state = "UNREACHABLE";  // as /ready says it: LIVE, PRE_INITIALIZING, INITIALIZING, DRAINING
  std::optional<bool> connected;      // to the control plane
  std::optional<ListenerCounts> listeners;
};

// Envoy's admin interface. Every call may block for its timeout, 2 s unless it says otherwise. Immutable, thread-safe.
class EnvoyAdmin {
 public:
  explicit EnvoyAdmin(cli::Endpoint address) : address_(std::move(address)) {}

  Observation Observe() const;
  // kUnavailable when it does not answer, or with anything but 200.
  base::Status DrainListeners(const std::string& query) const;
  base::Status SetLogLevel(const std::string& level) const;
  // In Prometheus's text format; within 5 s.
  base::Result<std::string> Prometheus(bool used_only) const;
  // Requests that it has begun and not ended, on all its HTTP listeners. Nothing when it does not answer.
  std::optional<uint64_t> RequestsInFlight() const;

 private:
  base::Result<std::string> Ask(const std::string& method, const std::string& path,
                                std::chrono::milliseconds timeout) const;

  const cli::Endpoint address_;
};

// The value of counter or gauge `name` in an answer of /stats?format=json.
std::optional<uint64_t> StatOf(const std::string& stats, const std::string& name);
// The sum of downstream_rq_active in such an answer, without the admin interface's own and Envoy's internal client.
std::optional<uint64_t> SumOfActiveRequests(const std::string& stats);

}  // namespace chancery::agent
