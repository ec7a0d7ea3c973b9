#pragma once

#include <string>
#include <vector>

#include "compile/compile.h"

namespace chancery::compile::testing {

// The members of listeners, chains, routes and matchers in `config` that the simulation does not know:
// one that it passed over in silence would make its answers wrong. Empty when it knows all.
std::vector<std::string> FieldsNotSimulated(const ProxyConfig& config);

}  // namespace chancery::compile::testing
