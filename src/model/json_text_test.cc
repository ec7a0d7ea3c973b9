#include "model/json_text.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>

namespace chancery::model {
namespace {

std::string Text(std::string_view text) {
  std::string out = "x";
  AppendJsonText(text, out);
  return out.substr(1);
}

std::string Time(double seconds) {
  std::string out = "x";
  AppendJsonTime(seconds, out);
  return out.substr(1);
}

TEST(JsonText, IsWhatTheLibraryWritesForEveryByte) {
  EXPECT_EQ(Text(""), R"("")");
  EXPECT_EQ(Text("node-1.ä€"), R"("node-1.ä€")");
  EXPECT_EQ(Text("a\"b\\c\n"), R"("a\"b\\c\n")");
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text = std::string("a") + static_cast<char>(byte) + "b";
    EXPECT_EQ(Text(text), boost::json::serialize(boost::json::string_view(text.data(), text.size()))) << byte;
  }
}

TEST(JsonTime, HasThreeDecimalsForEveryMillisecond) {
  EXPECT_EQ(Time(0), "0.000");
  EXPECT_EQ(Time(0.009), "0.009");
  EXPECT_EQ(Time(253402300799.999), "253402300799.999");
  EXPECT_EQ(Time(-1.5), "-1.500");
  EXPECT_EQ(Time(1e15), "1000000000000000.000");
  for (int64_t ms = 1'764'000'000'000; ms < 1'764'000'010'000; ++ms) {
    const double seconds = static_cast<double>(ms) / 1000;
    ASSERT_EQ(Time(seconds), fmt::format("{:.3f}", seconds));
  }
}

}  // namespace
}  // namespace chancery::model
