// Routes, and what gateway routes have in common with them: matches, weights, retries.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <type_traits>

#include "frontend/field_rules/checks.h"
#include "frontend/reflect.h"

namespace chancery::frontend::field_rules {
namespace {

using google::protobuf::Message;
using model::Kind;

constexpr std::array<std::string_view, 4> kHttpRetryEvents = {"server-error", "gateway-error", "client-error",
                                                              "stream-error"};

// Calls visit(path, header or metadata entry) in every kind of route.
template <typename Visit>
void ForEachHeader(const Scope& scope, const Visit& visit) {
  const auto each = [&visit](const std::string& path, const auto& list) {
    for (int i = 0; i < list.size(); ++i) visit(fmt::format("{}[{}]", path, i), list.Get(i));
  };
  ForEachHttpRoute(scope, [&each](const std::string& path, const auto& route) {
    each(path + ".match.headers", route.match().headers());
  });
  if (const auto* route = scope.SpecAs<model::RouteSpec>()) {
    each("spec.grpcRoute.match.metadata", route->grpc_route().match().metadata());
  }
  if (const auto* route = scope.SpecAs<model::GatewayRouteSpec>()) {
    each("spec.grpcRoute.match.metadata", route->grpc_route().match().metadata());
  }
}

// Calls visit(path, retry policy).
template <typename Visit>
void ForEachRetryPolicy(const Scope& scope, const Visit& visit) {
  const auto* route = scope.SpecAs<model::RouteSpec>();
  if (route == nullptr) return;
  const auto one = [&visit](const char* member, const auto& of) {
    if (of.has_retry_policy()) visit(fmt::format("spec.{}.retryPolicy", member), of.retry_policy());
  };
  one("httpRoute", route->http_route());
  one("http2Route", route->http2_route());
  one("grpcRoute", route->grpc_route());
}

}  // namespace

void CheckOneRouteKind(const Scope& scope) {
  if (scope.kind == nullptr || scope.spec == nullptr) return;
  if (scope.kind->kind != Kind::kRoute && scope.kind->kind != Kind::kGatewayRoute) return;
  std::vector<std::string_view> known;
  int set = 0;
  for (std::string_view member : {"httpRoute", "http2Route", "grpcRoute", "tcpRoute"}) {
    if (FindMember(*scope.spec, member) == nullptr) continue;
    known.push_back(member);
    if (MessageMember(*scope.spec, member) != nullptr) ++set;
  }
  if (set != 1) scope.Refuse("spec", fmt::format("must have exactly one of {}", fmt::join(known, ", ")));
}

void CheckWeights(const Scope& scope) {
  const auto* route = scope.SpecAs<model::RouteSpec>();
  if (route == nullptr) return;
  const auto check = [&scope](std::string_view member, const auto& targets) {
    int64_t sum = 0;
    for (const model::WeightedTarget& target : targets) sum += target.weight();
    if (sum <= 100) return;
    scope.Refuse(fmt::format("spec.{}.action.weightedTargets", member),
                 fmt::format("must have weights that sum to at most 100, not {}", sum));
  };
  check("httpRoute", route->http_route().action().weighted_targets());
  check("http2Route", route->http2_route().action().weighted_targets());
  check("grpcRoute", route->grpc_route().action().weighted_targets());
  check("tcpRoute", route->tcp_route().action().weighted_targets());
}

void CheckRoutePrefix(const Scope& scope) {
  if (scope.SpecAs<model::RouteSpec>() == nullptr) return;
  ForEachHttpRoute(scope, [&scope](const std::string& path, const auto& route) {
    if (!route.match().has_prefix() || route.match().prefix().starts_with('/')) return;
    scope.Refuse(path + ".match.prefix", "must begin with '/'");
  });
}

void CheckPrefixOrPath(const Scope& scope) {
  ForEachHttpRoute(scope, [&scope](const std::string& path, const auto& route) {
    if (route.match().has_prefix() && route.match().has_path()) {
      scope.Refuse(path + ".match", "must not have both prefix and path");
    }
  });
}

void CheckPath(const Scope& scope) {
  ForEachHttpRoute(scope, [&scope](const std::string& path, const auto& route) {
    if (!route.match().has_path()) return;
    const model::HttpPathMatch& match = route.match().path();
    if (match.has_exact() == match.has_regex()) {
      scope.Refuse(path + ".match.path", "must have exactly one of exact, regex");
    }
    if (match.has_exact() && !match.exact().starts_with('/')) {
      scope.Refuse(path + ".match.path.exact", "must begin with '/'");
    }
  });
}

void CheckMethodName(const Scope& scope) {
  const auto* route = scope.SpecAs<model::RouteSpec>();
  if (route == nullptr) return;
  const model::GrpcRouteMatch& match = route->grpc_route().match();
  if (!match.has_method_name() || !match.service_name().empty()) return;
  scope.Refuse("spec.grpcRoute.match.serviceName", "is required where there is a methodName");
}

void CheckRanges(const Scope& scope) {
  ForEachHeader(scope, [&scope](const std::string& path, const auto& header) {
    if (!header.match().has_range()) return;
    const model::MatchRange& range = header.match().range();
    if (range.end() > range.start()) return;
    scope.Refuse(path + ".match.range", "must have an end greater than its start");
  });
}

void CheckQueryParameters(const Scope& scope) {
  ForEachHttpRoute(scope, [&scope](const std::string& path, const auto& route) {
    for (int i = 0; i < route.match().query_parameters_size(); ++i) {
      const model::HttpQueryParameter& parameter = route.match().query_parameters(i);
      if (!parameter.has_match() || parameter.match().has_exact()) continue;
      scope.Refuse(fmt::format("{}.match.queryParameters[{}].match", path, i), "must have exact");
    }
  });
}

void CheckScheme(const Scope& scope) {
  const auto* route = scope.SpecAs<model::RouteSpec>();
  if (route == nullptr || !route->http_route().match().has_scheme()) return;
  scope.Refuse("spec.httpRoute.match.scheme", "is for http2Route only");
}

void CheckRetryEvents(const Scope& scope) {
  ForEachRetryPolicy(scope, [&scope](const std::string& path, const auto& policy) {
    int events = policy.http_retry_events_size() + policy.tcp_retry_events_size();
    if constexpr (std::is_same_v<std::decay_t<decltype(policy)>, model::GrpcRetryPolicy>) {
      events += policy.grpc_retry_events_size();
    }
    if (events == 0) scope.Refuse(path, "must have at least one retry event");
  });
}

void CheckHttpRetryEvents(const Scope& scope) {
  ForEachRetryPolicy(scope, [&scope](const std::string& path, const auto& policy) {
    for (int i = 0; i < policy.http_retry_events_size(); ++i) {
      const std::string& event = policy.http_retry_events(i);
      if (std::find(kHttpRetryEvents.begin(), kHttpRetryEvents.end(), event) != kHttpRetryEvents.end()) continue;
      scope.Refuse(fmt::format("{}.httpRetryEvents[{}]", path, i),
                   fmt::format("must be one of {}", fmt::join(kHttpRetryEvents, ", ")));
    }
  });
}

}  // namespace chancery::frontend::field_rules
