#pragma once

#include <cstdint>
#include <string>
#include <tuple>

#include "compile/ir.h"

namespace chancery::compile {

// The order in which routes are tried: explicit priorities first (0 is the highest), then those
// without; then the more particular path: exact, regex, longer prefix; then by path and name, so
// that the order is the same whatever order they were read in (contract/envoy.md §2.4, §2.7).
struct RouteOrder {
  static constexpr int32_t kWithoutPriority = INT32_MAX;

  int32_t priority = kWithoutPriority;
  ir::RouteMatch::Path kind = ir::RouteMatch::Path::kPrefix;
  size_t length = 0;
  std::string path;
  std::string name;

  bool operator<(const RouteOrder& other) const {
    return std::tie(priority, kind, other.length, path, name) <
           std::tie(other.priority, other.kind, length, other.path, other.name);
  }
};

inline RouteOrder OrderOf(const ir::RouteMatch& match, int32_t priority, const std::string& name) {
  return {priority, match.kind, match.path.size(), match.path, name};
}

}  // namespace chancery::compile
