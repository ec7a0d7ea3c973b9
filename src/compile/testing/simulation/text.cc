#include "compile/testing/simulation/text.h"

#include <envoy/type/matcher/v3/string.pb.h>
#include <re2/re2.h>

#include <algorithm>
#include <vector>

namespace chancery::compile::testing {
namespace {

using envoy::type::matcher::v3::StringMatcher;

bool IsUnreserved(int c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Escapes of unreserved characters undone, backslashes turned.
std::string Unescaped(std::string_view path) {
  std::string plain;
  for (size_t i = 0; i < path.size(); ++i) {
    const bool escape =
        path[i] == '%' && i + 2 < path.size() && HexValue(path[i + 1]) >= 0 && HexValue(path[i + 2]) >= 0;
    const int value = escape ? HexValue(path[i + 1]) * 16 + HexValue(path[i + 2]) : -1;
    if (escape && IsUnreserved(value)) {
      plain += static_cast<char>(value);
      i += 2;
    } else {
      plain += path[i] == '\\' ? '/' : path[i];
    }
  }
  return plain;
}

// Dot segments resolved. A path that ends in one ends in a slash.
std::string WithoutDots(std::string_view path) {
  std::vector<std::string_view> segments;
  size_t begin = path.starts_with('/') ? 1 : 0;
  while (begin <= path.size()) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view segment = path.substr(begin, end - begin);
    const bool last = end == path.size();
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (segment != ".") {
      segments.push_back(segment);
    }
    if (last && (segment == "." || segment == "..")) segments.emplace_back();
    begin = end + 1;
  }
  std::string result;
  for (const std::string_view segment : segments) result.append("/").append(segment);
  return result.empty() ? "/" : result;
}

std::string WithoutDoubleSlashes(std::string_view path) {
  std::string result;
  for (const char c : path) {
    if (c != '/' || !result.ends_with('/')) result += c;
  }
  return result;
}

bool MatchesFolded(const StringMatcher& matcher, std::string_view text) {
  const auto fold = [&](std::string_view value) {
    return matcher.ignore_case() ? LowerCase(value) : std::string(value);
  };
  const std::string value = fold(text);
  switch (matcher.match_pattern_case()) {
    case StringMatcher::kExact:
      return value == fold(matcher.exact());
    case StringMatcher::kPrefix:
      return value.starts_with(fold(matcher.prefix()));
    case StringMatcher::kSuffix:
      return value.ends_with(fold(matcher.suffix()));
    case StringMatcher::kContains:
      return value.find(fold(matcher.contains())) != std::string::npos;
    default:
      return false;
  }
}

}  // namespace

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool FullMatch(const std::string& regex, std::string_view text) {
  const re2::RE2 compiled(regex, re2::RE2::Quiet);
  return compiled.ok() && re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), compiled);
}

bool Matches(const StringMatcher& matcher, std::string_view text) {
  if (matcher.has_safe_regex()) return FullMatch(matcher.safe_regex().regex(), text);
  return MatchesFolded(matcher, text);
}

std::string_view PathOf(std::string_view target) { return target.substr(0, target.find_first_of("?#")); }

std::string_view QueryOf(std::string_view target) { return target.substr(PathOf(target).size()); }

std::optional<std::string> QueryValue(std::string_view target, std::string_view name) {
  std::string_view query = QueryOf(target);
  query = query.substr(0, query.find('#'));
  while (!query.empty()) {
    query.remove_prefix(1);
    const std::string_view pair = query.substr(0, query.find('&'));
    const size_t equals = pair.find('=');
    if (pair.substr(0, equals) == name) {
      return std::string(equals == std::string_view::npos ? "" : pair.substr(equals + 1));
    }
    query.remove_prefix(pair.size());
  }
  return std::nullopt;
}

std::string Normalized(std::string_view target, bool merge_slashes) {
  std::string path = WithoutDots(Unescaped(PathOf(target)));
  if (merge_slashes) path = WithoutDoubleSlashes(path);
  return path + std::string(QueryOf(target));
}

}  // namespace chancery::compile::testing
