#include "compile/features/matches.h"

#include <string_view>

#include "model/regex.h"

namespace chancery::compile {
namespace {

bool CheckRegex(const std::string& pattern, std::string& why) {
  if (pattern.empty()) {
    why = "a regular expression is empty";
  } else if (const auto broken = model::WhyNoRegex(pattern)) {
    why = "'" + pattern + "' " + *broken;
  }
  return why.empty();
}

bool CheckString(const ir::StringMatch& match, std::string& why) {
  if (match.kind == ir::StringMatch::Kind::kRegex) return CheckRegex(match.value, why);
  if (match.kind != ir::StringMatch::Kind::kExact && match.value.empty()) why = "a prefix or suffix to match is empty";
  return why.empty();
}

// HeaderMatchMethod and the matchers of gRPC metadata have the same members.
template <typename Method>
std::variant<std::monostate, ir::StringMatch, ir::RangeMatch> ToHeaderValue(const Method& method) {
  using Kind = ir::StringMatch::Kind;
  if (method.has_exact()) return ir::StringMatch{Kind::kExact, method.exact()};
  if (method.has_prefix()) return ir::StringMatch{Kind::kPrefix, method.prefix()};
  if (method.has_suffix()) return ir::StringMatch{Kind::kSuffix, method.suffix()};
  if (method.has_regex()) return ir::StringMatch{Kind::kRegex, method.regex()};
  if (method.has_range()) return ir::RangeMatch{method.range().start(), method.range().end()};
  return std::monostate{};
}

template <typename Headers>
void AddHeaders(const Headers& headers, ir::RouteMatch& match, std::string& why) {
  for (const auto& header : headers) {
    ir::HeaderMatch matcher{header.name(), ToHeaderValue(header.match()), header.invert()};
    if (matcher.name.empty() || !IsHeaderText(matcher.name)) why = "a header to match has no usable name";
    if (const auto* text = std::get_if<ir::StringMatch>(&matcher.value)) CheckString(*text, why);
    match.headers.push_back(std::move(matcher));
  }
}

void AddExact(std::string_view name, std::string_view value, ir::RouteMatch& match) {
  match.headers.push_back(
      {std::string(name), ir::StringMatch{ir::StringMatch::Kind::kExact, std::string(value)}, false});
}

std::string_view MethodName(chancery::model::HttpMethod method) {
  switch (method) {
    case chancery::model::HTTP_METHOD_GET:
      return "GET";
    case chancery::model::HTTP_METHOD_HEAD:
      return "HEAD";
    case chancery::model::HTTP_METHOD_POST:
      return "POST";
    case chancery::model::HTTP_METHOD_PUT:
      return "PUT";
    case chancery::model::HTTP_METHOD_DELETE:
      return "DELETE";
    case chancery::model::HTTP_METHOD_CONNECT:
      return "CONNECT";
    case chancery::model::HTTP_METHOD_OPTIONS:
      return "OPTIONS";
    case chancery::model::HTTP_METHOD_TRACE:
      return "TRACE";
    case chancery::model::HTTP_METHOD_PATCH:
      return "PATCH";
    default:
      return "";
  }
}

// What HttpRouteMatch and HttpGatewayRouteMatch share.
template <typename Match>
ir::RouteMatch HttpMatch(const Match& match, std::string& why) {
  ir::RouteMatch result;
  if (match.path().has_exact()) {
    result.kind = ir::RouteMatch::Path::kExact;
    result.path = match.path().exact();
  } else if (match.path().has_regex()) {
    result.kind = ir::RouteMatch::Path::kRegex;
    result.path = match.path().regex();
    CheckRegex(result.path, why);
  } else if (!match.prefix().empty()) {
    result.path = match.prefix();
  }
  if (const std::string_view method = MethodName(match.method()); !method.empty()) AddExact(":method", method, result);
  AddHeaders(match.headers(), result, why);
  for (const auto& parameter : match.query_parameters()) {
    if (parameter.name().empty() || parameter.name().size() > 1024)
      why = "a query parameter to match has no usable name";
    ir::QueryMatch query{parameter.name(), std::nullopt};
    if (parameter.match().has_exact()) query.exact = parameter.match().exact();
    result.query.push_back(std::move(query));
  }
  return result;
}

std::optional<ir::RouteMatch> Unless(const std::string& why, ir::RouteMatch match) {
  if (!why.empty()) return std::nullopt;
  return match;
}

}  // namespace

bool IsHeaderText(std::string_view text) {
  return text.find_first_of(std::string_view("\0\r\n", 3)) == std::string_view::npos;
}

std::optional<ir::RouteMatch> ToMatch(const chancery::model::HttpRouteMatch& match, std::string& why) {
  ir::RouteMatch result = HttpMatch(match, why);
  if (match.has_scheme()) {
    AddExact(":scheme", match.scheme() == chancery::model::HTTP_SCHEME_HTTPS ? "https" : "http", result);
  }
  return Unless(why, std::move(result));
}

std::optional<ir::RouteMatch> ToMatch(const chancery::model::HttpGatewayRouteMatch& match, std::string& why) {
  ir::RouteMatch result = HttpMatch(match, why);
  return Unless(why, std::move(result));
}

std::optional<ir::RouteMatch> ToMatch(const chancery::model::GrpcRouteMatch& match, std::string& why) {
  ir::RouteMatch result;
  result.grpc = true;
  if (!match.service_name().empty()) {
    result.path = "/" + match.service_name() + "/" + match.method_name();
    if (!match.method_name().empty()) result.kind = ir::RouteMatch::Path::kExact;
  }
  AddHeaders(match.metadata(), result, why);
  return Unless(why, std::move(result));
}

std::optional<ir::RouteMatch> ToMatch(const chancery::model::GrpcGatewayRouteMatch& match, std::string& why) {
  ir::RouteMatch result;
  result.grpc = true;
  if (!match.service_name().empty()) result.path = "/" + match.service_name() + "/";
  AddHeaders(match.metadata(), result, why);
  return Unless(why, std::move(result));
}

}  // namespace chancery::compile
