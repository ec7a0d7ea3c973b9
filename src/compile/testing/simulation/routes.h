#pragma once

#include <vector>

#include "compile/testing/simulation/outcome.h"
#include "compile/testing/simulation/request.h"

namespace envoy::config::route::v3 {
class Route;
class VirtualHost;
}  // namespace envoy::config::route::v3

namespace chancery::compile::testing {

// The place of the first route that takes the request; -1 when none does.
int ChooseRoute(const envoy::config::route::v3::VirtualHost& host, const Request& request, RepeatedHeaders repeated);

// The clusters of a route's action with their weights; none where the route answers by itself.
std::vector<Choice> ChoicesOf(const envoy::config::route::v3::Route& route);

// What the route makes of the request on its way to the cluster: headers removed and added, host and
// path rewritten.
void Rewrite(const envoy::config::route::v3::Route& route, Request& request);

// Timeouts and retries in force under the route, with Envoy's defaults.
void SetLimits(const envoy::config::route::v3::Route& route, int64_t stream_idle_millis, Hop& hop);

}  // namespace chancery::compile::testing
