#include "model/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cmath>
#include <cstdint>
#include <iterator>

#include "base/check.h"

namespace chancery::model {
namespace {

// The end of the year 9999: what the API takes as a time is below it.
constexpr double kEndOfTime = 253'402'300'800;

bool IsPlain(char c) { return static_cast<uint8_t>(c) >= 0x20 && c != '"' && c != '\\'; }

}  // namespace

void AppendJsonText(std::string_view text, std::string& out) {
  // Nearly every text; a serializer for each costs more than all the rest of an answer.
  if (std::ranges::all_of(text, IsPlain)) {
    out.append(1, '"').append(text).append(1, '"');
  } else {
    out += boost::json::serialize(boost::json::string_view(text.data(), text.size()));
  }
}

void AppendJsonTime(double seconds, std::string& out) {
  CHANCERY_CHECK(std::isfinite(seconds));
  if (seconds < 0 || seconds >= kEndOfTime) {
    fmt::format_to(std::back_inserter(out), "{:.3f}", seconds);
    return;
  }
  // Times are whole milliseconds; as integers they are written several times faster.
  const int64_t ms = std::llround(seconds * 1000);
  fmt::format_to(std::back_inserter(out), "{}.{:03}", ms / 1000, ms % 1000);
}

}  // namespace chancery::model
