#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compile/testing/simulation/call.h"

namespace chancery::compile::testing {

// What comes of a call. The number is the status of the answer; none: the connection ends.
enum class End : uint8_t {
  kForwarded,       // to the clusters of the last hop
  kAnswered,        // by the route itself (direct_response)
  kNotFound,        // 404 NR: no virtual host or no route
  kNoCluster,       // 503 NC: the route leads to a cluster that the proxy does not have
  kNoEndpoints,     // 503 UH: the cluster has no endpoint
  kUpgradeRefused,  // 403
  kNoListener,      // nobody listens: connection refused
  kNoChain,         // closed, no_filter_chain_match
  kNotTls,          // plaintext to a chain with TLS: closed
  kNotHttp,         // TLS or other bytes to a chain that takes HTTP in plaintext: closed
  kNoCertificate,   // the client showed none and had to: closed
  kWaitedInVain,    // the client waits for the server, tls_inspector for the client: closed after 15 s
  kAmbiguous,       // Envoy would refuse the listener or take either chain
  kNotSimulated,    // the configuration says something that the simulation does not know
};

struct Choice {
  std::string cluster;
  uint32_t weight = 1;
  // Kept in step with whether the proxy has the cluster, and whether that has endpoints.
  End end = End::kForwarded;
};

// One passage through a listener.
struct Hop {
  std::string listener;
  int chain = -1;  // its place in the listener
  std::string stat_prefix;
  bool http = false;

  // Empty for TCP and where none was found.
  std::string route_config;
  std::string virtual_host;
  int route = -1;  // its place in the virtual host

  // The request as it is sent on; headers without pseudo headers.
  std::string scheme;
  std::string host;
  std::string path;
  Headers headers;
  std::vector<std::string> response_headers_removed;

  // In force, with Envoy's defaults; zero is none.
  int64_t timeout_millis = 0;
  int64_t idle_millis = 0;
  std::string retry_on;
  uint32_t retries = 0;
  int64_t per_try_millis = 0;

  std::vector<Choice> choices;
};

struct Outcome {
  std::vector<Hop> hops;
  End end = End::kNoListener;
  // Of the answer that the caller gets from the proxy; 0: the connection ends, or the cluster answers.
  uint32_t status = 0;
  // The status that a gRPC client gets in its place.
  std::optional<uint32_t> grpc_status;
  // Why, where the end alone does not say it.
  std::string note;

  const Hop& last() const { return hops.back(); }
  // In short: "cds_egress_shop_a_http_80", "a:90 b:10", "404", "closed: no chain".
  std::string Short() const;
  // A line for each hop and one for the end.
  std::string Text() const;
};

// "no chain", "not TLS", ...
std::string_view WordFor(End end);
// 404 for kNotFound and so on; 0 where the connection ends.
uint32_t StatusFor(End end);
// The first of that name (in lower case) among `headers`, or empty.
std::string HeaderOf(const Headers& headers, std::string_view name);

}  // namespace chancery::compile::testing
