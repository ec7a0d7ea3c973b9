// Gateway routes: host names, rewrites, reserved names.

#include <fmt/format.h>

#include <string_view>

#include "frontend/field_rules/checks.h"

namespace chancery::frontend::field_rules {
namespace {

bool IsReservedPath(std::string_view path) {
  return path.starts_with("/aws-appmesh") || path.starts_with("/aws-app-mesh");
}

bool IsReservedService(std::string_view service) {
  if (service.starts_with('/')) service.remove_prefix(1);
  return service.starts_with("aws.app-mesh") || service.starts_with("aws.appmesh");
}

void CheckPrefixRewrite(const Scope& scope, const std::string& path, const model::HttpGatewayRoute& route) {
  const auto& prefix = route.action().rewrite().prefix();
  if (prefix.has_default_prefix() == prefix.has_value()) {
    scope.Refuse(path, "must have exactly one of defaultPrefix, value");
  }
  if (!prefix.has_value()) return;
  if (!prefix.value().starts_with('/') || !prefix.value().ends_with('/')) {
    scope.Refuse(path + ".value", "must begin and end with '/'");
  }
  if (!route.match().prefix().ends_with('/')) {
    scope.Refuse(path + ".value", "needs a match.prefix that ends with '/'");
  }
}

}  // namespace

void CheckGrpcGatewayMatch(const Scope& scope) {
  const auto* route = scope.SpecAs<model::GatewayRouteSpec>();
  if (route == nullptr || !route->has_grpc_route()) return;
  const model::GrpcGatewayRouteMatch& match = route->grpc_route().match();
  if (match.has_service_name() || match.has_hostname() || match.metadata_size() > 0) return;
  scope.Refuse("spec.grpcRoute.match", "must have at least one of serviceName, hostname, metadata");
}

void CheckHostnameMatch(const Scope& scope) {
  const auto* spec = scope.SpecAs<model::GatewayRouteSpec>();
  if (spec == nullptr) return;
  const auto check = [&scope](const std::string& path, const auto& route) {
    if (!route.match().has_hostname()) return;
    if (route.match().hostname().has_exact() != route.match().hostname().has_suffix()) return;
    scope.Refuse(path + ".match.hostname", "must have exactly one of exact, suffix");
  };
  check("spec.httpRoute", spec->http_route());
  check("spec.http2Route", spec->http2_route());
  check("spec.grpcRoute", spec->grpc_route());
}

void CheckRewrite(const Scope& scope) {
  const auto* spec = scope.SpecAs<model::GatewayRouteSpec>();
  if (spec == nullptr) return;
  const auto check = [&scope](const std::string& path, const model::HttpGatewayRoute& route) {
    const auto& rewrite = route.action().rewrite();
    if (rewrite.has_prefix()) CheckPrefixRewrite(scope, path + ".action.rewrite.prefix", route);
    if (rewrite.has_prefix() && rewrite.has_path()) {
      scope.Refuse(path + ".action.rewrite", "must not have both prefix and path");
    }
    if (rewrite.path().has_exact() && !rewrite.path().exact().starts_with('/')) {
      scope.Refuse(path + ".action.rewrite.path.exact", "must begin with '/'");
    }
  };
  check("spec.httpRoute", spec->http_route());
  check("spec.http2Route", spec->http2_route());
}

void CheckReserved(const Scope& scope) {
  const auto* spec = scope.SpecAs<model::GatewayRouteSpec>();
  if (spec == nullptr) return;
  ForEachHttpRoute(scope, [&scope](const std::string& path, const auto& route) {
    const std::string text = "must not begin with '/aws-appmesh' or '/aws-app-mesh', which are reserved";
    if (IsReservedPath(route.match().prefix())) scope.Refuse(path + ".match.prefix", text);
    if (IsReservedPath(route.match().path().exact())) scope.Refuse(path + ".match.path.exact", text);
  });
  if (IsReservedService(spec->grpc_route().match().service_name())) {
    scope.Refuse("spec.grpcRoute.match.serviceName",
                 "must not begin with 'aws.app-mesh' or 'aws.appmesh', which are reserved");
  }
}

}  // namespace chancery::frontend::field_rules
