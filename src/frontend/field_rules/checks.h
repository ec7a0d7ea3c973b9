#pragma once

#include <chancery/model/gateway_route.pb.h>
#include <chancery/model/route.pb.h>
#include <google/protobuf/message.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "frontend/field_rules.h"
#include "model/kind.h"

// The checks that the table of field rules names, by subject, each in the file of that name. Private
// to frontend/field_rules. Each is pure and tells what it refuses; a member that is absent or that
// the shapes refuse is none of its business.
namespace chancery::frontend::field_rules {

// A string of a spec: its path, such as spec.listeners[0].healthCheck.path, and what it is.
struct Text {
  std::string path;
  const google::protobuf::FieldDescriptor* field;
  std::string value;
};
// Every string below `spec` that is set.
std::vector<Text> TextsOf(const google::protobuf::Message& spec);

struct Scope {
  const model::KindDescriptor* kind;  // null for the tag operations
  const google::protobuf::Message& input;
  const google::protobuf::Message* spec;  // null when there is none
  const std::vector<Text>& texts;         // of the spec
  std::vector<base::Violation>& violations;

  void Refuse(std::string path, std::string text) const {
    if (violations.size() < kMaxViolations) violations.push_back({std::move(path), std::move(text)});
  }

  // The spec, when it is of that type.
  template <typename Spec>
  const Spec* SpecAs() const {
    return spec == nullptr ? nullptr : google::protobuf::DynamicCastToGenerated<const Spec>(spec);
  }
};

using Check = void (*)(const Scope& scope);

// Calls visit("spec.httpRoute", route) for each kind of route that is set, of either sort of spec.
template <typename Visit>
void ForEachHttpRoute(const Scope& scope, const Visit& visit) {
  const auto both = [&visit](const auto& spec) {
    if (spec.has_http_route()) visit("spec.httpRoute", spec.http_route());
    if (spec.has_http2_route()) visit("spec.http2Route", spec.http2_route());
  };
  if (const auto* route = scope.SpecAs<model::RouteSpec>()) both(*route);
  if (const auto* route = scope.SpecAs<model::GatewayRouteSpec>()) both(*route);
}

// requests.cc
void CheckNames(const Scope& scope);
void CheckClientToken(const Scope& scope);
void CheckMeshOwner(const Scope& scope);

// listeners.cc
void CheckServiceDiscovery(const Scope& scope);
void CheckPoolProtocol(const Scope& scope);
void CheckTimeoutProtocol(const Scope& scope);
void CheckGrpcHealthCheck(const Scope& scope);
void CheckHealthCheckPath(const Scope& scope);
void CheckHealthCheckPort(const Scope& scope);
void CheckListenerPorts(const Scope& scope);

// routes.cc
void CheckOneRouteKind(const Scope& scope);
void CheckWeights(const Scope& scope);
void CheckRoutePrefix(const Scope& scope);
void CheckPrefixOrPath(const Scope& scope);
void CheckPath(const Scope& scope);
void CheckMethodName(const Scope& scope);
void CheckRanges(const Scope& scope);
void CheckQueryParameters(const Scope& scope);
void CheckScheme(const Scope& scope);
void CheckRetryEvents(const Scope& scope);
void CheckHttpRetryEvents(const Scope& scope);

// gateways.cc
void CheckGrpcGatewayMatch(const Scope& scope);
void CheckHostnameMatch(const Scope& scope);
void CheckRewrite(const Scope& scope);
void CheckReserved(const Scope& scope);

// tls.cc
void CheckSubjectAlternativeNames(const Scope& scope);
void CheckArns(const Scope& scope);
void CheckSecretNames(const Scope& scope);

// envoy.cc
void CheckRegexes(const Scope& scope);
void CheckControlCharacters(const Scope& scope);
void CheckHeaderNames(const Scope& scope);
void CheckQueryParameterNames(const Scope& scope);
void CheckHostnames(const Scope& scope);
void CheckOutlierDurations(const Scope& scope);

// access_log.cc
void CheckJsonKeys(const Scope& scope);
void CheckAccessLogFormat(const Scope& scope);

}  // namespace chancery::frontend::field_rules
