#pragma once

#include <string>
#include <vector>

#include "compile/compile.h"

namespace chancery::compile::testing {

// Test support: what holds for every configuration whatever the model says, because Envoy would
// refuse it otherwise (contract/envoy.md §7.1) or traffic would be lost. Returns what is broken.
std::vector<std::string> BrokenInvariants(const ProxyConfig& config);

}  // namespace chancery::compile::testing
