#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>

#include "intercept/rules.h"

namespace chancery::intercept {
namespace {

// The most ports that one multiport match takes.
constexpr size_t kPortsOfMultiport = 15;

std::vector<std::string_view> LinesOf(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// "-D OUTPUT …" for each jump to our chains that `saved` holds.
std::string DeletedJumps(std::string_view saved) {
  std::string text;
  for (const std::string_view line : LinesOf(saved)) {
    const bool jumps = (line.starts_with("-A OUTPUT ") && line.ends_with(" -j APPMESH_EGRESS")) ||
                       (line.starts_with("-A PREROUTING ") && line.ends_with(" -j APPMESH_INGRESS"));
    if (jumps) text += fmt::format("-D{}\n", line.substr(2));
  }
  return text;
}

bool HasChain(std::string_view saved, std::string_view chain) {
  const std::string start = fmt::format(":{} ", chain);
  const auto lines = LinesOf(saved);
  return std::any_of(lines.begin(), lines.end(), [&](std::string_view line) { return line.starts_with(start); });
}

// One rule for each group of ports that multiport can take.
std::string PortRules(std::string_view chain, std::span<const uint16_t> ports, std::string_view target) {
  std::string text;
  while (!ports.empty()) {
    const auto group = ports.first(std::min(ports.size(), kPortsOfMultiport));
    text += fmt::format("-A {} -p tcp -m multiport --dports {} -j {}\n", chain, fmt::join(group, ","), target);
    ports = ports.subspan(group.size());
  }
  return text;
}

std::string Egress(const InterceptOptions& options, Family family) {
  std::string text;
  if (options.ignore_uid)
    text += fmt::format("-A APPMESH_EGRESS -m owner --uid-owner {} -j RETURN\n", *options.ignore_uid);
  if (options.ignore_gid)
    text += fmt::format("-A APPMESH_EGRESS -m owner --gid-owner {} -j RETURN\n", *options.ignore_gid);
  text += PortRules("APPMESH_EGRESS", options.ignored_ports, "RETURN");
  for (const Network& network : options.ignored_ips) {
    if (network.is_ipv6 != (family == Family::kIpv6)) continue;
    text += fmt::format("-A APPMESH_EGRESS -d {} -p tcp -j RETURN\n", network.text);
  }
  return text + fmt::format("-A APPMESH_EGRESS -p tcp -j REDIRECT --to-ports {}\n", options.egress_port);
}

}  // namespace

std::string IptablesRules(const InterceptOptions& options, Family family, std::string_view saved) {
  // Naming a chain makes it, or empties it if it is there.
  std::string text = "*nat\n:APPMESH_EGRESS - [0:0]\n:APPMESH_INGRESS - [0:0]\n";
  text += DeletedJumps(saved);
  text += Egress(options, family);
  text += PortRules("APPMESH_INGRESS", options.app_ports, fmt::format("REDIRECT --to-ports {}", options.ingress_port));
  text += "-A OUTPUT -p tcp -m addrtype ! --dst-type LOCAL -j APPMESH_EGRESS\n";
  if (!options.app_ports.empty()) {
    text += "-A PREROUTING -p tcp -m addrtype ! --src-type LOCAL -j APPMESH_INGRESS\n";
  }
  return text + "COMMIT\n";
}

std::string IptablesRemoval(std::string_view saved) {
  std::string text = DeletedJumps(saved);
  for (const std::string_view chain : {"APPMESH_EGRESS", "APPMESH_INGRESS"}) {
    if (HasChain(saved, chain)) text += fmt::format("-F {}\n-X {}\n", chain, chain);
  }
  return text.empty() ? "" : "*nat\n" + text + "COMMIT\n";
}

}  // namespace chancery::intercept
