#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace chancery::xds {

// Those of `names` that occur in a NACK's `message` as whole words, sorted. A place in the message counts
// for the longest name that stands there: `cds_a` is not blamed by `cds_a_b` or `cds_a.local`. Pure.
std::vector<std::string> Blamed(std::string_view message, const std::vector<std::string_view>& names);

}  // namespace chancery::xds
