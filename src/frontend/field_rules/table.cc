// The one table of field rules.

#include <algorithm>
#include <iterator>

#include "frontend/field_rules.h"
#include "frontend/field_rules/checks.h"
#include "frontend/mesh_rules.h"
#include "frontend/reflect.h"

namespace chancery::frontend {
namespace {

using namespace field_rules;  // NOLINT(google-build-using-namespace): the table is all names of it
using namespace mesh_rules;   // NOLINT(google-build-using-namespace)

struct Rule {
  RuleInfo info;
  Check check = nullptr;           // of one request
  MeshCheck mesh_check = nullptr;  // with other resources, inside the commit
};

using G = Grade;
using E = Enforced;

// Numbers and grades are those of contract/api.md §4.6; where one number stands for several things,
// each has a row. HARD and DOC rules are enforced, but not against an acceptance on record.
constexpr Rule kRules[] = {
    {{1, "listeners-need-discovery", G::kDoc, E::kAlways, "a virtual node with listeners has serviceDiscovery"},
     CheckServiceDiscovery},
    {{2, "listener-protocols", G::kModel, E::kShape, "virtual gateways have no tcp, and nothing has https"}},
    {{3, "pool-protocol", G::kDoc, E::kAlways, "connectionPool is of the listener's protocol"}, CheckPoolProtocol},
    {{3, "one-pool", G::kModel, E::kShape, "connectionPool has exactly one kind"}},
    {{4, "timeout-protocol", G::kDoc, E::kAlways, "timeout is of the listener's protocol"}, CheckTimeoutProtocol},
    {{5, "timeout-values", G::kDoc, E::kAccepted, "a timeout of 0 disables it"}},
    {{6, "grpc-health-check", G::kHard, E::kAlways, "a grpc health check is for http2 and grpc listeners"},
     CheckGrpcHealthCheck},
    {{7, "health-check-path", G::kHard, E::kAlways, "http and http2 health checks have a path"}, CheckHealthCheckPath},
    {{8, "health-check-port", G::kDoc, E::kAlways, "healthCheck.port is the listener's"}, CheckHealthCheckPort},
    {{9, "health-check-interval", G::kSilent, E::kAccepted, "a timeout may be longer than its interval"}},
    {{10, "outlier-detection", G::kModel, E::kShape, "outlierDetection has all members, within their ranges"}},
    {{11, "health-check-numbers", G::kModel, E::kShape, "thresholds, interval and timeout are within their ranges"}},
    {{12, "route-match-port", G::kHard, E::kAlways, "a route of a router with several listeners has match.port"},
     nullptr,
     RouteNeedsMatchPort},
    {{12, "router-routes-have-ports", G::kHard, E::kAlways, "a router gains listeners when all its routes have ports"},
     nullptr,
     RouterNeedsRoutesWithPorts},
    {{13, "route-target-port", G::kDoc, E::kAlways, "a weighted target with several listeners has a port"},
     nullptr,
     RouteNeedsTargetPorts},
    {{13, "gateway-route-match-port", G::kDoc, E::kAlways,
      "a gateway route of a gateway with several listeners has match.port"},
     nullptr,
     GatewayRouteNeedsMatchPort},
    {{13, "gateway-route-target-port", G::kDoc, E::kAlways,
      "a gateway route to a service whose provider has several listeners has target.port"},
     nullptr,
     GatewayRouteNeedsTargetPort},
    {{13, "node-routes-have-ports", G::kDoc, E::kAlways, "a node gains listeners when all routes to it have ports"},
     nullptr,
     NodeNeedsRoutesWithPorts},
    {{13, "gateway-routes-have-ports", G::kDoc, E::kAlways,
      "a gateway gains listeners when all its gateway routes have match.port"},
     nullptr,
     GatewayNeedsRoutesWithPorts},
    {{13, "provider-gateway-routes-have-ports", G::kDoc, E::kAlways,
      "a provider has several listeners when all gateway routes to its services have target.port"},
     nullptr,
     ProviderNeedsTargetPorts},
    {{14, "route-ports-exist", G::kInferred, E::kAlways, "ports of a route are ports of its router and its targets"},
     nullptr,
     RoutePortsExist},
    {{14, "gateway-route-ports-exist", G::kInferred, E::kAlways,
      "ports of a gateway route are ports of its gateway and its target"},
     nullptr,
     GatewayRoutePortsExist},
    // Off, because a client that moves a port from one number to another writes the listener first.
    {{14, "ports-in-use-stay", G::kInferred, E::kStrict, "a port that a route names stays a port of its listeners"},
     nullptr,
     PortsInUseStay},
    {{15, "distinct-ports", G::kSilent, E::kAlways, "no two listeners of one resource have one port"},
     CheckListenerPorts},
    {{16, "route-protocol", G::kDoc, E::kAlways, "a route is of the protocol of its router's listener"},
     nullptr,
     RouteFitsProtocol},
    {{16, "router-keeps-protocols", G::kHard, E::kAlways, "a listener keeps its protocol while a route relies on it"},
     nullptr,
     RouterKeepsProtocols},
    {{17, "target-protocol", G::kHard, E::kAccepted, "a route may be of another protocol than its targets"}},
    {{18, "gateway-route-protocol", G::kHard, E::kAccepted,
      "a gateway route may be of another protocol than its gateway"}},
    {{19, "one-route-kind", G::kDoc, E::kAlways, "a route or gateway route is of exactly one kind"}, CheckOneRouteKind},
    {{20, "weights-sum", G::kDoc, E::kAlways, "weights sum to at most 100"}, CheckWeights},
    {{20, "weights", G::kModel, E::kShape, "1 to 10 targets have weights of 0 to 100"}},
    {{21, "route-prefix", G::kDoc, E::kAlways, "the prefix of a route begins with '/'"}, CheckRoutePrefix},
    {{21, "gateway-route-prefix", G::kHard, E::kAccepted, "the prefix of a gateway route begins with anything"}},
    {{22, "prefix-or-path", G::kCli, E::kStrict, "a match has prefix or path, not both"}, CheckPrefixOrPath},
    {{23, "path", G::kCli, E::kStrict, "a path has one of exact and regex, and exact begins with '/'"}, CheckPath},
    {{24, "match-without-path", G::kHard, E::kAccepted, "an HTTP match needs neither prefix nor path"}},
    {{25, "empty-grpc-match", G::kHard, E::kAccepted, "a gRPC route may match everything"}},
    {{26, "grpc-gateway-match", G::kCli, E::kStrict, "a gRPC gateway route matches by something"},
     CheckGrpcGatewayMatch},
    {{27, "method-needs-service", G::kDoc, E::kAlways, "a methodName comes with a serviceName"}, CheckMethodName},
    {{28, "one-header-matcher", G::kModel, E::kShape, "a header or metadata entry has at most one matcher"}},
    {{28, "range-order", G::kCli, E::kStrict, "a range ends after its start"}, CheckRanges},
    {{29, "query-parameter-match", G::kCli, E::kStrict, "a query parameter's match is not empty"},
     CheckQueryParameters},
    {{30, "hostname-match", G::kCli, E::kStrict, "a host name has one of exact and suffix"}, CheckHostnameMatch},
    // Documented for http2 routes only; Terraform's acceptance tests of the provider, written against
    // the real service, create httpRoute with a scheme.
    {{31, "scheme", G::kDoc, E::kStrict, "scheme is for http2 routes"}, CheckScheme},
    {{32, "retry-events", G::kDoc, E::kAlways, "a retry policy has at least one event"}, CheckRetryEvents},
    {{32, "http-retry-events", G::kDoc, E::kAlways, "http retry events are among the four documented"},
     CheckHttpRetryEvents},
    {{32, "retry-policy", G::kModel, E::kShape, "a retry policy has maxRetries and perRetryTimeout"}},
    {{33, "rewrite", G::kCli, E::kStrict, "a rewrite is of the path or of the prefix, and its texts have slashes"},
     CheckRewrite},
    {{33, "rewrite-without-path", G::kHard, E::kAccepted, "a path rewrite needs no path match"}},
    {{34, "reserved-names", G::kDoc, E::kAlways, "what begins with aws-appmesh and the like is reserved"},
     CheckReserved},
    {{35, "subject-alternative-names", G::kDoc, E::kAlways, "a subject alternative name is a host name or a URI"},
     CheckSubjectAlternativeNames},
    {{35, "client-trust", G::kModel, E::kShape, "a TLS client policy has one kind of trust"}},
    {{36, "listener-tls", G::kModel, E::kShape, "listener TLS has a certificate and a mode; its trust is no acm"}},
    {{37, "arns", G::kDoc, E::kAlways, "certificates of ACM are named by ARNs"}, CheckArns},
    {{37, "certificate-authorities", G::kModel, E::kShape, "1 to 3 certificate authorities are named"}},
    {{38, "files-and-secrets", G::kInferred, E::kAccepted, "files and secrets need not exist"}},
    {{39, "cloud-map-attributes", G::kModel, E::kShape, "keys and values have their patterns"}},
    {{40, "dns-response-type", G::kModel, E::kShape, "responseType is LOADBALANCER or ENDPOINTS"}},
    {{41, "one-log-format", G::kModel, E::kShape, "an access log's format is json or text"}},
    {{41, "json-log-keys", G::kInferred, E::kAlways, "keys of a json format are distinct"}, CheckJsonKeys},
    {{42, "backends-quota", G::kHard, E::kQuota, "a node has no more backends than its quota"}},
    {{43, "names", G::kHard, E::kAlways, "names have 1 to 255 letters, digits, '-', '_'; services '.' too"},
     CheckNames},
    {{43, "pool-sizes", G::kHard, E::kShape, "connection pools have sizes of at least 1"}},
    // The documentation says 36, but no source shows a refusal and some tools' tokens are longer.
    {{0, "client-token", G::kInferred, E::kAlways, "a clientToken has 1 to 64 letters, digits, '-', '_'"},
     CheckClientToken},
    {{0, "mesh-owner", G::kInferred, E::kAlways, "meshOwner is 12 digits"}, CheckMeshOwner},
    {{0, "regex", G::kEnvoy, E::kAlways, "RE2 takes every regex, in at most 1000 instructions"}, CheckRegexes},
    {{0, "access-log-format", G::kEnvoy, E::kAlways, "every supported Envoy knows the command operators"},
     CheckAccessLogFormat},
    {{0, "control-characters", G::kEnvoy, E::kAlways, "no text of a spec has control characters"},
     CheckControlCharacters},
    {{0, "header-names", G::kEnvoy, E::kAlways, "headers and metadata have names of HTTP"}, CheckHeaderNames},
    {{0, "query-parameter-names", G::kEnvoy, E::kAlways, "query parameters have names of 1 to 1024 bytes"},
     CheckQueryParameterNames},
    {{0, "hostnames", G::kEnvoy, E::kAlways, "host names can be ones"}, CheckHostnames},
    {{0, "secret-names", G::kEnvoy, E::kAlways, "secrets have names"}, CheckSecretNames},
    {{0, "outlier-durations", G::kEnvoy, E::kAlways, "durations of outlierDetection are longer than 0"},
     CheckOutlierDurations},
};

bool IsOn(const RuleInfo& rule, bool strict) {
  return rule.enforced == Enforced::kAlways || (strict && rule.enforced == Enforced::kStrict);
}

std::vector<RuleInfo> Infos() {
  std::vector<RuleInfo> infos;
  for (const Rule& rule : kRules) infos.push_back(rule.info);
  return infos;
}

}  // namespace

const std::vector<RuleInfo>& AllRules() {
  static const std::vector<RuleInfo> rules = Infos();
  return rules;
}

std::string_view ToString(Grade grade) {
  switch (grade) {
    case Grade::kHard:
      return "HARD";
    case Grade::kDoc:
      return "DOC";
    case Grade::kModel:
      return "M";
    case Grade::kCli:
      return "CLI";
    case Grade::kInferred:
      return "INF";
    case Grade::kSilent:
      return "silent";
    case Grade::kEnvoy:
      break;
  }
  return "Envoy";
}

std::string_view ToString(Enforced enforced) {
  switch (enforced) {
    case Enforced::kAlways:
      return "always";
    case Enforced::kStrict:
      return "strict";
    case Enforced::kShape:
      return "shape";
    case Enforced::kQuota:
      return "quota";
    case Enforced::kAccepted:
      break;
  }
  return "accepted";
}

void CheckFieldRules(const model::KindDescriptor* kind, const google::protobuf::Message& input, bool strict,
                     std::vector<base::Violation>& violations) {
  const google::protobuf::Message* spec = MessageMember(input, "spec");
  const std::vector<Text> texts = spec == nullptr ? std::vector<Text>() : TextsOf(*spec);
  const Scope scope{kind, input, spec, texts, violations};
  for (const Rule& rule : kRules) {
    if (rule.check != nullptr && IsOn(rule.info, strict)) rule.check(scope);
  }
}

base::Status CheckMeshRules(const Change& change, bool strict) {
  for (const Rule& rule : kRules) {
    if (rule.mesh_check != nullptr && IsOn(rule.info, strict)) CHANCERY_RETURN_IF_ERROR(rule.mesh_check(change));
  }
  return base::Status::Ok();
}

}  // namespace chancery::frontend
