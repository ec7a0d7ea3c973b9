#include "ems/version_skew.h"

#include <fmt/format.h>

namespace chancery::ems {
namespace {

// Listener.additional_addresses: since Envoy 1.24.
constexpr xds::SoftwareVersion kManyAddresses{1, 24, 0};

}  // namespace

compile::Profile ProfileOf(const xds::Node& node) {
  if (!node.envoy_version) return compile::Profile::kOld;
  return compile::ProfileOfEnvoy(node.envoy_version->major_number, node.envoy_version->minor_number);
}

std::vector<std::string> SkewWarnings(const xds::Node& node) {
  if (!node.envoy_version) {
    return {fmt::format("the proxy reports no version of Envoy: it is sent what Envoy 1.{} understands",
                        compile::kOldestEnvoyMinor)};
  }
  std::vector<std::string> warnings;
  const auto [major, minor, patch] = *node.envoy_version;
  if (*node.envoy_version < xds::SoftwareVersion{1, compile::kOldestEnvoyMinor, 0}) {
    warnings.push_back(fmt::format("Envoy {}.{}.{} is older than 1.{}: it may ignore parts of what it is sent", major,
                                   minor, patch, compile::kOldestEnvoyMinor));
  }
  const bool binds = !node.bind_ingress.empty() || !node.bind_egress.empty();
  if (binds && *node.envoy_version < kManyAddresses) {
    warnings.push_back(fmt::format("Envoy {}.{}.{} binds the first port of a listener alone: chancery.bind needs 1.24",
                                   major, minor, patch));
  }
  return warnings;
}

}  // namespace chancery::ems
