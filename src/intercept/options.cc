#include "intercept/options.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/address.h"
#include "cli/parse.h"

namespace chancery::intercept {
namespace {

using base::Code;
using base::Error;
using base::Status;
using Options = InterceptOptions;
using Text = const std::string&;

// The kernel's "no such id".
constexpr uint32_t kMaxId = 4'294'967'294;

Error Expected(std::string_view what, std::string_view got) {
  return {Code::kBadRequest, fmt::format("expected {}, not '{}'", what, got.substr(0, 200)), {}};
}

// The parts between commas, without spaces around them; empty ones are left out, as iptables' script did.
std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    std::string_view part = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
  }
  return parts;
}

template <typename Value>
void SortUnique(std::vector<Value>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

base::Result<uint16_t> ParsePort(const std::string& text) {
  const auto port = cli::ParseNumber(text, 65535);
  if (!port || *port == 0) return Expected("a port from 1 to 65535", text);
  return static_cast<uint16_t>(*port);
}

// "0" alone is how the Kubernetes controller says that there is no port.
base::Result<std::vector<uint16_t>> ParsePorts(const std::string& text) {
  std::vector<uint16_t> ports;
  if (text == "0") return ports;
  for (const std::string& part : SplitList(text)) {
    const auto port = ParsePort(part);
    if (!port) return port.error();
    ports.push_back(*port);
  }
  SortUnique(ports);
  if (ports.size() > kMaxListed) return Expected(fmt::format("at most {} ports", kMaxListed), text);
  return ports;
}

base::Result<Network> ParseNetwork(const std::string& text) {
  const size_t slash = text.find('/');
  const std::string address = text.substr(0, slash);
  const bool is_ipv6 = address.find(':') != std::string::npos;
  const uint32_t widest = is_ipv6 ? 128 : 32;
  const Error error = Expected("IP addresses or networks such as 10.0.0.0/8", text);
  if (!base::IsIpAddress(address)) return error;
  if (slash == std::string::npos) return Network{address, is_ipv6};
  const auto width = cli::ParseNumber(text.substr(slash + 1), widest);
  if (!width) return error;
  if (*width == widest) return Network{address, is_ipv6};
  return Network{fmt::format("{}/{}", address, *width), is_ipv6};
}

Status SetIgnoredIps(Options& options, Text text) {
  std::vector<Network> networks;
  for (const std::string& part : SplitList(text)) {
    auto network = ParseNetwork(part);
    if (!network) return network.error();
    networks.push_back(*std::move(network));
  }
  SortUnique(networks);
  if (networks.size() > kMaxListed) return Expected(fmt::format("at most {} addresses", kMaxListed), text);
  options.ignored_ips = std::move(networks);
  return Status::Ok();
}

Status SetIgnoredPorts(Options& options, Text text) {
  auto ports = ParsePorts(text);
  if (!ports) return ports.error();
  ports->push_back(22);
  SortUnique(*ports);
  options.ignored_ports = *std::move(ports);
  return Status::Ok();
}

Status SetAppPorts(Options& options, Text text) {
  auto ports = ParsePorts(text);
  if (!ports) return ports.error();
  options.app_ports = *std::move(ports);
  return Status::Ok();
}

Status SetPort(uint16_t& target, Text text) {
  const auto port = ParsePort(text);
  if (!port) return port.error();
  target = *port;
  return Status::Ok();
}

Status SetId(std::optional<uint32_t>& target, Text text) {
  const auto id = cli::ParseNumber(text, kMaxId);
  if (!id) return id.error();
  target = *id;
  return Status::Ok();
}

Status SetBool(bool& target, Text text) {
  const auto value = cli::ParseBool(text);
  if (!value) return value.error();
  target = *value;
  return Status::Ok();
}

Status SetTool(Options& options, Text text) {
  if (text == "auto")
    options.tool = Tool::kAuto;
  else if (text == "nft")
    options.tool = Tool::kNft;
  else if (text == "iptables")
    options.tool = Tool::kIptables;
  else
    return Expected("auto, nft or iptables", text);
  return Status::Ok();
}

std::vector<Setting> MakeSettings() {
  return {
      {"--ignore-uid", "APPMESH_IGNORE_UID", "UID", "The proxy's user, whose connections stay as they are",
       [](Options& o, Text v) { return SetId(o.ignore_uid, v); }},
      {"--ignore-gid", "APPMESH_IGNORE_GID", "GID", "The proxy's group, likewise",
       [](Options& o, Text v) { return SetId(o.ignore_gid, v); }},
      {"--app-ports", "APPMESH_APP_PORTS", "PORTS", "Ports of the application that go through the proxy: 8080,9090",
       SetAppPorts},
      {"--ingress-port", "APPMESH_ENVOY_INGRESS_PORT", "PORT", "Where the proxy takes inbound connections; 15000",
       [](Options& o, Text v) { return SetPort(o.ingress_port, v); }},
      {"--egress-port", "APPMESH_ENVOY_EGRESS_PORT", "PORT", "Where the proxy takes outbound connections; 15001",
       [](Options& o, Text v) { return SetPort(o.egress_port, v); }},
      {"--ignored-ips", "APPMESH_EGRESS_IGNORED_IP", "ADDRESSES",
       "Destinations that are reached without the proxy: 169.254.169.254,10.0.0.0/8", SetIgnoredIps},
      {"--ignored-ports", "APPMESH_EGRESS_IGNORED_PORTS", "PORTS",
       "Ports that are reached without the proxy; 22 always is", SetIgnoredPorts},
      {"--ipv6", "APPMESH_ENABLE_IPV6", "", "IPv6 too", [](Options& o, Text v) { return SetBool(o.ipv6, v); }},
      {"", "APPMESH_START_ENABLED", "BOOL", "0: do nothing", [](Options& o, Text v) { return SetBool(o.enabled, v); }},
      {"--with", "", "nft|iptables", "The tool that sets the rules; nft if it is there, else iptables", SetTool},
  };
}

Error Named(std::string_view name, const Error& error) {
  return {error.code, fmt::format("{}: {}", name, error.message), {}};
}

}  // namespace

std::span<const Setting> Settings() {
  static const std::vector<Setting> settings = MakeSettings();
  return settings;
}

base::Result<InterceptOptions> FromEnvironment(const cli::Environment& environment) {
  InterceptOptions options;
  for (const Setting& setting : Settings()) {
    if (setting.variable.empty()) continue;
    const std::optional<std::string> value = environment(std::string(setting.variable));
    if (!value || value->empty()) continue;
    if (auto status = setting.apply(options, *value); !status) return Named(setting.variable, status.error());
  }
  return options;
}

base::Status ApplyFlag(const Setting& setting, const std::string& value, InterceptOptions& options) {
  auto status = setting.apply(options, value);
  return status ? Status::Ok() : Status(Named(setting.flag, status.error()));
}

base::Status Check(const InterceptOptions& options) {
  if (!options.ignore_uid && !options.ignore_gid) {
    return Error{
        Code::kBadRequest,
        "--ignore-uid or --ignore-gid (APPMESH_IGNORE_UID, APPMESH_IGNORE_GID) is required: without the proxy's "
        "user or group its own connections would come back to it",
        {}};
  }
  if (options.ingress_port == options.egress_port) {
    return Error{Code::kBadRequest, "--ingress-port and --egress-port must differ", {}};
  }
  for (const uint16_t port : options.app_ports) {
    if (port != options.ingress_port && port != options.egress_port) continue;
    return Error{Code::kBadRequest, fmt::format("--app-ports: {} is the proxy's own port", port), {}};
  }
  return Status::Ok();
}

}  // namespace chancery::intercept
