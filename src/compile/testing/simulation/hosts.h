#pragma once

#include <string_view>

namespace envoy::config::route::v3 {
class RouteConfiguration;
class VirtualHost;
}  // namespace envoy::config::route::v3

namespace chancery::compile::testing {

// The virtual host for a Host header: exact, then the longest "*suffix", then the longest "prefix*",
// then "*"; case-blind, and the port is a part of the name. Null when none fits. The routes of the one
// chosen are all there are: Envoy looks at no other host afterwards.
const envoy::config::route::v3::VirtualHost* ChooseVirtualHost(
    const envoy::config::route::v3::RouteConfiguration& config, std::string_view host);

}  // namespace chancery::compile::testing
