#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "compile/fragment.h"
#include "compile/ir_tls.h"
#include "compile/ir_upstream.h"

// What a proxy is to do, between the model (resolve) and Envoy's protos (emit/). Plain values in the
// order in which they are emitted; whatever is in here is accepted by an Envoy of the profile.
namespace chancery::compile::ir {

using Millis = std::chrono::milliseconds;

enum class Protocol : uint8_t { kHttp, kHttp2, kGrpc, kTcp };

inline bool IsHttp(Protocol protocol) { return protocol != Protocol::kTcp; }
// Speaks HTTP/2 to what is behind it.
inline bool NeedsHttp2(Protocol protocol) { return protocol == Protocol::kHttp2 || protocol == Protocol::kGrpc; }

struct Cluster {
  // kEds: its endpoints are a fragment of its own, of its name (features/discovery.h).
  enum class Type : uint8_t { kStatic, kLogicalDns, kStrictDns, kOriginalDst, kEds };
  enum class Family : uint8_t { kAuto, kV4Only, kV6Only, kV4Preferred };

  std::string name;
  Type type = Type::kStatic;
  // An address or a DNS name. A static cluster without one has no endpoints: it answers 503.
  std::string host;
  uint32_t port = 0;
  Family family = Family::kAuto;
  bool http2 = false;
  // Nothing: plaintext.
  std::optional<UpstreamTls> tls;
  Millis connect_timeout{1000};
  Limits limits;
  std::optional<HealthCheck> health_check;
  std::optional<OutlierDetection> outlier_detection;
  // Told to the statistics of the upstream side (contract/envoy.md §2.6).
  std::optional<std::string> target_node;
  std::vector<Slot> slots;

  bool operator==(const Cluster&) const = default;
};

struct StringMatch {
  enum class Kind : uint8_t { kExact, kPrefix, kSuffix, kRegex };
  Kind kind = Kind::kExact;
  std::string value;
  bool operator==(const StringMatch&) const = default;
};

// [start, end).
struct RangeMatch {
  int64_t start = 0;
  int64_t end = 0;
  bool operator==(const RangeMatch&) const = default;
};

struct HeaderMatch {
  std::string name;
  // Nothing: the header is present.
  std::variant<std::monostate, StringMatch, RangeMatch> value;
  bool invert = false;
  bool operator==(const HeaderMatch&) const = default;
};

struct QueryMatch {
  std::string name;
  // Nothing: the parameter is present.
  std::optional<std::string> exact;
  bool operator==(const QueryMatch&) const = default;
};

struct RouteMatch {
  enum class Path : uint8_t { kExact, kRegex, kPrefix };
  Path kind = Path::kPrefix;
  std::string path = "/";
  std::vector<HeaderMatch> headers;
  std::vector<QueryMatch> query;
  bool grpc = false;
  bool operator==(const RouteMatch&) const = default;
};

struct Retry {
  std::string retry_on;
  uint32_t num_retries = 0;
  std::optional<Millis> per_try_timeout;
  std::vector<uint32_t> status_codes;
  bool operator==(const Retry&) const = default;
};

// Zero disables; nothing leaves Envoy's default.
struct Timeouts {
  std::optional<Millis> request;
  std::optional<Millis> idle;
  bool operator==(const Timeouts&) const = default;
};

struct Target {
  std::string cluster;
  uint32_t weight = 0;
  bool operator==(const Target&) const = default;
};

struct ToCluster {
  std::string cluster;
  bool operator==(const ToCluster&) const = default;
};
struct Split {
  std::vector<Target> targets;  // the weights sum to 1 or more
  bool operator==(const Split&) const = default;
};
struct Answer {
  uint32_t status = 503;
  bool operator==(const Answer&) const = default;
};

struct Route {
  RouteMatch match;
  std::variant<Answer, ToCluster, Split> action;
  Timeouts timeouts;
  std::optional<Retry> retry;
  // Told to the statistics of the upstream side (contract/envoy.md §2.4).
  std::optional<std::string> target_service;
  std::optional<std::string> prefix_rewrite;
  std::optional<std::string> host_rewrite;
  // Request headers, set over what the client sent, and taken away.
  std::vector<std::pair<std::string, std::string>> set_headers;
  std::vector<std::string> remove_request_headers;
  std::vector<std::string> remove_response_headers;
  bool operator==(const Route&) const = default;
};

struct VirtualHost {
  std::string name;
  std::vector<std::string> domains;  // at least one
  std::vector<Route> routes;
  // Has a virtual cluster that matches nothing, for the stats of all others (options.h).
  bool virtual_cluster = false;
  bool operator==(const VirtualHost&) const = default;
};

struct RouteConfig {
  std::string name;
  std::vector<VirtualHost> hosts;
  bool operator==(const RouteConfig&) const = default;
};

struct AccessLog {
  std::string path;
  // Nothing: Envoy's default format.
  std::variant<std::monostate, std::string, std::map<std::string, std::string>> format;
  bool operator==(const AccessLog&) const = default;
};

struct HttpChain {
  std::string stat_prefix;
  std::string route_config;
  bool websocket = false;
  bool operator==(const HttpChain&) const = default;
};
struct TcpChain {
  std::string stat_prefix;
  std::vector<Target> targets;  // at least one; each weight at least 1
  std::optional<Millis> idle;
  bool operator==(const TcpChain&) const = default;
};

struct FilterChain {
  // What a connection begins with, as the TLS inspector sees it. Ports that are not inspected are plaintext.
  enum class Transport : uint8_t { kAny, kTls, kPlaintext };
  std::optional<uint32_t> port;
  // Matches every destination address by name, as all chains on a port must that another chain
  // with an address shares (contract/envoy.md §2.2, the filter-chain trap).
  bool any_address = false;
  std::vector<std::string> server_names;
  Transport transport = Transport::kAny;
  // Takes connections of this host alone.
  bool local_only = false;
  // Serves only what was intercepted: where nothing is, its port is not bound.
  bool intercepted_only = false;
  // Nothing: what arrives is what the filter is given.
  std::optional<DownstreamTls> tls;
  std::variant<HttpChain, TcpChain> filter;
  bool operator==(const FilterChain&) const = default;
};

struct Listener {
  std::string name;
  uint32_t port = 0;
  // Binds :: for both families instead of 0.0.0.0.
  bool dual_stack = false;
  bool inbound = false;
  bool original_dst = false;
  // The TLS inspector waits for the client's first bytes. On ports that do not need it it would hold back
  // protocols in which the server speaks first (§2.2); so it works on these alone, on all if `inspect_all`.
  std::set<uint32_t> inspect_ports = {};
  bool inspect_all = false;
  // How long the listener's filters wait before a connection goes on without them; nothing: 15 s, and it is
  // closed then.
  std::optional<Millis> inspect_timeout;
  std::vector<FilterChain> chains;  // at least one, all with different matches
  std::optional<AccessLog> access_log;
  std::vector<Slot> slots;
  bool operator==(const Listener&) const = default;
};

struct Proxy {
  std::map<std::string, Cluster> clusters;
  std::vector<Listener> listeners;
  std::vector<RouteConfig> route_configs;
  bool operator==(const Proxy&) const = default;
};

}  // namespace chancery::compile::ir
