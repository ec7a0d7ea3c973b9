#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/config_files.h"
#include "cli/endpoint.h"
#include "cli/platform.h"
#include "cli/setting.h"
#include "cli/stats.h"
#include "cli/tracing.h"
#include "cli/xds_access.h"

// The bootstrap of a stock Envoy (contract/envoy.md §1.2): what makes it ask Chancery for its
// configuration. Made from settings, each a flag of `chancery bootstrap`, most of them also one of
// the APPMESH_*/ENVOY_* variables of the App Mesh image (§1.3). Not made here: Envoy's command line
// (log level, concurrency, drain time), which `chancery envoy` gives it.
//
// All functions but ReadFiles are pure; all are thread-safe.
namespace chancery::cli {

// Which of Envoy's two gRPC clients carries ADS. Only kGoogle has the stats grpc.ads.* (§3.2).
enum class XdsGrpc { kGoogle, kEnvoy };

// The slot `chancery.bind`: addresses of a proxy that lives without traffic interception, so that
// many share one machine. Empty members take the default.
struct BindAddresses {
  std::string ingress;
  std::string egress;
  std::string application;
  bool operator==(const BindAddresses&) const = default;
};

struct BootstrapOptions {
  // ARN or mesh/<mesh>[@owner]/virtualNode|virtualGateway/<name>: the node id. Required.
  std::string resource_arn;
  // node.cluster, how the proxy calls itself in traces and metrics; empty: the node id.
  std::string cluster;
  // Where the control plane is. Required.
  std::optional<Endpoint> xds;
  XdsGrpc xds_grpc = XdsGrpc::kGoogle;
  XdsAccess xds_access;
  // Where the host is: what a stream is signed for when the node id is no ARN.
  std::string region = "us-east-1";
  Endpoint admin{"127.0.0.1", 9901, ""};
  bool admin_ipv4_compat = false;
  std::string admin_access_log = "/tmp/envoy_admin_access.log";
  std::string outlier_event_log = "/dev/stdout";
  // Of the first CDS and LDS answer; zero waits for ever.
  std::chrono::seconds initial_fetch_timeout{0};
  StatsOptions stats;
  TracingOptions tracing;
  // Runtime http.max_requests_per_io_cycle.
  std::optional<uint32_t> max_requests_per_io_cycle;
  // A socket of a local secret agent: the static cluster static_cluster_sds_unix_socket (§1.6).
  std::string sds_socket;
  // A DNS server that Envoy asks instead of those of the host.
  std::optional<Endpoint> dns_resolver;
  BindAddresses bind;
  // What is known of the host, for node.metadata and node.locality.
  Platform platform;
  // Parts of a bootstrap in files of the user's.
  ConfigFiles files;
  // What was asked for and is not done, in words; for stderr.
  std::vector<std::string> warnings;
};

using Setting = SettingOf<BootstrapOptions>;
std::span<const Setting> Settings();

// A variable of the App Mesh image that has no effect on the bootstrap.
struct UnusedVariable {
  std::string_view name;
  // Why, and what to do instead.
  std::string_view reason;
  // Setting it asks for something that is not there: a warning, not silence.
  bool warn;
};
std::span<const UnusedVariable> UnusedVariables();

// Options as the variables say. Errors name the variable.
base::Result<BootstrapOptions> FromEnvironment(const Environment& environment);

// Reads the files that `options` names into it. kBadRequest names the variable and the file.
base::Status ReadFiles(BootstrapOptions& options);

// The bootstrap as JSON, which Envoy reads as it is; equal options give equal bytes. What it
// replaced of its own with a part of a file is added to `warnings`. Errors: a required option that is missing (naming
// its flag and variable), an ARN of no proxy, files that contradict.
base::Result<std::string> MakeBootstrap(const BootstrapOptions& options, std::vector<std::string>& warnings);

}  // namespace chancery::cli
