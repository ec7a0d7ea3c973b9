#include <fmt/format.h>
#include <fmt/ranges.h>

#include "intercept/rules.h"

namespace chancery::intercept {
namespace {

// Adding before deleting makes the deletion one of something that exists.
constexpr std::string_view kReplace =
    "add table inet chancery_intercept\n"
    "delete table inet chancery_intercept\n";

std::string Destinations(const InterceptOptions& options, bool is_ipv6) {
  std::vector<std::string_view> texts;
  for (const Network& network : options.ignored_ips) {
    if (network.is_ipv6 == is_ipv6) texts.push_back(network.text);
  }
  if (texts.empty()) return "";
  return fmt::format("    {} daddr {{ {} }} return\n", is_ipv6 ? "ip6" : "ip", fmt::join(texts, ", "));
}

std::string EgressChain(const InterceptOptions& options) {
  std::string chain = "  chain egress {\n";
  if (options.ignore_uid) chain += fmt::format("    meta skuid {} return\n", *options.ignore_uid);
  if (options.ignore_gid) chain += fmt::format("    meta skgid {} return\n", *options.ignore_gid);
  chain += fmt::format("    tcp dport {{ {} }} return\n", fmt::join(options.ignored_ports, ", "));
  chain += Destinations(options, false);
  if (options.ipv6) chain += Destinations(options, true);
  return chain + fmt::format("    meta l4proto tcp redirect to :{}\n  }}\n", options.egress_port);
}

std::string PreroutingChain(const InterceptOptions& options, std::string_view family) {
  if (options.app_ports.empty()) return "";
  return fmt::format(
      "  chain prerouting {{\n"
      "    type nat hook prerouting priority -100; policy accept;\n"
      "    {}fib saddr type != local tcp dport {{ {} }} redirect to :{}\n"
      "  }}\n",
      family, fmt::join(options.app_ports, ", "), options.ingress_port);
}

}  // namespace

std::string NftRules(const InterceptOptions& options) {
  const std::string_view family = options.ipv6 ? "" : "meta nfproto ipv4 ";
  return fmt::format(
      "{}table inet chancery_intercept {{\n"
      "{}"
      "  chain output {{\n"
      "    type nat hook output priority -100; policy accept;\n"
      "    {}meta l4proto tcp fib daddr type != local jump egress\n"
      "  }}\n"
      "{}}}\n",
      kReplace, EgressChain(options), family, PreroutingChain(options, family));
}

std::string NftRemoval() { return std::string(kReplace); }

}  // namespace chancery::intercept
