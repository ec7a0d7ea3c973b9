#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/bootstrap.h"

// What `chancery intercept` redirects (contract/envoy.md §1.7), from flags and from the variables of the App Mesh init
// container. Lists are sorted and hold nothing twice, so equal settings make equal rules. All functions are pure and
// thread-safe.
namespace chancery::intercept {

enum class Tool { kAuto, kNft, kIptables };

// An address or a network, as text: "169.254.169.254", "10.0.0.0/8", "fd00::/8".
struct Network {
  std::string text;
  bool is_ipv6 = false;
  auto operator<=>(const Network&) const = default;
};

struct InterceptOptions {
  // Whose connections are never redirected: the proxy's own user or group. One of the two is required to set rules.
  std::optional<uint32_t> ignore_uid;
  std::optional<uint32_t> ignore_gid;
  uint16_t ingress_port = 15000;
  uint16_t egress_port = 15001;
  // Ports of the application whose inbound connections go to the proxy; empty: none do.
  std::vector<uint16_t> app_ports;
  // Outbound connections that are left alone. Port 22 always is.
  std::vector<Network> ignored_ips;
  std::vector<uint16_t> ignored_ports{22};
  bool ipv6 = false;
  // APPMESH_START_ENABLED=0: the init container's script then did nothing, and so do we.
  bool enabled = true;
  Tool tool = Tool::kAuto;
};

// At most this many ports or networks in one list.
inline constexpr size_t kMaxListed = 256;

// One thing that can be set. A flag overrides the variable.
struct Setting {
  std::string_view flag;         // empty: by variable only
  std::string_view variable;     // empty: by flag only
  std::string_view placeholder;  // empty: a switch
  std::string_view help;
  base::Status (*apply)(InterceptOptions&, const std::string& value);
};
std::span<const Setting> Settings();

// Options as the variables say; an empty variable counts as absent. kBadRequest names the variable.
base::Result<InterceptOptions> FromEnvironment(const cli::Environment& environment);
// Applies one setting on top. kBadRequest names the flag.
base::Status ApplyFlag(const Setting& setting, const std::string& value, InterceptOptions& options);
// What only the whole can tell: an owner to ignore, two proxy ports that differ and are no port of the application.
base::Status Check(const InterceptOptions& options);

}  // namespace chancery::intercept
