#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <variant>

// Parts of ir::Cluster: how much it may be given, and how its hosts are found fit. Plain values that
// an Envoy accepts.
namespace chancery::compile::ir {

// Circuit breakers of priority DEFAULT. Nothing leaves Envoy's own threshold; clients are not limited
// (contract/envoy.md §2.1).
struct Limits {
  static constexpr uint32_t kUnlimited = std::numeric_limits<int32_t>::max();

  std::optional<uint32_t> connections = kUnlimited;
  std::optional<uint32_t> pending_requests = kUnlimited;
  std::optional<uint32_t> requests = kUnlimited;
  std::optional<uint32_t> retries = kUnlimited;

  bool operator==(const Limits&) const = default;
};

struct HttpCheck {
  std::string path;  // of at least one character
  bool http2 = false;
  bool operator==(const HttpCheck&) const = default;
};
// Only of a cluster that speaks HTTP/2: Envoy refuses it elsewhere.
struct GrpcCheck {
  bool operator==(const GrpcCheck&) const = default;
};
// That a connection can be made.
struct TcpCheck {
  bool operator==(const TcpCheck&) const = default;
};

// An active health check: each client's proxy asks each host by itself.
struct HealthCheck {
  std::variant<TcpCheck, HttpCheck, GrpcCheck> kind;
  std::chrono::milliseconds interval{};  // above 0
  std::chrono::milliseconds timeout{};   // above 0
  uint32_t healthy_threshold = 0;
  uint32_t unhealthy_threshold = 0;
  bool operator==(const HealthCheck&) const = default;
};

// Ejects hosts by what they answer.
struct OutlierDetection {
  uint32_t consecutive_5xx = 0;
  std::chrono::milliseconds interval{};       // above 0
  std::chrono::milliseconds base_ejection{};  // above 0
  uint32_t max_ejection_percent = 0;          // at most 100
  // One host is ejected even where the percentage is less than one.
  bool always_eject_one_host = true;
  bool operator==(const OutlierDetection&) const = default;
};

}  // namespace chancery::compile::ir
