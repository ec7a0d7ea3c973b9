#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compile/testing/simulation/call.h"

namespace chancery::compile::testing {

// What an Envoy matches of a header that a request has several times: the values joined by commas, or, since 1.39, each
// of them (envoy.reloadable_features.match_headers_individually), so that one is enough. Headers that Envoy keeps in
// one place, such as content-type, are joined by all; that is not simulated.
enum class RepeatedHeaders : uint8_t { kJoined, kEach };

RepeatedHeaders RepeatedHeadersOf(uint32_t envoys_minor_version);

// A request on its way through a proxy: what routes match on and rewrite.
struct Request {
  std::string method = {};
  std::string scheme = {};
  std::string host = {};
  std::string path = {};  // with the query
  Headers headers = {};   // without pseudo headers

  // The value of `name`, a pseudo header or any other; several are joined with commas.
  std::optional<std::string> Value(std::string_view name) const;
  // What is matched of `name`; nothing when the request does not have it.
  std::vector<std::string> Matched(std::string_view name, RepeatedHeaders repeated) const;
  void Set(std::string_view name, std::string_view value);
  void Remove(std::string_view name);
};

// As the application sends it over the connection, before any proxy has touched it.
Request RequestOf(const Call& call);

// As a connection manager passes it to the routes: with a scheme and x-forwarded-proto, and, where
// it is told to, with the path normalized.
void Prepare(Request& request, bool over_tls, bool normalize_path, bool merge_slashes);

}  // namespace chancery::compile::testing
