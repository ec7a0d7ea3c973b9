#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "compile/testing/simulation/call.h"

namespace chancery::compile::testing {

// A request on its way through a proxy: what routes match on and rewrite.
struct Request {
  std::string method = {};
  std::string scheme = {};
  std::string host = {};
  std::string path = {};  // with the query
  Headers headers = {};   // without pseudo headers

  // The value of `name`, a pseudo header or any other; several are joined with commas.
  std::optional<std::string> Value(std::string_view name) const;
  void Set(std::string_view name, std::string_view value);
  void Remove(std::string_view name);
};

// As the application sends it over the connection, before any proxy has touched it.
Request RequestOf(const Call& call);

// As a connection manager passes it to the routes: with a scheme and x-forwarded-proto, and, where
// it is told to, with the path normalized.
void Prepare(Request& request, bool over_tls, bool normalize_path, bool merge_slashes);

}  // namespace chancery::compile::testing
