#include "app/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "base/address.h"

namespace chancery::app {
namespace {

using base::Code;
using base::Error;

Error Misuse(std::string message) { return {Code::kBadRequest, std::move(message), {}}; }

bool IsLoopback(const std::string& host) { return host == "::1" || host.starts_with("127."); }

base::Status CheckAddress(std::string_view flag, const std::string& address, bool beyond_loopback,
                          std::string_view unless) {
  const std::optional<base::HostPort> parts = base::SplitHostPort(address);
  if (!parts || !base::IsIpAddress(parts->host)) {
    return Misuse(fmt::format("{}: '{}' is not IP:PORT", flag, address));
  }
  if (!IsLoopback(parts->host) && !beyond_loopback) {
    return Misuse(fmt::format("{}: {} is beyond loopback{}", flag, address, unless));
  }
  return base::Status::Ok();
}

}  // namespace

void AddServeOptions(CLI::App& command, ServeOptions& options) {
  const auto add = [&](const char* flag, auto& value, const char* variable, const char* text) {
    command.add_option(flag, value, text)->envname(variable)->capture_default_str();
  };
  add("--data-dir", options.data_dir, "CHANCERY_DATA_DIR", "Directory of the embedded store; made when absent");
  add("--api", options.api, "CHANCERY_API", "IP:PORT of the App Mesh API; port 0 takes a free one");
  add("--xds", options.xds, "CHANCERY_XDS", "IP:PORT that Envoys connect to");
  add("--admin", options.admin, "CHANCERY_ADMIN", "IP:PORT of the read-only admin port");
  add("--account", options.account, "CHANCERY_ACCOUNT",
      "Account id of this installation, 12 digits; part of every ARN");
  add("--region", options.region, "CHANCERY_REGION", "Region in every ARN");
  add("--partition", options.partition, "CHANCERY_PARTITION", "Partition in every ARN");
  add("--log-level", options.log_level, "CHANCERY_LOG_LEVEL", "trace, debug, info, warn, error or off");
  add("--xds-loops", options.xds_loops, "CHANCERY_XDS_LOOPS", "Event loops for Envoys; 0: one per core");
  command
      .add_option_function<unsigned>(
          "--settle-ms", [&options](unsigned value) { options.settle = std::chrono::milliseconds(value); },
          "How long a route to a new DNS cluster waits for it to resolve, in milliseconds (1000)")
      ->envname("CHANCERY_SETTLE_MS")
      ->check(CLI::Range(0, 60'000));
  command
      .add_flag("--insecure-no-auth", options.insecure_no_auth,
                "Serve the API without authentication, on loopback only")
      ->envname("CHANCERY_INSECURE_NO_AUTH");
  command
      .add_flag("--insecure-xds-bind", options.insecure_xds_bind,
                "Allow --xds beyond loopback: anyone there may connect")
      ->envname("CHANCERY_INSECURE_XDS_BIND");
  command
      .add_flag("--insecure-admin-bind", options.insecure_admin_bind,
                "Allow --admin beyond loopback: anyone there may read it")
      ->envname("CHANCERY_INSECURE_ADMIN_BIND");
}

base::Status CheckServeOptions(const ServeOptions& options) {
  if (!options.insecure_no_auth) {
    return Misuse("authentication is not built yet: --insecure-no-auth is needed to serve (on loopback only)");
  }
  CHANCERY_RETURN_IF_ERROR(CheckAddress("--api", options.api, false, ", which --insecure-no-auth does not allow"));
  CHANCERY_RETURN_IF_ERROR(
      CheckAddress("--xds", options.xds, options.insecure_xds_bind, ": that needs --insecure-xds-bind"));
  CHANCERY_RETURN_IF_ERROR(
      CheckAddress("--admin", options.admin, options.insecure_admin_bind, ": that needs --insecure-admin-bind"));
  if (options.data_dir.empty()) return Misuse("--data-dir: must not be empty");
  if (options.account.size() != 12 || options.account.find_first_not_of("0123456789") != std::string::npos) {
    return Misuse(fmt::format("--account: '{}' is not 12 digits", options.account));
  }
  for (const auto& [flag, value] :
       {std::pair{"--region", options.region}, std::pair{"--partition", options.partition}}) {
    if (value.empty() || value.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos) {
      return Misuse(fmt::format("{}: '{}' is not made of small letters, digits and hyphens", flag, value));
    }
  }
  constexpr std::array<std::string_view, 6> kLevels = {"trace", "debug", "info", "warn", "error", "off"};
  if (std::ranges::find(kLevels, options.log_level) == kLevels.end()) {
    return Misuse(fmt::format("--log-level: '{}' is not trace, debug, info, warn, error or off", options.log_level));
  }
  return base::Status::Ok();
}

}  // namespace chancery::app
