#pragma once

#include <chancery/model/gateway_route.pb.h>

#include <optional>
#include <string>

#include "compile/ir.h"

// What a gateway route changes of a request (contract/envoy.md §2.7). Everything is rewritten by
// default: the host to the virtual service, the matched prefix to "/".
namespace chancery::compile {

struct GatewayRewrite {
  bool hostname = true;
  // Instead of what matched.
  std::optional<std::string> path;
  // "/orders" with the default rewrite is two routes, of "/orders/" and "/orders", so that what is
  // left begins with one slash.
  bool both_slashes = false;
  // A rewrite of the whole path beside a match of a prefix: there is nothing that it could replace.
  bool path_not_applied = false;
};

template <typename Rewrite>
bool RewritesHostname(const Rewrite& rewrite) {
  return rewrite.hostname().default_target_hostname() != chancery::model::DEFAULT_GATEWAY_ROUTE_REWRITE_DISABLED;
}

inline GatewayRewrite ToRewrite(const chancery::model::GrpcGatewayRouteAction& action, const ir::RouteMatch&) {
  GatewayRewrite result;
  result.hostname = RewritesHostname(action.rewrite());
  return result;
}

inline GatewayRewrite ToRewrite(const chancery::model::HttpGatewayRouteAction& action, const ir::RouteMatch& match) {
  GatewayRewrite result;
  result.hostname = RewritesHostname(action.rewrite());
  if (match.kind != ir::RouteMatch::Path::kPrefix) {
    // Envoy replaces the whole path here, and keeps the query.
    if (action.rewrite().path().has_exact()) result.path = action.rewrite().path().exact();
    return result;
  }
  result.path_not_applied = action.rewrite().path().has_exact();
  const auto& prefix = action.rewrite().prefix();
  if (prefix.has_value()) {
    result.path = prefix.value();
  } else if (prefix.default_prefix() != chancery::model::DEFAULT_GATEWAY_ROUTE_REWRITE_DISABLED) {
    result.path = "/";
    result.both_slashes = !match.path.ends_with('/');
  }
  return result;
}

}  // namespace chancery::compile
