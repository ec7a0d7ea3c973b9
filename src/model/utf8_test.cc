#include "model/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace chancery::model {
namespace {

TEST(Utf8, KnowsWellFormedText) {
  for (const char* text : {"", "a", "é", "\u0800", "\uD7FF", "\uE000", "\U00010000", "\U0010FFFF"}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
  }
  for (const char* text :
       {"\x80", "\xC3", "\xC3z", "\xC0\xAF", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xED\xBF\xBF", "\xE2\x82",
        "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "a\xFE"}) {
    EXPECT_FALSE(IsUtf8(text)) << text;
  }
  EXPECT_TRUE(IsUtf8(std::string_view("\0", 1)));
}

TEST(Utf8, CountsCharacters) {
  EXPECT_EQ(CountCharacters(""), 0u);
  EXPECT_EQ(CountCharacters("aé漢😀"), 4u);
}

TEST(Quoted, CutsBetweenCharacters) {
  EXPECT_EQ(Quoted("a"), "'a'");
  EXPECT_EQ(Quoted(std::string(64, 'x')), "'" + std::string(64, 'x') + "'");
  EXPECT_EQ(Quoted(std::string(63, 'x') + "é"), "'" + std::string(63, 'x') + "...'");
  EXPECT_EQ(Quoted(std::string(62, 'x') + "éz"), "'" + std::string(62, 'x') + "é...'");
  EXPECT_EQ(Quoted("a\nb\x7F"), "'a?b?'");
  EXPECT_EQ(Quoted(std::string(100, '\x80')), "'...'");
}

}  // namespace
}  // namespace chancery::model
