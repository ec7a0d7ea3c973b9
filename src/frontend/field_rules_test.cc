// Every rule of the table, as a caller sees it: each row has a case that it refuses and one that it
// lets pass, and does what the table says about it.

#include "frontend/field_rules.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <set>

#include "frontend/api_fixture.h"

namespace chancery::frontend {

void PrintTo(const RuleInfo& rule, std::ostream* out) { *out << rule.name; }

namespace {

struct Step {
  std::string path;
  std::string body;
};

struct Case {
  std::string_view rule;
  Step request;
  // Part of the refusal; empty when the request is accepted.
  std::string_view refusal = "";
  std::vector<Step> before = {};
};

Step Node(std::string_view spec) {
  return {"/meshes/m/virtualNodes", fmt::format(R"({{"virtualNodeName":"x","spec":{}}})", spec)};
}
// A node with one listener, to which `more` belongs.
Step Listener(std::string_view protocol, std::string_view more) {
  return Node(fmt::format(R"({{"listeners":[{{"portMapping":{{"port":80,"protocol":"{}"}}{}{}}}],)"
                          R"("serviceDiscovery":{{"dns":{{"hostname":"x.m"}}}}}})",
                          protocol, more.empty() ? "" : ",", more));
}
Step HealthCheck(std::string_view listener, std::string_view protocol, std::string_view more, int timeout = 2000) {
  return Listener(listener,
                  fmt::format(R"("healthCheck":{{"protocol":"{}","healthyThreshold":2,"unhealthyThreshold":2,)"
                              R"("intervalMillis":5000,"timeoutMillis":{}{}{}}})",
                              protocol, timeout, more.empty() ? "" : ",", more));
}
Step Gateway(std::string_view spec) {
  return {"/meshes/m/virtualGateways", fmt::format(R"({{"virtualGatewayName":"x","spec":{}}})", spec)};
}
Step GatewayListener(std::string_view protocol, std::string_view more) {
  return Gateway(fmt::format(R"({{"listeners":[{{"portMapping":{{"port":80,"protocol":"{}"}}{}{}}}]}})", protocol,
                             more.empty() ? "" : ",", more));
}
Step Router(std::string_view spec) {
  return {"/meshes/m/virtualRouters", fmt::format(R"({{"virtualRouterName":"x","spec":{}}})", spec)};
}
constexpr std::string_view kAction = R"("action":{"weightedTargets":[{"virtualNode":"n","weight":1}]})";
Step RouteOf(std::string_view kind, std::string_view members, std::string_view action = kAction) {
  return {"/meshes/m/virtualRouter/r/routes", fmt::format(R"({{"routeName":"x","spec":{{"{}Route":{{{}{}{}}}}}}})",
                                                          kind, members, members.empty() ? "" : ",", action)};
}
Step Match(std::string_view match) { return RouteOf("http", fmt::format(R"("match":{})", match)); }
Step GatewayRoute(std::string_view kind, std::string_view match, std::string_view rewrite = "",
                  std::string_view target = "") {
  return {"/meshes/m/virtualGateway/g/gatewayRoutes",
          fmt::format(R"({{"gatewayRouteName":"x","spec":{{"{}Route":{{"match":{},"action":{{"target":{{)"
                      R"("virtualService":{{"virtualServiceName":"s.m"}}{}}}{}{}}}}}}}}})",
                      kind, match, target, rewrite.empty() ? "" : R"(,"rewrite":)", rewrite)};
}
Step Rewrite(std::string_view match, std::string_view rewrite) { return GatewayRoute("http", match, rewrite); }
Step Retry(std::string_view policy) {
  return RouteOf("http", fmt::format(R"("match":{{"prefix":"/"}},"retryPolicy":{})", policy));
}
Step ClientTls(std::string_view tls) {
  return Node(fmt::format(R"({{"backendDefaults":{{"clientPolicy":{{"tls":{}}}}}}})", tls));
}
Step ListenerTls(std::string_view tls) { return Listener("http", fmt::format(R"("tls":{})", tls)); }
Step Log(std::string_view format) {
  return Node(fmt::format(R"({{"logging":{{"accessLog":{{"file":{{"path":"/dev/stdout","format":{}}}}}}}}})", format));
}
Step CloudMap(std::string_view attributes) {
  return Node(fmt::format(R"({{"serviceDiscovery":{{"awsCloudMap":{{"namespaceName":"a","serviceName":"b",)"
                          R"("attributes":{}}}}}}})",
                          attributes));
}

// ---- Others of the mesh, in the state that a rule asks about ---------------------------------------

std::string Listeners(std::initializer_list<std::string_view> port_and_protocol) {
  std::string text;
  for (std::string_view each : port_and_protocol) {
    const size_t slash = each.find('/');
    text += fmt::format(R"({}{{"portMapping":{{"port":{},"protocol":"{}"}}}})", text.empty() ? "" : ",",
                        each.substr(0, slash), each.substr(slash + 1));
  }
  return fmt::format(R"("listeners":[{}])", text);
}
Step RouterHas(std::initializer_list<std::string_view> listeners) {
  return {"/meshes/m/virtualRouters/r", fmt::format(R"({{"spec":{{{}}}}})", Listeners(listeners))};
}
Step NodeHas(std::initializer_list<std::string_view> listeners) {
  return {"/meshes/m/virtualNodes/n",
          fmt::format(R"({{"spec":{{{},"serviceDiscovery":{{"dns":{{"hostname":"n.m"}}}}}}}})", Listeners(listeners))};
}
Step GatewayHas(std::initializer_list<std::string_view> listeners) {
  return {"/meshes/m/virtualGateways/g", fmt::format(R"({{"spec":{{{}}}}})", Listeners(listeners))};
}
// The route t and the gateway route w of MakeMesh, anew.
Step RouteIs(std::string_view kind, std::string_view members, std::string_view target = "") {
  return {"/meshes/m/virtualRouter/r/routes/t",
          fmt::format(
              R"({{"spec":{{"{}Route":{{{}{}"action":{{"weightedTargets":[{{"virtualNode":"n","weight":1{}}}]}}}}}}}})",
              kind, members, members.empty() ? "" : ",", target)};
}
Step GatewayRouteIs(std::string_view match, std::string_view target = "") {
  Step step = GatewayRoute("http", match, "", target);
  step.path += "/w";
  return step;
}
Step Provider(std::string_view kind, std::string_view name) {
  return {"/meshes/m/virtualServices/s.m",
          fmt::format(R"({{"spec":{{"provider":{{"{0}":{{"{0}Name":"{1}"}}}}}}}})", kind, name)};
}

constexpr std::string_view kFileTrust = R"("trust":{"file":{"certificateChain":"/ca"}})";
constexpr std::string_view kOutlier = R"("outlierDetection":{"baseEjectionDuration":{"unit":"s","value":1},)"
                                      R"("interval":{"unit":"s","value":1},"maxEjectionPercent":)";

std::vector<Case> ListenerCases() {
  return {
      {"listeners-need-discovery", Node(R"({"listeners":[{"portMapping":{"port":80,"protocol":"http"}}]})"),
       "spec.serviceDiscovery is required"},
      {"listeners-need-discovery", Node("{}")},
      {"listeners-need-discovery", Listener("http", "")},
      {"listener-protocols", GatewayListener("tcp", ""), "spec.listeners[0].portMapping.protocol"},
      {"listener-protocols", Listener("https", ""), "spec.listeners[0].portMapping.protocol"},
      {"listener-protocols", Listener("tcp", "")},
      {"pool-protocol", Listener("http", R"("connectionPool":{"tcp":{"maxConnections":1}})"),
       "spec.listeners[0].connectionPool.tcp must be of the listener's protocol, which is http"},
      {"pool-protocol", GatewayListener("grpc", R"("connectionPool":{"http2":{"maxRequests":1}})"),
       "spec.listeners[0].connectionPool.http2 must be"},
      {"pool-protocol", Listener("http2", R"("connectionPool":{"http2":{"maxRequests":1}})")},
      {"one-pool", Listener("http", R"("connectionPool":{"http":{"maxConnections":1},"tcp":{"maxConnections":1}})"),
       "spec.listeners[0].connectionPool"},
      {"one-pool", Listener("http", R"("connectionPool":{"http":{"maxConnections":1,"maxPendingRequests":1}})")},
      {"timeout-protocol", Listener("grpc", R"("timeout":{"http2":{"idle":{"unit":"s","value":1}}})"),
       "spec.listeners[0].timeout.http2 must be of the listener's protocol, which is grpc"},
      {"timeout-protocol", Listener("tcp", R"("timeout":{"tcp":{"idle":{"unit":"s","value":1}}})")},
      {"timeout-values", Listener("http", R"("timeout":{"http":{"idle":{"unit":"ms","value":0},)"
                                          R"("perRequest":{"unit":"s","value":0}}})")},
      {"grpc-health-check", HealthCheck("http", "grpc", ""),
       "GRPC HealthCheck requires listener type of HTTP2 or GRPC."},
      {"grpc-health-check", HealthCheck("http2", "grpc", "")},
      {"grpc-health-check", HealthCheck("grpc", "grpc", "")},
      {"health-check-path", HealthCheck("http", "http", ""), "spec.listeners[0].healthCheck.path is required"},
      {"health-check-path", HealthCheck("http2", "http2", R"("path":"")"), "spec.listeners[0].healthCheck.path"},
      {"health-check-path", HealthCheck("tcp", "tcp", "")},
      {"health-check-path", HealthCheck("http", "http", R"("path":"/")")},
      {"health-check-port", HealthCheck("tcp", "tcp", R"("port":81)"),
       "spec.listeners[0].healthCheck.port must be the listener's port, 80"},
      {"health-check-port", HealthCheck("tcp", "tcp", R"("port":80)")},
      {"health-check-interval", HealthCheck("tcp", "tcp", "", 60000)},
      {"outlier-detection", Listener("http", fmt::format(R"({}105,"maxServerErrors":1}})", kOutlier)),
       "spec.listeners[0].outlierDetection.maxEjectionPercent"},
      {"outlier-detection", Listener("http", fmt::format(R"({}5,"maxServerErrors":-5}})", kOutlier)),
       "spec.listeners[0].outlierDetection.maxServerErrors"},
      {"outlier-detection", Listener("http", fmt::format(R"({}5}})", kOutlier)), "maxServerErrors is required"},
      {"outlier-detection", Listener("http", fmt::format(R"({}0,"maxServerErrors":1}})", kOutlier))},
      {"health-check-numbers", HealthCheck("tcp", "tcp", "", 1999), "spec.listeners[0].healthCheck.timeoutMillis"},
      {"health-check-numbers", HealthCheck("tcp", "tcp", R"("healthyThreshold":11)"),
       "spec.listeners[0].healthCheck.healthyThreshold"},
      {"health-check-numbers", HealthCheck("tcp", "tcp", R"("intervalMillis":300001)"),
       "spec.listeners[0].healthCheck.intervalMillis"},
      {"health-check-numbers", HealthCheck("tcp", "tcp", "")},
      {"distinct-ports", Router(R"({)" + Listeners({"80/http", "80/grpc"}) + "}"),
       "spec.listeners[1].portMapping.port 80 is the port of another listener"},
      {"distinct-ports", Gateway(R"({)" + Listeners({"80/http", "80/http"}) + "}"), "spec.listeners[1]"},
      {"distinct-ports", Router(R"({)" + Listeners({"80/http", "81/http"}) + "}")},
      {"pool-sizes", Listener("http", R"("connectionPool":{"http":{"maxConnections":-1}})"),
       "spec.listeners[0].connectionPool.http.maxConnections"},
      {"pool-sizes", Listener("http", R"("connectionPool":{"http":{"maxConnections":1}})")},
      {"outlier-durations",
       Listener("http", R"("outlierDetection":{"baseEjectionDuration":{"unit":"s","value":0},"interval":)"
                        R"({"unit":"s","value":1},"maxEjectionPercent":5,"maxServerErrors":1})"),
       "spec.listeners[0].outlierDetection.baseEjectionDuration must be longer than 0"},
      {"outlier-durations", Listener("http", fmt::format(R"({}5,"maxServerErrors":1}})", kOutlier))},
  };
}

std::vector<Case> PortCases() {
  const Step matched = RouteIs("http", R"("match":{"port":80})");
  const Step targeted = GatewayRouteIs("{}", R"(,"port":80)");
  const Step gateway_matched = GatewayRouteIs(R"({"port":80})");
  return {
      {"route-match-port",
       Match(R"({"prefix":"/"})"),
       "Route must define a port match criteria if the Virtual Router has multiple listeners",
       {matched, targeted, RouterHas({"80/http", "81/http"})}},
      {"route-match-port", Match(R"({"port":81})"), "", {matched, targeted, RouterHas({"80/http", "81/http"})}},
      {"route-match-port", Match(R"({"prefix":"/"})"), "", {RouterHas({"80/http"})}},
      {"router-routes-have-ports", RouterHas({"80/http", "81/http"}),
       "All Routes for this Virtual Router must define a port match before adding multiple listeners to this Virtual "
       "Router. 1 Route(s) are missing port. Listing up to 5 route names: [t]"},
      {"router-routes-have-ports", RouterHas({"80/http", "81/http"}), "", {matched, targeted}},
      {"route-target-port",
       Match("{}"),
       "spec.httpRoute.action.weightedTargets[0].port is required because VirtualNode n has several listeners: 80, 81",
       {RouteIs("http", R"("match":{})", R"(,"port":80)"), NodeHas({"80/http", "81/http"})}},
      {"route-target-port", Match("{}"), "", {NodeHas({"80/http"})}},
      {"gateway-route-match-port",
       GatewayRoute("http", R"({"prefix":"/"})"),
       "spec.httpRoute.match.port is required because VirtualGateway g has several listeners: 80, 81",
       {gateway_matched, GatewayHas({"80/http", "81/http"})}},
      {"gateway-route-match-port",
       GatewayRoute("http", R"({"port":81})"),
       "",
       {gateway_matched, GatewayHas({"80/http", "81/http"})}},
      {"gateway-route-target-port",
       GatewayRoute("http", "{}"),
       "spec.httpRoute.action.target.port is required because VirtualService s.m has several listeners: 80, 81",
       {matched, GatewayRouteIs("{}", R"(,"port":80)"), RouterHas({"80/http", "81/http"})}},
      {"gateway-route-target-port",
       GatewayRoute("http", "{}", "", R"(,"port":81)"),
       "",
       {matched, GatewayRouteIs("{}", R"(,"port":80)"), RouterHas({"80/http", "81/http"})}},
      {"node-routes-have-ports", NodeHas({"80/http", "81/http"}),
       "spec.listeners must not be several while 1 Route(s) to it have no port for their target; up to 5 of them: "
       "[r/t]"},
      {"node-routes-have-ports",
       NodeHas({"80/http", "81/http"}),
       "",
       {RouteIs("http", R"("match":{})", R"(,"port":80)")}},
      {"gateway-routes-have-ports", GatewayHas({"80/http", "81/http"}),
       "spec.listeners must not be several while 1 GatewayRoute(s) of it have no match.port; up to 5 of them: [g/w]"},
      {"gateway-routes-have-ports", GatewayHas({"80/http", "81/http"}), "", {gateway_matched}},
      {"provider-gateway-routes-have-ports",
       RouterHas({"80/http", "81/http"}),
       "1 GatewayRoute(s) to its VirtualServices have no target.port; up to 5 of them: [g/w]",
       {matched}},
      {"provider-gateway-routes-have-ports",
       Provider("virtualNode", "y"),
       "spec.provider has several listeners, but 1 GatewayRoute(s) to this VirtualService have no target.port: [g/w]",
       {{"/meshes/m/virtualNodes", R"({"virtualNodeName":"y","spec":{)" + Listeners({"80/http", "81/http"}) +
                                       R"(,"serviceDiscovery":{"dns":{"hostname":"y"}}}})"}}},
      {"provider-gateway-routes-have-ports",
       RouterHas({"80/http", "81/http"}),
       "",
       {matched, GatewayRouteIs("{}", R"(,"port":80)")}},
      {"route-ports-exist",
       Match(R"({"port":82})"),
       "spec.httpRoute.match.port must be a listener's port of VirtualRouter r: 80",
       {RouterHas({"80/http"})}},
      {"route-ports-exist",
       RouteOf("http", R"("match":{})", R"("action":{"weightedTargets":[{"virtualNode":"n","weight":1,"port":82}]})"),
       "spec.httpRoute.action.weightedTargets[0].port must be a listener's port of VirtualNode n: 80",
       {NodeHas({"80/http"})}},
      {"route-ports-exist", Match(R"({"port":82})")},
      {"route-ports-exist", Match(R"({"port":80})"), "", {RouterHas({"80/http"})}},
      {"gateway-route-ports-exist", GatewayRoute("http", R"({"port":82})"),
       "spec.httpRoute.match.port must be a listener's port of VirtualGateway g: 80"},
      {"gateway-route-ports-exist",
       GatewayRoute("http", "{}", "", R"(,"port":82)"),
       "spec.httpRoute.action.target.port must be a listener's port of VirtualService s.m: 80",
       {RouterHas({"80/http"})}},
      {"gateway-route-ports-exist", GatewayRoute("http", R"({"port":80})")},
      {"ports-in-use-stay",
       RouterHas({"81/http"}),
       "spec.listeners must keep port 80, which Route r/t names",
       {RouterHas({"80/http"}), matched}},
      {"ports-in-use-stay",
       NodeHas({"81/http"}),
       "spec.listeners must keep port 80, which Route r/t names",
       {NodeHas({"80/http"}), RouteIs("http", R"("match":{})", R"(,"port":80)")}},
      {"ports-in-use-stay",
       GatewayHas({"81/http"}),
       "spec.listeners must keep port 80, which GatewayRoute g/w names",
       {gateway_matched}},
      {"ports-in-use-stay",
       RouterHas({"81/http"}),
       "spec.listeners must keep port 80, which GatewayRoute g/w names",
       {RouterHas({"80/http"}), GatewayRouteIs("{}", R"(,"port":80)")}},
      {"ports-in-use-stay",
       Provider("virtualNode", "y"),
       "spec.provider must have a listener on port 80, which GatewayRoute g/w names; it has: 81",
       {RouterHas({"80/http"}),
        GatewayRouteIs("{}", R"(,"port":80)"),
        {"/meshes/m/virtualNodes", R"({"virtualNodeName":"y","spec":{)" + Listeners({"81/http"}) +
                                       R"(,"serviceDiscovery":{"dns":{"hostname":"y"}}}})"}}},
      {"ports-in-use-stay",
       RouterHas({"80/http", "81/http"}),
       "",
       {RouterHas({"80/http"}), matched, GatewayRouteIs("{}", R"(,"port":80)")}},
      {"route-protocol",
       RouteOf("grpc", R"("match":{})"),
       "spec.grpcRoute must be of the protocol of the listener of VirtualRouter r, which is http",
       {RouterHas({"80/http"})}},
      {"route-protocol",
       RouteOf("tcp", R"("match":{"port":81})"),
       "spec.tcpRoute must be of the protocol",
       {matched, GatewayRouteIs("{}", R"(,"port":80)"), RouterHas({"80/http", "81/grpc"})}},
      {"route-protocol",
       RouteOf("grpc", R"("match":{"port":81})"),
       "",
       {matched, GatewayRouteIs("{}", R"(,"port":80)"), RouterHas({"80/http", "81/grpc"})}},
      {"route-protocol", RouteOf("grpc", R"("match":{})")},
      {"router-keeps-protocols",
       RouterHas({"80/tcp"}),
       "spec.listeners must keep the protocol http, which Route r/t has",
       {RouterHas({"80/http"})}},
      {"router-keeps-protocols", RouterHas({"81/http"}), "", {RouterHas({"80/http"})}},
      {"target-protocol", RouteOf("tcp", ""), "", {NodeHas({"80/http"})}},
      {"gateway-route-protocol", GatewayRoute("grpc", R"({"serviceName":"a"})")},
      {"gateway-route-protocol", GatewayRoute("http2", R"({"prefix":"/"})")},
  };
}

std::vector<Case> RouteCases() {
  const std::string two = R"({"match":{"prefix":"/"},)" + std::string(kAction) + "}";
  const std::string targets = R"("action":{"weightedTargets":[{"virtualNode":"n","weight":100},)"
                              R"({"virtualNode":"n","weight":)";
  const auto header = [](std::string_view match) {
    return Match(fmt::format(R"({{"headers":[{{"name":"a","match":{}}}]}})", match));
  };
  return {
      {"one-route-kind",
       {"/meshes/m/virtualRouter/r/routes",
        fmt::format(R"({{"routeName":"x","spec":{{"httpRoute":{0},"http2Route":{0}}}}})", two)},
       "spec must have exactly one of httpRoute, http2Route, grpcRoute, tcpRoute"},
      {"one-route-kind",
       {"/meshes/m/virtualGateway/g/gatewayRoutes", R"({"gatewayRouteName":"x","spec":{}})"},
       "spec must have exactly one of httpRoute, http2Route, grpcRoute"},
      {"one-route-kind", Match(R"({"prefix":"/"})")},
      {"weights-sum", RouteOf("http", R"("match":{})", targets + "1}]}"),
       "spec.httpRoute.action.weightedTargets must have weights that sum to at most 100, not 101"},
      {"weights-sum", RouteOf("http", R"("match":{})", targets + "0}]}")},
      {"weights", RouteOf("http", R"("match":{})", R"("action":{"weightedTargets":[]})"),
       "spec.httpRoute.action.weightedTargets"},
      {"weights", RouteOf("http", R"("match":{})", R"("action":{"weightedTargets":[{"virtualNode":"n","weight":-1}]})"),
       "spec.httpRoute.action.weightedTargets[0].weight"},
      {"weights", RouteOf("http", R"("match":{})", R"("action":{"weightedTargets":[{"virtualNode":"n","weight":0}]})")},
      {"route-prefix", Match(R"({"prefix":"a"})"), "spec.httpRoute.match.prefix must begin with '/'"},
      {"route-prefix", Match(R"({"prefix":"/a"})")},
      {"gateway-route-prefix", GatewayRoute("http", R"({"prefix":"testPrefix"})")},
      {"prefix-or-path", Match(R"({"prefix":"/","path":{"exact":"/"}})"),
       "spec.httpRoute.match must not have both prefix and path"},
      {"prefix-or-path", GatewayRoute("http2", R"({"prefix":"/","path":{"exact":"/"}})"),
       "spec.http2Route.match must not have both prefix and path"},
      {"prefix-or-path", Match(R"({"prefix":"/"})")},
      {"path", Match(R"({"path":{"exact":"/","regex":"/"}})"), "spec.httpRoute.match.path must have exactly one of"},
      {"path", Match(R"({"path":{}})"), "spec.httpRoute.match.path must have exactly one of"},
      {"path", Match(R"({"path":{"exact":"a"}})"), "spec.httpRoute.match.path.exact must begin with '/'"},
      {"path", Match(R"({"path":{"exact":"/a"}})")},
      {"match-without-path", Match(R"({"port":3333})")},
      {"match-without-path", GatewayRoute("http", R"({"port":80})")},
      {"empty-grpc-match", RouteOf("grpc", R"("match":{})")},
      {"method-needs-service", RouteOf("grpc", R"("match":{"methodName":"a"})"),
       "spec.grpcRoute.match.serviceName is required"},
      {"method-needs-service", RouteOf("grpc", R"("match":{"methodName":"a","serviceName":"b"})")},
      {"one-header-matcher", header(R"({"exact":"a","prefix":"b"})"), "spec.httpRoute.match.headers[0].match"},
      {"one-header-matcher", Match(R"({"headers":[{"name":"a"}]})")},
      {"range-order", header(R"({"range":{"start":2,"end":2}})"),
       "spec.httpRoute.match.headers[0].match.range must have an end greater than its start"},
      {"range-order", RouteOf("grpc", R"("match":{"metadata":[{"name":"a","match":{"range":{"start":2,"end":1}}}]})"),
       "spec.grpcRoute.match.metadata[0].match.range"},
      {"range-order", GatewayRoute("grpc", R"({"metadata":[{"name":"a","match":{"range":{"start":2,"end":1}}}]})"),
       "spec.grpcRoute.match.metadata[0].match.range"},
      {"range-order", header(R"({"range":{"start":1,"end":2}})")},
      {"query-parameter-match", Match(R"({"queryParameters":[{"name":"a","match":{}}]})"),
       "spec.httpRoute.match.queryParameters[0].match must have exact"},
      {"query-parameter-match", Match(R"({"queryParameters":[{"name":"a"},{"name":"b","match":{"exact":""}}]})")},
      {"scheme", Match(R"({"prefix":"/","scheme":"http"})"), "spec.httpRoute.match.scheme is for http2Route only"},
      {"scheme", RouteOf("http2", R"("match":{"prefix":"/","scheme":"http"})")},
      {"retry-events", Retry(R"({"maxRetries":1,"perRetryTimeout":{"unit":"s","value":1}})"),
       "spec.httpRoute.retryPolicy must have at least one retry event"},
      {"retry-events", Retry(R"({"maxRetries":0,"perRetryTimeout":{"unit":"s","value":0},)"
                             R"("tcpRetryEvents":["connection-error"]})")},
      {"retry-events", RouteOf("grpc", R"("match":{},"retryPolicy":{"maxRetries":1,"perRetryTimeout":)"
                                       R"({"unit":"s","value":1},"grpcRetryEvents":["cancelled"]})")},
      {"http-retry-events",
       Retry(R"({"maxRetries":1,"perRetryTimeout":{"unit":"s","value":1},)"
             R"("httpRetryEvents":["server-error","5xx"]})"),
       "spec.httpRoute.retryPolicy.httpRetryEvents[1] must be one of server-error, gateway-error, client-error"},
      {"http-retry-events", Retry(R"({"maxRetries":1,"perRetryTimeout":{"unit":"s","value":1},)"
                                  R"("httpRetryEvents":["stream-error"]})")},
      {"retry-policy", Retry(R"({"maxRetries":1,"httpRetryEvents":["stream-error"]})"),
       "spec.httpRoute.retryPolicy.perRetryTimeout is required"},
      {"retry-policy", Retry(R"({"maxRetries":0,"perRetryTimeout":{"unit":"s","value":1},)"
                             R"("httpRetryEvents":["stream-error"]})")},
  };
}

std::vector<Case> GatewayCases() {
  return {
      {"grpc-gateway-match", GatewayRoute("grpc", "{}"),
       "spec.grpcRoute.match must have at least one of serviceName, hostname, metadata"},
      {"grpc-gateway-match", GatewayRoute("grpc", R"({"metadata":[{"name":"a"}]})")},
      {"hostname-match", GatewayRoute("http", R"({"hostname":{"exact":"a","suffix":"b"}})"),
       "spec.httpRoute.match.hostname must have exactly one of exact, suffix"},
      {"hostname-match", GatewayRoute("grpc", R"({"hostname":{}})"), "spec.grpcRoute.match.hostname must have"},
      {"hostname-match", GatewayRoute("http", R"({"hostname":{"suffix":".b"}})")},
      {"rewrite", Rewrite(R"({"prefix":"/a/"})", R"({"prefix":{"value":"/b/","defaultPrefix":"ENABLED"}})"),
       "spec.httpRoute.action.rewrite.prefix must have exactly one of defaultPrefix, value"},
      {"rewrite", Rewrite(R"({"prefix":"/a/"})", R"({"prefix":{"value":"b"}})"),
       "spec.httpRoute.action.rewrite.prefix.value must begin and end with '/'"},
      {"rewrite", Rewrite(R"({"prefix":"/a"})", R"({"prefix":{"value":"/b/"}})"),
       "spec.httpRoute.action.rewrite.prefix.value needs a match.prefix that ends with '/'"},
      {"rewrite", Rewrite(R"({"prefix":"/a/"})", R"({"prefix":{"value":"/b/"},"path":{"exact":"/c"}})"),
       "spec.httpRoute.action.rewrite must not have both prefix and path"},
      {"rewrite", Rewrite(R"({"path":{"exact":"/a"}})", R"({"path":{"exact":"c"}})"),
       "spec.httpRoute.action.rewrite.path.exact must begin with '/'"},
      {"rewrite", Rewrite(R"({"prefix":"/a/"})", R"({"prefix":{"value":"/b/"}})")},
      {"rewrite", Rewrite(R"({"prefix":"/a"})", R"({"prefix":{"defaultPrefix":"DISABLED"}})")},
      {"rewrite-without-path", Rewrite(R"({"prefix":"/a/"})", R"({"path":{"exact":"/c"}})")},
      {"reserved-names", GatewayRoute("http", R"({"prefix":"/aws-appmesh-x"})"),
       "spec.httpRoute.match.prefix must not begin with '/aws-appmesh' or '/aws-app-mesh'"},
      {"reserved-names", GatewayRoute("http2", R"({"path":{"exact":"/aws-app-mesh/x"}})"),
       "spec.http2Route.match.path.exact must not begin"},
      {"reserved-names", GatewayRoute("grpc", R"({"serviceName":"aws.app-mesh.x"})"),
       "spec.grpcRoute.match.serviceName must not begin"},
      {"reserved-names", GatewayRoute("grpc", R"({"serviceName":"aws.appmesh"})"), "spec.grpcRoute.match.serviceName"},
      {"reserved-names", GatewayRoute("http", R"({"prefix":"/aws"})")},
  };
}

std::vector<Case> TlsCases() {
  const auto sans = [](std::string_view names) {
    return ClientTls(fmt::format(R"({{"validation":{{{},"subjectAlternativeNames":{{"match":{{"exact":{}}}}}}}}})",
                                 kFileTrust, names));
  };
  const auto listener = [](std::string_view certificate, std::string_view more = "") {
    return ListenerTls(fmt::format(R"({{"mode":"STRICT","certificate":{}{}}})", certificate, more));
  };
  const std::string file = R"({"file":{"certificateChain":"/a","privateKey":"/b"}})";
  const std::string arn = "arn:aws:acm-pca:us-west-2:123456789012:certificate-authority/a";
  return {
      {"subject-alternative-names", sans(R"(["a b"])"),
       "subjectAlternativeNames.match.exact[0] must be a host name or a URI"},
      {"subject-alternative-names", sans(R"(["*.a.b","spiffe://a/b","a_b"])")},
      {"client-trust", ClientTls(R"({"validation":{}})"), "validation.trust is required"},
      {"client-trust", ClientTls(R"({"validation":{"subjectAlternativeNames":{"match":{"exact":["a"]}}}})"),
       "spec.backendDefaults.clientPolicy.tls.validation.trust is required"},
      {"client-trust", ClientTls(fmt::format(R"({{"validation":{{{}}}}})", kFileTrust))},
      {"listener-tls", listener(file, R"(,"validation":{"trust":{"acm":{"certificateAuthorityArns":["a"]}}})"),
       "spec.listeners[0].tls.validation.trust"},
      {"listener-tls", ListenerTls(R"({"mode":"STRICT"})"), "spec.listeners[0].tls.certificate is required"},
      {"listener-tls", listener(file, fmt::format(R"(,"validation":{{{}}})", kFileTrust))},
      {"arns", listener(R"({"acm":{"certificateArn":"a"}})"),
       "spec.listeners[0].tls.certificate.acm.certificateArn must be an ARN"},
      {"arns", ClientTls(R"({"validation":{"trust":{"acm":{"certificateAuthorityArns":["a"]}}}})"),
       "certificateAuthorityArns[0] must be an ARN"},
      {"arns", listener(fmt::format(R"({{"acm":{{"certificateArn":"{}"}}}})", arn))},
      {"certificate-authorities", ClientTls(R"({"validation":{"trust":{"acm":{"certificateAuthorityArns":[]}}}})"),
       "certificateAuthorityArns"},
      {"certificate-authorities",
       ClientTls(fmt::format(R"({{"validation":{{"trust":{{"acm":{{"certificateAuthorityArns":["{}"]}}}}}}}})", arn))},
      {"files-and-secrets", listener(R"({"file":{"certificateChain":"/no/such","privateKey":"/file"}})")},
      {"files-and-secrets", listener(R"({"sds":{"secretName":"nobody"}})")},
      {"secret-names", listener(R"({"sds":{"secretName":""}})"),
       "spec.listeners[0].tls.certificate.sds.secretName must not be empty"},
      {"secret-names", listener(R"({"sds":{"secretName":"a"}})")},
  };
}

std::vector<Case> OtherCases() {
  const std::string long_name(256, 'x');
  const auto dns = [](std::string_view host) {
    return Node(fmt::format(R"({{"serviceDiscovery":{{"dns":{{"hostname":"{}"}}}}}})", host));
  };
  return {
      {"cloud-map-attributes", CloudMap(R"([{"key":"a b","value":"c"}])"),
       "spec.serviceDiscovery.awsCloudMap.attributes[0].key"},
      {"cloud-map-attributes", CloudMap(R"([{"key":"ab","value":"c d"}])")},
      {"dns-response-type", Node(R"({"serviceDiscovery":{"dns":{"hostname":"a","responseType":"ANY"}}})"),
       "spec.serviceDiscovery.dns.responseType"},
      {"dns-response-type", Node(R"({"serviceDiscovery":{"dns":{"hostname":"a","responseType":"ENDPOINTS"}}})")},
      {"one-log-format", Log(R"({"text":"a","json":[{"key":"a","value":"b"}]})"), "spec.logging.accessLog.file.format"},
      {"one-log-format", Log(R"({"text":"a"})")},
      {"json-log-keys", Log(R"({"json":[{"key":"a","value":"b"},{"key":"a","value":"c"}]})"),
       "spec.logging.accessLog.file.format.json[1].key a is the key of another entry"},
      {"json-log-keys", Log(R"({"json":[{"key":"a","value":"b"},{"key":"b","value":"b"}]})")},
      {"names", {"/meshes", fmt::format(R"({{"meshName":"{}"}})", long_name)}, "meshName must"},
      {"names",
       {"/meshes/m/virtualServices", fmt::format(R"({{"virtualServiceName":"{}","spec":{{}}}})", long_name)},
       "virtualServiceName must have 1 to 255 characters"},
      {"names", {"/meshes/m/virtualNodes", R"({"virtualNodeName":"a.b","spec":{}})"}, "virtualNodeName may hold"},
      {"names",
       {"/meshes/m/virtualServices", R"({"virtualServiceName":"..","spec":{}})"},
       "virtualServiceName must not be '.' or '..'"},
      {"names", {"/meshes/m/virtualServices/.", R"({"spec":{}})"}, "virtualServiceName must not be '.' or '..'"},
      {"names", {"/meshes", fmt::format(R"({{"meshName":"{}"}})", long_name.substr(1))}},
      {"client-token", {"/meshes", R"({"meshName":"x","clientToken":"a b"})"}, "clientToken must be 1 to 64"},
      {"client-token", {"/meshes", R"({"meshName":"x","clientToken":"a-b"})"}},
      {"mesh-owner",
       {"/meshes/m/virtualNodes?meshOwner=12345678901x", R"({"virtualNodeName":"x","spec":{}})"},
       "meshOwner must be an account of 12 digits"},
      {"mesh-owner", {"/meshes/m/virtualNodes?meshOwner=123456789012", R"({"virtualNodeName":"x","spec":{}})"}},
      {"regex", Match(R"({"path":{"regex":"(?!a"}})"), "spec.httpRoute.match.path.regex must be a regular expression"},
      {"regex", Match(R"({"path":{"regex":"(a{100}){20}"}})"), "RE2"},
      {"regex", Match(R"({"path":{"regex":"/\\pL{5}"}})"), "RE2 instructions; Envoys take at most 1000"},
      {"regex", Match(R"({"path":{"regex":"/a.*"}})")},
      {"access-log-format", Log(R"({"text":"%REQ(a)% %FOO%"})"),
       "spec.logging.accessLog.file.format.text has the command operator FOO, which is unknown"},
      {"access-log-format", Log(R"({"json":[{"key":"a","value":"%"}]})"),
       "spec.logging.accessLog.file.format.json[0].value has no command operator at position 0"},
      {"access-log-format", Log(R"({"text":"[%START_TIME(%Y-%m-%d)%] %REQ(:path?x):10% 100%% %RESPONSE_CODE%\n"})")},
      {"control-characters", Match(R"({"headers":[{"name":"a","match":{"exact":"b\nc"}}]})"),
       "spec.httpRoute.match.headers[0].match.exact must not have control characters"},
      {"control-characters", Match(R"({"prefix":"/a\u0000"})"), "spec.httpRoute.match.prefix must not have control"},
      {"control-characters", Match(R"({"headers":[{"name":"a","match":{"exact":"b\tc é"}}]})")},
      {"header-names", Match(R"({"headers":[{"name":"a b"}]})"), "spec.httpRoute.match.headers[0].name must be a name"},
      {"header-names", GatewayRoute("grpc", R"({"metadata":[{"name":"a:"}]})"),
       "spec.grpcRoute.match.metadata[0].name"},
      {"header-names", Match(R"({"headers":[{"name":":path"},{"name":"X-Testing1"}]})")},
      {"query-parameter-names", Match(R"({"queryParameters":[{"name":""}]})"),
       "spec.httpRoute.match.queryParameters[0].name must have 1 to 1024 bytes"},
      {"query-parameter-names", Match(R"({"queryParameters":[{"name":"a b"}]})")},
      {"hostnames", dns("a b"), "spec.serviceDiscovery.dns.hostname must be a host name or an address"},
      {"hostnames", dns(""), "spec.serviceDiscovery.dns.hostname"},
      {"hostnames", dns("a..b"), "spec.serviceDiscovery.dns.hostname"},
      {"hostnames", dns(std::string(64, 'a')), "spec.serviceDiscovery.dns.hostname"},
      {"hostnames", GatewayRoute("http", R"({"hostname":{"exact":"*.a"}})"), "spec.httpRoute.match.hostname.exact"},
      {"hostnames", dns("a_b.c-d.local.")},
      {"hostnames", dns("10.0.0.1")},
      {"hostnames", dns("::1")},
      {"hostnames", GatewayRoute("http", R"({"hostname":{"exact":"a.b"}})")},
  };
}

std::vector<Case> AllCases() {
  std::vector<Case> all;
  for (const auto& part : {ListenerCases(), PortCases(), RouteCases(), GatewayCases(), TlsCases(), OtherCases()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

class FieldRuleTest : public ApiFixture, public ::testing::WithParamInterface<RuleInfo> {
 protected:
  // On a mesh of its own.
  static Answer Run(const Case& test, bool strict) {
    store::MemoryStore store;
    base::FakeClock clock;
    const OpenGate gate{std::string(kAccount)};
    const Api lenient({std::string(kAccount), "us-west-2", "aws"}, store, clock, gate);
    const Api api({std::string(kAccount), "us-west-2", "aws", strict}, store, clock, gate);
    const auto put = [](const Api& to, const Step& step) {
      return to.Handle({"PUT", "/v20190125" + step.path, {}, step.body});
    };
    for (const Step& step : MeshSteps()) EXPECT_EQ(put(lenient, step).status, 200);
    for (const Step& step : test.before) {
      const Answer answer = put(lenient, step);
      EXPECT_EQ(answer.status, 200) << answer.body;
    }
    return put(api, test.request);
  }

  // As MakeMesh().
  static std::vector<Step> MeshSteps() {
    return {{"/meshes", R"({"meshName":"m"})"},
            {"/meshes/m/virtualNodes", R"({"virtualNodeName":"n","spec":{}})"},
            {"/meshes/m/virtualRouters", R"({"virtualRouterName":"r","spec":{}})"},
            {"/meshes/m/virtualRouter/r/routes", RouteBody("t", "n")},
            {"/meshes/m/virtualServices",
             R"({"virtualServiceName":"s.m","spec":{"provider":{"virtualRouter":{"virtualRouterName":"r"}}}})"},
            {"/meshes/m/virtualGateways",
             R"({"virtualGatewayName":"g","spec":{"listeners":[{"portMapping":{"port":80,"protocol":"http"}}]}})"},
            {"/meshes/m/virtualGateway/g/gatewayRoutes", GatewayRouteBody("w", "s.m")}};
  }
};

TEST_P(FieldRuleTest, HoldsAsTheTableSays) {
  const RuleInfo& rule = GetParam();
  int refused = 0;
  int accepted = 0;
  for (const Case& test : AllCases()) {
    if (test.rule != rule.name) continue;
    SCOPED_TRACE(test.request.path + " " + test.request.body);
    const bool strict = rule.enforced == Enforced::kStrict;
    const Answer answer = Run(test, strict);
    if (test.refusal.empty()) {
      ++accepted;
      EXPECT_EQ(answer.status, 200) << answer.body;
      continue;
    }
    ++refused;
    ExpectError(answer, 400, "BadRequestException", test.refusal);
    if (strict) {
      EXPECT_EQ(Run(test, false).status, 200);
    }
  }
  EXPECT_GT(accepted, 0);
  EXPECT_EQ(refused > 0, rule.enforced != Enforced::kAccepted);
}

std::vector<RuleInfo> RulesWithCases() {
  std::vector<RuleInfo> rules;
  for (const RuleInfo& rule : AllRules()) {
    // quotas_test.cc shows those.
    if (rule.enforced != Enforced::kQuota) rules.push_back(rule);
  }
  return rules;
}

INSTANTIATE_TEST_SUITE_P(Rules, FieldRuleTest, ::testing::ValuesIn(RulesWithCases()), [](const auto& info) {
  std::string name = fmt::format("{}_{}", info.param.number, info.param.name);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(FieldRules, TheTableHasEveryNumberOnceAtLeastAndEveryNameOnce) {
  std::set<int> numbers;
  std::set<std::string_view> names;
  int last = 1;
  for (const RuleInfo& rule : AllRules()) {
    if (rule.number == 0) {
      last = 44;
    } else {
      EXPECT_GE(rule.number, last) << rule.name;
      last = rule.number;
      numbers.insert(rule.number);
    }
    EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
    EXPECT_FALSE(rule.rule.empty());
  }
  EXPECT_EQ(numbers.size(), 43u);
  EXPECT_EQ(*numbers.begin(), 1);
  EXPECT_EQ(*numbers.rbegin(), 43);
}

TEST(FieldRules, GradesDecideWhatIsEnforced) {
  for (const RuleInfo& rule : AllRules()) {
    SCOPED_TRACE(rule.name);
    if (rule.grade == Grade::kCli) {
      EXPECT_EQ(rule.enforced, Enforced::kStrict);
    }
    if (rule.grade == Grade::kModel) {
      EXPECT_EQ(rule.enforced, Enforced::kShape);
    }
    if (rule.grade == Grade::kHard) {
      EXPECT_NE(rule.enforced, Enforced::kStrict);
    }
    // The two that evidence speaks against, or that refuse nothing.
    const bool exempt = rule.name == "scheme" || rule.name == "timeout-values";
    if (rule.grade == Grade::kDoc && !exempt) {
      EXPECT_EQ(rule.enforced, Enforced::kAlways);
    }
  }
}

TEST(FieldRules, EveryCaseIsOfARule) {
  for (const Case& test : AllCases()) {
    const bool known = std::any_of(AllRules().begin(), AllRules().end(),
                                   [&test](const RuleInfo& rule) { return rule.name == test.rule; });
    EXPECT_TRUE(known) << test.rule;
  }
}

// An answer is not many times as large as the request that it refuses.
TEST_F(ApiFixture, ARefusalNamesAHundredBrokenRulesAtMost) {
  MustPut("/meshes", R"({"meshName":"m"})");
  std::string backends;
  for (int i = 0; i < 500; ++i) {
    backends += fmt::format(R"({}{{"virtualService":{{"virtualServiceName":"a\u0001"}}}})", i == 0 ? "" : ",");
  }
  const Answer answer =
      Put("/meshes/m/virtualNodes", fmt::format(R"({{"virtualNodeName":"n","spec":{{"backends":[{}]}}}})", backends));
  ExpectError(answer, 400, "BadRequestException", "spec.backends[99].");
  EXPECT_EQ(answer.body.find("spec.backends[100]."), std::string::npos);
}

TEST(FieldRules, GradesAndEnforcementHaveNames) {
  EXPECT_EQ(ToString(Grade::kHard), "HARD");
  EXPECT_EQ(ToString(Grade::kEnvoy), "Envoy");
  EXPECT_EQ(ToString(Enforced::kShape), "shape");
  EXPECT_EQ(ToString(Enforced::kAccepted), "accepted");
}

}  // namespace
}  // namespace chancery::frontend
