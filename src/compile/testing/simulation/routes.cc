#include "compile/testing/simulation/routes.h"

#include <envoy/config/route/v3/route_components.pb.h>
#include <re2/re2.h>

#include <algorithm>

#include "compile/testing/simulation/headers.h"
#include "compile/testing/simulation/text.h"

namespace chancery::compile::testing {
namespace {

using envoy::config::core::v3::HeaderValueOption;
using envoy::config::route::v3::Route;
using envoy::config::route::v3::RouteAction;
using envoy::config::route::v3::RouteMatch;

constexpr int64_t kDefaultTimeoutMillis = 15'000;

bool MatchesPath(const RouteMatch& match, std::string_view path) {
  switch (match.path_specifier_case()) {
    case RouteMatch::kPrefix:
      return path.starts_with(match.prefix());
    case RouteMatch::kPath:
      return path == match.path();
    case RouteMatch::kSafeRegex:
      return FullMatch(match.safe_regex().regex(), path);
    default:
      return false;
  }
}

bool Takes(const RouteMatch& match, const Request& request, RepeatedHeaders repeated) {
  if (!MatchesPath(match, PathOf(request.path)) || (match.has_grpc() && !IsGrpc(request))) return false;
  return std::ranges::all_of(match.headers(), [&](const auto& each) { return Matches(each, request, repeated); }) &&
         std::ranges::all_of(match.query_parameters(), [&](const auto& each) { return Matches(each, request); });
}

int64_t ToMillis(const google::protobuf::Duration& duration) {
  return duration.seconds() * 1000 + duration.nanos() / 1'000'000;
}

void AddHeader(const HeaderValueOption& option, Request& request) {
  const std::string name = LowerCase(option.header().key());
  const bool present = request.Value(name).has_value();
  switch (option.append_action()) {
    case HeaderValueOption::OVERWRITE_IF_EXISTS_OR_ADD:
      return request.Set(name, option.header().value());
    case HeaderValueOption::ADD_IF_ABSENT:
      if (!present) request.Set(name, option.header().value());
      return;
    case HeaderValueOption::OVERWRITE_IF_EXISTS:
      if (present) request.Set(name, option.header().value());
      return;
    default:
      request.headers.emplace_back(name, option.header().value());
  }
}

// The path under a rewrite: of a prefix its matched part is replaced, of an exact path or a regular
// expression the whole; the query stays.
std::string RewrittenPath(const Route& route, const std::string& target) {
  const std::string path(PathOf(target));
  const std::string query(QueryOf(target));
  const RouteAction& action = route.route();
  if (action.has_regex_rewrite()) {
    std::string rewritten = path;
    re2::RE2::GlobalReplace(&rewritten, action.regex_rewrite().pattern().regex(),
                            action.regex_rewrite().substitution());
    return rewritten + query;
  }
  const bool prefix = route.match().has_prefix();
  return action.prefix_rewrite() + (prefix ? path.substr(route.match().prefix().size()) : "") + query;
}

void RewritePath(const Route& route, Request& request) {
  if (route.route().prefix_rewrite().empty() && !route.route().has_regex_rewrite()) return;
  request.Set("x-envoy-original-path", request.path);
  request.path = RewrittenPath(route, request.path);
}

void RewriteHost(const RouteAction& action, Request& request) {
  if (action.host_rewrite_literal().empty()) return;
  if (action.host_rewrite_literal() != request.host) request.Set("x-envoy-original-host", request.host);
  request.host = action.host_rewrite_literal();
}

}  // namespace

int ChooseRoute(const envoy::config::route::v3::VirtualHost& host, const Request& request, RepeatedHeaders repeated) {
  for (int i = 0; i < host.routes_size(); ++i) {
    if (Takes(host.routes(i).match(), request, repeated)) return i;
  }
  return -1;
}

std::vector<Choice> ChoicesOf(const Route& route) {
  const RouteAction& action = route.route();
  if (action.has_cluster()) return {{.cluster = action.cluster()}};
  std::vector<Choice> choices;
  for (const auto& target : action.weighted_clusters().clusters()) {
    choices.push_back({.cluster = target.name(), .weight = target.weight().value()});
  }
  return choices;
}

void Rewrite(const Route& route, Request& request) {
  for (const std::string& name : route.request_headers_to_remove()) request.Remove(LowerCase(name));
  for (const HeaderValueOption& option : route.request_headers_to_add()) AddHeader(option, request);
  RewriteHost(route.route(), request);
  RewritePath(route, request);
}

void SetLimits(const Route& route, int64_t stream_idle_millis, Hop& hop) {
  const RouteAction& action = route.route();
  hop.timeout_millis = action.has_timeout() ? ToMillis(action.timeout()) : kDefaultTimeoutMillis;
  hop.idle_millis = action.has_idle_timeout() ? ToMillis(action.idle_timeout()) : stream_idle_millis;
  if (!action.has_retry_policy() || action.retry_policy().retry_on().empty()) return;
  hop.retry_on = action.retry_policy().retry_on();
  // Envoy's default is one; 0 is taken as it is said.
  hop.retries = action.retry_policy().has_num_retries() ? action.retry_policy().num_retries().value() : 1;
  hop.per_try_millis = ToMillis(action.retry_policy().per_try_timeout());
}

}  // namespace chancery::compile::testing
