#include "compile/testing/simulation/request.h"

#include "compile/testing/simulation/outcome.h"
#include "compile/testing/simulation/text.h"

namespace chancery::compile::testing {

RepeatedHeaders RepeatedHeadersOf(uint32_t envoys_minor_version) {
  return envoys_minor_version >= 39 ? RepeatedHeaders::kEach : RepeatedHeaders::kJoined;
}

std::optional<std::string> Request::Value(std::string_view name) const {
  if (name == ":method") return method;
  if (name == ":scheme") return scheme;
  if (name == ":authority" || name == "host") return host;
  if (name == ":path") return path;
  std::optional<std::string> joined;
  for (const auto& [key, value] : headers) {
    if (key != name) continue;
    joined = joined ? *joined + "," + value : value;
  }
  return joined;
}

std::vector<std::string> Request::Matched(std::string_view name, RepeatedHeaders repeated) const {
  std::vector<std::string> values;
  if (repeated == RepeatedHeaders::kEach) {
    for (const auto& [key, value] : headers) {
      if (key == name) values.push_back(value);
    }
  }
  // Pseudo headers are not among them.
  if (values.empty()) {
    if (auto joined = Value(name)) values.push_back(*std::move(joined));
  }
  return values;
}

void Request::Set(std::string_view name, std::string_view value) {
  Remove(name);
  headers.emplace_back(name, value);
}

void Request::Remove(std::string_view name) {
  std::erase_if(headers, [&](const auto& header) { return header.first == name; });
}

Request RequestOf(const Call& call) {
  Request request{.method = call.method, .scheme = call.scheme, .host = call.host, .path = call.path};
  for (const auto& [name, value] : call.headers) request.headers.emplace_back(LowerCase(name), value);
  return request;
}

void Prepare(Request& request, bool over_tls, bool normalize_path, bool merge_slashes) {
  const auto is_scheme = [](const std::string& text) { return text == "http" || text == "https"; };
  const std::string forwarded = LowerCase(HeaderOf(request.headers, "x-forwarded-proto"));
  if (request.scheme.empty()) request.scheme = is_scheme(forwarded) ? forwarded : (over_tls ? "https" : "http");
  if (!request.Value("x-forwarded-proto")) request.Set("x-forwarded-proto", over_tls ? "https" : "http");
  if (normalize_path) request.path = Normalized(request.path, merge_slashes);
}

}  // namespace chancery::compile::testing
