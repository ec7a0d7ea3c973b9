#pragma once

#include <string>
#include <string_view>

namespace chancery::model {

// The scalars of the API's JSON, appended to a text. Stateless, thread-safe.

// In quotes, with what JSON must have escaped. REQUIRES: UTF-8.
void AppendJsonText(std::string_view text, std::string& out);

// Seconds with three decimals, never an exponent, which some clients' readers of times do not take
// (contract/api.md §3.3). REQUIRES: finite.
void AppendJsonTime(double seconds, std::string& out);

}  // namespace chancery::model
