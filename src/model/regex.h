#pragma once

#include <optional>
#include <string>

namespace chancery::model {

// The rule that the regular expression breaks, as text that goes on after its name; nothing when every Envoy takes it:
// RE2 reads it, in at most as many instructions as our bootstraps allow (re2.max_program_size.error_level,
// contract/envoy.md §1.2). Thread-safe.
std::optional<std::string> WhyNoRegex(const std::string& pattern);

}  // namespace chancery::model
