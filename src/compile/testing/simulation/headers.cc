#include "compile/testing/simulation/headers.h"

#include <envoy/config/route/v3/route_components.pb.h>

#include <algorithm>
#include <charconv>

#include "compile/testing/simulation/text.h"

namespace chancery::compile::testing {
namespace {

using envoy::config::route::v3::HeaderMatcher;
using envoy::config::route::v3::QueryParameterMatcher;

bool InRange(const envoy::type::v3::Int64Range& range, const std::string& text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && range.start() <= number && number < range.end();
}

}  // namespace

bool Matches(const HeaderMatcher& matcher, const Request& request, RepeatedHeaders repeated) {
  const std::vector<std::string> values = request.Matched(LowerCase(matcher.name()), repeated);
  const bool invert = matcher.invert_match();
  const auto is_there_and = [&](const auto& matches) {
    return !values.empty() && std::ranges::any_of(values, matches) != invert;
  };
  switch (matcher.header_match_specifier_case()) {
    case HeaderMatcher::kStringMatch:
      return is_there_and([&](const std::string& value) { return Matches(matcher.string_match(), value); });
    case HeaderMatcher::kRangeMatch:
      return is_there_and([&](const std::string& value) { return InRange(matcher.range_match(), value); });
    case HeaderMatcher::kPresentMatch:
      return (!values.empty() == matcher.present_match()) != invert;
    default:  // no matcher at all asks for presence; the deprecated ones are not known here (known_fields.cc)
      return !values.empty() != invert;
  }
}

bool Matches(const QueryParameterMatcher& matcher, const Request& request) {
  const std::optional<std::string> value = QueryValue(request.path, matcher.name());
  switch (matcher.query_parameter_match_specifier_case()) {
    case QueryParameterMatcher::kStringMatch:
      return value && Matches(matcher.string_match(), *value);
    case QueryParameterMatcher::kPresentMatch:
      return value.has_value() == matcher.present_match();
    default:
      return value.has_value();
  }
}

bool IsGrpc(const Request& request) {
  const std::string type = request.Value("content-type").value_or("");
  return type == "application/grpc" || type.starts_with("application/grpc+");
}

}  // namespace chancery::compile::testing
