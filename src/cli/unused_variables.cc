#include <vector>

#include "cli/bootstrap.h"

// Variables of the App Mesh image that set nothing in the bootstrap (contract/envoy.md §1.3).
namespace chancery::cli {
namespace {

constexpr std::string_view kCommandLine = "belongs to Envoy's command line, which `chancery envoy` makes";
constexpr std::string_view kAgent = "steers `chancery envoy`";
constexpr std::string_view kAwsOnly = "chose or signed for an endpoint of AWS; --xds names the control plane";
constexpr std::string_view kGone = "set a runtime guard that current Envoys no longer have";
constexpr std::string_view kRelay = "makes the image a relay for other proxies, which is not done here";
constexpr std::string_view kServiceConnect = "belongs to ECS Service Connect, which is not served";

std::vector<UnusedVariable> CommandLineVariables() {
  return {
      {"ENVOY_LOG_LEVEL", kCommandLine, false},
      {"ENVOY_CONCURRENCY", kCommandLine, false},
      {"ENVOY_SKIP_DEPRECATED_LOGS", kCommandLine, false},
      {"DISABLE_HOT_RESTART", kCommandLine, false},
      {"LISTENER_DRAIN_WAIT_TIME_S", kCommandLine, false},
      {"ENVOY_CONFIG_FILE", "would replace the bootstrap: give that file to Envoy, or use `chancery envoy`", true},
  };
}

std::vector<UnusedVariable> AgentVariables() {
  return {
      {"APPNET_ENVOY_RESTART_COUNT", kAgent, false},
      {"PID_POLL_INTERVAL_MS", kAgent, false},
      {"HC_POLL_INTERVAL_MS", kAgent, false},
      {"HC_DISCONNECTED_TIMEOUT_S", kAgent, false},
      {"APPNET_AGENT_ADMIN_MODE", kAgent, false},
      {"APPNET_AGENT_HTTP_PORT", kAgent, false},
      {"APPNET_AGENT_HTTP_BIND_ADDRESS", kAgent, false},
      {"APPNET_AGENT_ADMIN_UDS_PATH", kAgent, false},
      {"APPNET_AGENT_LOGGING_RESET_TIMEOUT", kAgent, false},
      {"APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S", kAgent, false},
      {"APPNET_AGENT_POLL_ENVOY_READINESS_TIMEOUT_S", kAgent, false},
      {"APPNET_ENVOY_LOG_DESTINATION", kAgent, false},
      {"APPNET_ENVOY_LOG_NAME", kAgent, false},
      {"APPNET_AGENT_MAX_LOG_FILE_SIZE", kAgent, false},
      {"APPNET_AGENT_MAX_RETENTION_COUNT", kAgent, false},
      {"ENABLE_STATS_SNAPSHOT", kAgent, false},
  };
}

std::vector<UnusedVariable> ForeignVariables() {
  return {
      {"APPMESH_PREVIEW", kAwsOnly, false},
      {"APPMESH_DUALSTACK_ENDPOINT", kAwsOnly, false},
      {"APPMESH_FIPS_ENDPOINT", kAwsOnly, false},
      {"APPMESH_SIGNING_NAME", kAwsOnly, false},
      {"APPMESH_SET_TRACING_DECISION", kGone, false},
      {"ENVOY_NO_EXTENSION_LOOKUP_BY_NAME", kGone, false},
      {"ENVOY_USE_HTTP_CLIENT_TO_FETCH_AWS_CREDENTIALS", kGone, false},
      {"ENVOY_ENABLE_TCP_POOL_IDLE_TIMEOUT", kGone, false},
      {"APPNET_ENABLE_RELAY_MODE_FOR_XDS", kRelay, true},
      {"APPNET_RELAY_LISTENER_UDS_PATH", kRelay, false},
      {"APPNET_MANAGEMENT_DOMAIN_NAME", kRelay, false},
      {"APPNET_MANAGEMENT_PORT", kRelay, false},
      {"RELAY_STREAM_IDLE_TIMEOUT", kRelay, false},
      {"RELAY_BUFFER_LIMIT_BYTES", kRelay, false},
      {"APPNET_CONTAINER_IP_MAPPING", kServiceConnect, true},
      {"APPNET_LISTENER_PORT_MAPPING", kServiceConnect, true},
      {"APPMESH_VERBOSE", "belongs to images of 2019", false},
      {"APPMESH_SLEEP_DURATION", "belongs to images of 2019", false},
      {"ENVOY_MAX_OBJ_NAME", "belongs to images of 2019; names have no limit of Envoy's any more", false},
  };
}

std::vector<UnusedVariable> MakeUnused() {
  std::vector<UnusedVariable> all;
  for (const auto& table : {CommandLineVariables(), AgentVariables(), ForeignVariables()}) {
    all.insert(all.end(), table.begin(), table.end());
  }
  return all;
}

}  // namespace

std::span<const UnusedVariable> UnusedVariables() {
  static const std::vector<UnusedVariable> unused = MakeUnused();
  return unused;
}

}  // namespace chancery::cli
