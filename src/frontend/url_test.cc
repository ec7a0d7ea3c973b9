#include "frontend/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "frontend/page_token.h"

namespace chancery::frontend {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(Url, PathsAreSplitRaw) {
  EXPECT_THAT(SplitPath("/a/b%2Fc/"), ElementsAre("a", "b%2Fc", ""));
  EXPECT_THAT(SplitPath("/"), ElementsAre(""));
  EXPECT_THAT(SplitPath("//a"), ElementsAre("", "a"));
}

TEST(Url, QueriesAreSplitRaw) {
  EXPECT_THAT(SplitQuery(""), IsEmpty());
  EXPECT_THAT(SplitQuery("a=1&&b&c=x=y%26"), ElementsAre(Pair("a", "1"), Pair("b", ""), Pair("c", "x=y%26")));
}

TEST(Url, PercentDecoding) {
  EXPECT_EQ(PercentDecode("my%20mesh%2Fx%401+~"), "my mesh/x@1+~");
  EXPECT_EQ(PercentDecode("%c3%A9"), "é");
  for (std::string_view bad : {"%", "%2", "%zz", "a%", "%ff", "%c3", "%C0%80", "%ED%A0%80", "%F5%80%80%80"}) {
    EXPECT_EQ(PercentDecode(bad), std::nullopt) << bad;
  }
}

TEST(Url, Base64UrlThereAndBack) {
  for (std::string_view text : {"", "a", "ab", "abc", "abcd", "\xFF\xFE\x00\x7F"}) {
    EXPECT_EQ(FromBase64Url(ToBase64Url(text)), text);
  }
  EXPECT_EQ(ToBase64Url("\xFB\xFF"), "-_8");
  for (std::string_view bad : {"A", "AB=", "A+B/", "-_9"}) EXPECT_EQ(FromBase64Url(bad), std::nullopt) << bad;
}

TEST(PageToken, BelongsToItsList) {
  const std::string token = ToPageToken("list", "name");
  EXPECT_EQ(*ParsePageToken("list", token), "name");
  EXPECT_FALSE(ParsePageToken("other", token));
  EXPECT_FALSE(ParsePageToken("list", ToPageToken("list", "")));
}

}  // namespace
}  // namespace chancery::frontend
