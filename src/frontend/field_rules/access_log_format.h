#pragma once

#include <string>
#include <string_view>

namespace chancery::frontend::field_rules {

// What the Envoys that we support refuse in an access log's format string, or "" when they take it:
// an Envoy refuses the whole listener otherwise (contract/envoy.md §7.1). Only what every supported
// Envoy knows passes. Pure; linear in the length of the format.
std::string FaultOfLogFormat(std::string_view format);

}  // namespace chancery::frontend::field_rules
