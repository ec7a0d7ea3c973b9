#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/endpoint.h"
#include "cli/setting.h"

// What `chancery envoy` can be told besides what `chancery bootstrap` can (contract/envoy.md §1.3). Each value has a
// range; one outside of it is an error that names the variable and the range, where the App Mesh agent took its
// default and said so in its log.
namespace chancery::agent {

struct AgentOptions {
  // A path, or a name that is looked for in PATH.
  std::string envoy = "envoy";
  // Behind those that are made here.
  std::vector<std::string> envoy_arguments;
  // A bootstrap of the user's; none is made.
  std::string config_file;
  std::string log_level = "info";
  std::optional<uint32_t> concurrency;  // 1 to 1024; unset: Envoy's own choice
  bool disable_hot_restart = true;
  bool skip_deprecated_logs = true;
  // How often Envoy is started again after it ended by itself, in the life of this process.
  uint32_t restart_count = 3;

  // Envoy's drain time, and how long a stop waits before it looks at requests in flight.
  std::chrono::seconds drain_wait{20};
  // How long after that, at most, requests in flight are waited for.
  std::chrono::seconds in_flight_wait{15};

  std::chrono::milliseconds health_interval{10'000};
  // How long without a control plane is still healthy.
  std::chrono::seconds disconnected_timeout{604'800};

  // The agent's own API: over TCP, or over the unix socket.
  bool api_unix = false;
  std::string api_host = "127.0.0.1";  // an IPv6 address without brackets
  uint16_t api_port = 9902;
  std::string api_socket = "/var/run/ecs/appnet_admin.sock";
  std::chrono::seconds log_level_reset{300};
  bool stats_snapshot = false;
  std::chrono::seconds snapshot_interval{60};

  // A directory for Envoy's output instead of this process's own.
  std::string log_directory;
  std::string log_name = "appnet_envoy.log";
  double log_megabytes = 1.0;
  uint32_t log_files = 5;

  // Of --readiness.
  bool readiness = false;
  std::chrono::seconds readiness_interval{5};
  std::chrono::seconds readiness_timeout{180};
};

using AgentSetting = cli::SettingOf<AgentOptions>;
std::span<const AgentSetting> AgentSettings();

// "127.0.0.1:9902" or "unix:/path", as frontend::HttpServer takes it; and where to reach it.
std::string ApiAddress(const AgentOptions& options);
cli::Endpoint ApiEndpoint(const AgentOptions& options);

// Envoy's command line, the program's name apart. `bootstrap` is a path.
std::vector<std::string> EnvoyArguments(const AgentOptions& options, const std::string& bootstrap);

}  // namespace chancery::agent
