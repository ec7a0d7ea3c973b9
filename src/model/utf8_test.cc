#include "model/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace chancery::model {
namespace {

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
  EXPECT_EQ(Quoted("abc\nd", 4), "'abc?...'");
  EXPECT_EQ(Quoted(std::string(100, '\x80')), "'...'");
}

}  // namespace
}  // namespace chancery::model
