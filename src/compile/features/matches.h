#pragma once

#include <chancery/model/gateway_route.pb.h>
#include <chancery/model/route.pb.h>

#include <optional>
#include <string>

#include "compile/ir.h"

// The conditions of routes and gateway routes (contract/envoy.md §2.4, §2.7). Ports and hostnames
// are no conditions: they choose the listener and the virtual host.
namespace chancery::compile {

// Each gives nothing, and says why, when Envoy would refuse the condition: such a route cannot be
// served. The API refuses most of these already.
std::optional<ir::RouteMatch> ToMatch(const chancery::model::HttpRouteMatch& match, std::string& why);
std::optional<ir::RouteMatch> ToMatch(const chancery::model::GrpcRouteMatch& match, std::string& why);
std::optional<ir::RouteMatch> ToMatch(const chancery::model::HttpGatewayRouteMatch& match, std::string& why);
std::optional<ir::RouteMatch> ToMatch(const chancery::model::GrpcGatewayRouteMatch& match, std::string& why);

// May stand in a header's value, a host or a rewrite.
bool IsHeaderText(std::string_view text);

}  // namespace chancery::compile
