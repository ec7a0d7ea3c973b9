#pragma once

#include <boost/json/value.hpp>
#include <string>

#include "base/result.h"

namespace chancery::cli {

// YAML (JSON is a part of it) as a JSON tree, by the rules by which Envoy reads it: quoted scalars are strings; what
// looks like a bool or a 32-bit integer is one, a larger integer is its decimal text, all else a string. At most
// 100,000 nodes, aliases counted where they are used, and 100 levels. kBadRequest says why not.
base::Result<boost::json::value> ParseYaml(const std::string& text);

}  // namespace chancery::cli
