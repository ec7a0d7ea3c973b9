#include "compile/testing/simulation/hosts.h"

#include <envoy/config/route/v3/route.pb.h>

#include <string>
#include <tuple>

#include "compile/testing/simulation/text.h"

namespace chancery::compile::testing {
namespace {

// How well a domain fits: the kind first, then the length. (0, 0): not at all.
using Fit = std::tuple<int, size_t>;

Fit FitOf(std::string_view domain, std::string_view host) {
  if (domain == "*") return {1, 1};
  if (domain == host) return {4, domain.size()};
  // A wildcard stands for at least one character.
  if (host.size() < domain.size()) return {0, 0};
  if (domain.starts_with('*') && host.ends_with(domain.substr(1))) return {3, domain.size()};
  if (domain.ends_with('*') && host.starts_with(domain.substr(0, domain.size() - 1))) return {2, domain.size()};
  return {0, 0};
}

}  // namespace

const envoy::config::route::v3::VirtualHost* ChooseVirtualHost(
    const envoy::config::route::v3::RouteConfiguration& config, std::string_view host) {
  const envoy::config::route::v3::VirtualHost* chosen = nullptr;
  Fit best = {0, 0};
  const std::string name = LowerCase(host);
  for (const auto& candidate : config.virtual_hosts()) {
    for (const std::string& domain : candidate.domains()) {
      const Fit fit = FitOf(LowerCase(domain), name);
      if (fit <= best) continue;
      best = fit;
      chosen = &candidate;
    }
  }
  return chosen;
}

}  // namespace chancery::compile::testing
