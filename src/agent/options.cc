#include "agent/options.h"

#include <fmt/format.h>

#include <utility>

#include "base/address.h"
#include "cli/parse.h"

namespace chancery::agent {
namespace {

using base::Error;
using base::Status;
using cli::Assign;
using cli::AssignText;
using Options = AgentOptions;
using Text = const std::string&;

Error Expected(std::string_view what, const std::string& got) {
  return {base::Code::kBadRequest, fmt::format("expected {}, not '{}'", what, got.substr(0, 200)), {}};
}

Status SetLogLevel(Options& options, const std::string& value) {
  return Assign(options.log_level,
                cli::ParseWord(value, {"trace", "debug", "info", "warn", "warning", "error", "critical", "off"}));
}

// The App Mesh agent's -1 is "unset".
Status SetConcurrency(Options& options, const std::string& value) {
  if (value == "-1" || value == "0") return Status::Ok();
  const auto threads = cli::ParseNumberBetween(value, 1, 1024);
  if (!threads) return Expected("a whole number from 1 to 1024, or 0 or -1 for Envoy's own choice", value);
  return Assign(options.concurrency, threads);
}

Status SetApiMode(Options& options, const std::string& value) {
  auto mode = cli::ParseWord(value, {"tcp", "uds"});
  if (!mode) return mode.error();
  options.api_unix = *mode == "uds";
  return Status::Ok();
}

Status SetApiHost(Options& options, const std::string& value) {
  std::string address = value;
  if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
    address = address.substr(1, address.size() - 2);
  }
  if (!base::IsIpAddress(address)) return Expected("an IP address", value);
  options.api_host = std::move(address);
  return Status::Ok();
}

Status SetApi(Options& options, const std::string& value) {
  auto endpoint = cli::ParseXdsEndpoint(value);
  if (!endpoint || (endpoint->pipe.empty() && !base::IsIpAddress(endpoint->host))) {
    return Expected("ADDRESS:PORT with an IP address, or unix:///PATH", value);
  }
  options.api_unix = !endpoint->pipe.empty();
  if (options.api_unix) return AssignText(options.api_socket, endpoint->pipe);
  options.api_host = endpoint->host;
  options.api_port = endpoint->port;
  return Status::Ok();
}

Status SetLogName(Options& options, const std::string& value) {
  if (value.find('/') != std::string::npos || value == "." || value == "..") {
    return Expected("the name of a file without a directory", value);
  }
  return AssignText(options.log_name, value);
}

std::vector<AgentSetting> ProcessSettings() {
  return {
      {"--envoy",
       {},
       "PATH",
       "The Envoy to run; looked for in PATH by default",
       [](Options& o, Text v) { return AssignText(o.envoy, v); }},
      {"--log-level", {"ENVOY_LOG_LEVEL"}, "LEVEL", "Envoy's log level; info by default", SetLogLevel},
      {"--concurrency",
       {"ENVOY_CONCURRENCY"},
       "N",
       "Envoy's worker threads; its own choice by default",
       SetConcurrency},
      {"",
       {"ENVOY_CONFIG_FILE"},
       "FILE",
       "A bootstrap in place of the one that is made",
       [](Options& o, Text v) { return AssignText(o.config_file, v); }},
      {"",
       {"DISABLE_HOT_RESTART"},
       "BOOL",
       "Envoy's --disable-hot-restart",
       [](Options& o, Text v) { return Assign(o.disable_hot_restart, cli::ParseBool(v)); }},
      {"",
       {"ENVOY_SKIP_DEPRECATED_LOGS"},
       "BOOL",
       "Envoy's --skip-deprecated-logs",
       [](Options& o, Text v) { return Assign(o.skip_deprecated_logs, cli::ParseBool(v)); }},
      {"--restarts",
       {"APPNET_ENVOY_RESTART_COUNT"},
       "N",
       "How often Envoy is started again when it ends by itself, 0 to 10; 3 by default",
       [](Options& o, Text v) { return Assign(o.restart_count, cli::ParseNumberBetween(v, 0, 10)); }},
      // An exit is seen at once; the variable is checked for those who rely on its range.
      {"",
       {"PID_POLL_INTERVAL_MS"},
       "MS",
       "Has no effect",
       [](Options&, Text v) {
         auto parsed = cli::ParseMillis(v, 100, 1'000);
         return parsed ? Status::Ok() : Status(parsed.error());
       }},
      {"--drain-wait",
       {"LISTENER_DRAIN_WAIT_TIME_S"},
       "SECONDS",
       "How long a stop drains listeners, 5 to 110; 20 by default",
       [](Options& o, Text v) { return Assign(o.drain_wait, cli::ParseSeconds(v, 5, 110)); }},
      {"--in-flight-wait",
       {},
       "SECONDS",
       "How long a stop then waits for requests in flight at most, 0 to 3600; 15 by default",
       [](Options& o, Text v) { return Assign(o.in_flight_wait, cli::ParseSeconds(v, 0, 3'600)); }},
  };
}

std::vector<AgentSetting> ApiSettings() {
  return {
      {"",
       {"HC_POLL_INTERVAL_MS"},
       "MS",
       "How often Envoy's health is asked for",
       [](Options& o, Text v) { return Assign(o.health_interval, cli::ParseMillis(v, 2'000, 30'000)); }},
      {"",
       {"HC_DISCONNECTED_TIMEOUT_S"},
       "SECONDS",
       "How long a lost control plane is still healthy",
       [](Options& o, Text v) { return Assign(o.disconnected_timeout, cli::ParseSeconds(v, 3'600, 604'800)); }},
      {"", {"APPNET_AGENT_ADMIN_MODE"}, "tcp|uds", "The agent's API on TCP or a unix socket", SetApiMode},
      {"", {"APPNET_AGENT_HTTP_BIND_ADDRESS"}, "ADDRESS", "Address of the agent's API", SetApiHost},
      {"",
       {"APPNET_AGENT_HTTP_PORT"},
       "PORT",
       "Port of the agent's API",
       [](Options& o, Text v) { return Assign(o.api_port, cli::ParseNumberBetween(v, 1, 65'535)); }},
      {"",
       {"APPNET_AGENT_ADMIN_UDS_PATH"},
       "PATH",
       "Unix socket of the agent's API",
       [](Options& o, Text v) { return AssignText(o.api_socket, v); }},
      {"--api",
       {},
       "ADDRESS:PORT",
       "Where the agent's API listens, also unix:///PATH; 127.0.0.1:9902 by default",
       SetApi},
      {"",
       {"APPNET_AGENT_LOGGING_RESET_TIMEOUT"},
       "SECONDS",
       "How long /enableLogging holds",
       [](Options& o, Text v) { return Assign(o.log_level_reset, cli::ParseSeconds(v, 1, 86'400)); }},
      {"",
       {"ENABLE_STATS_SNAPSHOT"},
       "BOOL",
       "Serves /stats/prometheus?delta",
       [](Options& o, Text v) { return Assign(o.stats_snapshot, cli::ParseBool(v)); }},
      {"--snapshot-interval",
       {},
       "SECONDS",
       "Between two snapshots of stats, 1 to 3600; 60 by default",
       [](Options& o, Text v) { return Assign(o.snapshot_interval, cli::ParseSeconds(v, 1, 3'600)); }},
  };
}

std::vector<AgentSetting> OutputSettings() {
  return {
      {"--log-directory",
       {"APPNET_ENVOY_LOG_DESTINATION"},
       "DIRECTORY",
       "Where Envoy's output goes as files; this process's own output by default",
       [](Options& o, Text v) { return AssignText(o.log_directory, v); }},
      {"", {"APPNET_ENVOY_LOG_NAME"}, "NAME", "Name of the file of Envoy's output", SetLogName},
      {"",
       {"APPNET_AGENT_MAX_LOG_FILE_SIZE"},
       "MB",
       "Size at which that file is rotated",
       [](Options& o, Text v) { return Assign(o.log_megabytes, cli::ParseDecimal(v, 0.001, 10'240)); }},
      {"",
       {"APPNET_AGENT_MAX_RETENTION_COUNT"},
       "N",
       "How many rotated files are kept",
       [](Options& o, Text v) { return Assign(o.log_files, cli::ParseNumberBetween(v, 0, 1'000)); }},
      {"--readiness",
       {},
       "",
       "Do not run anything: wait until a running agent says that its Envoy is healthy",
       [](Options& o, Text v) { return Assign(o.readiness, cli::ParseBool(v)); }},
      {"",
       {"APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S"},
       "SECONDS",
       "How often --readiness asks",
       [](Options& o, Text v) { return Assign(o.readiness_interval, cli::ParseSeconds(v, 0, 3'600)); }},
      {"",
       {"APPNET_AGENT_POLL_ENVOY_READINESS_TIMEOUT_S"},
       "SECONDS",
       "How long --readiness waits",
       [](Options& o, Text v) { return Assign(o.readiness_timeout, cli::ParseSeconds(v, 0, 86'400)); }},
  };
}

std::vector<AgentSetting> MakeSettings() {
  std::vector<AgentSetting> all;
  for (const auto& table : {ProcessSettings(), ApiSettings(), OutputSettings()}) {
    all.insert(all.end(), table.begin(), table.end());
  }
  return all;
}

}  // namespace

std::span<const AgentSetting> AgentSettings() {
  static const std::vector<AgentSetting> settings = MakeSettings();
  return settings;
}

std::string ApiAddress(const AgentOptions& options) {
  if (options.api_unix) return "unix:" + options.api_socket;
  return base::JoinHostPort(options.api_host, options.api_port);
}

cli::Endpoint ApiEndpoint(const AgentOptions& options) {
  if (options.api_unix) return {"", 0, options.api_socket};
  if (options.api_host == "0.0.0.0") return {"127.0.0.1", options.api_port, ""};
  if (options.api_host == "::") return {"::1", options.api_port, ""};
  return {options.api_host, options.api_port, ""};
}

std::vector<std::string> EnvoyArguments(const AgentOptions& options, const std::string& bootstrap) {
  std::vector<std::string> arguments = {"-c", bootstrap, "-l", options.log_level};
  if (options.concurrency) {
    arguments.insert(arguments.end(), {"--concurrency", std::to_string(*options.concurrency)});
  }
  arguments.insert(arguments.end(), {"--drain-time-s", std::to_string(options.drain_wait.count())});
  if (options.disable_hot_restart) arguments.emplace_back("--disable-hot-restart");
  if (options.skip_deprecated_logs) arguments.emplace_back("--skip-deprecated-logs");
  arguments.insert(arguments.end(), options.envoy_arguments.begin(), options.envoy_arguments.end());
  return arguments;
}

}  // namespace chancery::agent
