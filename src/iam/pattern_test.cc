#include "iam/pattern.h"

#include <gtest/gtest.h>

#include "iam/actions.h"

namespace chancery::iam {
namespace {

Pattern Parsed(std::string_view text) { return *Pattern::Parse(text, {.wildcards = true, .variables = true}); }

bool Like(std::string_view pattern, std::string_view text) { return Parsed(pattern).Matches(text, {}); }

bool Names(std::string_view pattern, std::string_view arn) { return Parsed(pattern).MatchesResource(arn, {}); }

TEST(Pattern, Wildcards) {
  EXPECT_TRUE(Like("", ""));
  EXPECT_FALSE(Like("", "a"));
  EXPECT_TRUE(Like("*", ""));
  EXPECT_TRUE(Like("a*b*c", "aXbbXc"));
  EXPECT_FALSE(Like("a*b*c", "aXbbXcd"));
  EXPECT_TRUE(Like("*aab", "aaaaab"));
  EXPECT_FALSE(Like("?", ""));
  EXPECT_TRUE(Like("a**?", "ab"));
  EXPECT_TRUE(Like("*x", "a:b/x"));
}

TEST(Pattern, AQuestionMarkIsOneCharacterAndNotOneByte) {
  EXPECT_TRUE(Like("?", "€"));
  EXPECT_FALSE(Like("??", "€"));
  EXPECT_FALSE(Like("*??", "€"));
  EXPECT_TRUE(Like("*??", "a€"));
  EXPECT_TRUE(Like("?", "\xFF")) << "a byte that is no character counts as one";
}

TEST(Pattern, WildcardsOfResourcesAndColons) {
  EXPECT_TRUE(Names("a:*", "a:b:c/d")) << "the last character of the last segment";
  EXPECT_TRUE(Names("a:*:d", "a:b:c:d")) << "the last character of a segment";
  EXPECT_FALSE(Names("a:*c:d", "a:b:c:d")) << "not the last character";
  EXPECT_FALSE(Names("a?b", "a:b"));
  EXPECT_TRUE(Names("a:b*d/?", "a:bc/d/e"));
  EXPECT_TRUE(Names("*:b*c:d", "x:y:bb:bac:d")) << "a wide star gives way to a narrow one behind it";
}

TEST(Pattern, HardPatternsEnd) {
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "*a";
  EXPECT_FALSE(Like(pattern + "b", std::string(2000, 'a')));
  EXPECT_FALSE(Names("*:" + pattern + "b", std::string(2000, 'a')));
}

TEST(Pattern, ArnsPartByPart) {
  EXPECT_TRUE(Parsed("arn:*:sns:*:*:x?z").MatchesArn("arn:aws:sns:::x:z", {}));
  EXPECT_FALSE(Parsed("arn:aws:sns:*:x").MatchesArn("arn:aws:sns:r:1:x", {})) << "five parts";
  EXPECT_FALSE(Parsed("arn:aws:sns:*:*:*").MatchesArn("arn:aws:sns:r:1", {})) << "five parts";
}

TEST(Pattern, MalformedVariablesAreRefused) {
  for (const char* bad : {"${", "a${b", "${}", "${aws}", "${:x}", "${aws:}", "${aws: x}", "${aws:x, y}", "${aws:x, '}",
                          "${aws:x,}", "${**}"}) {
    EXPECT_FALSE(Pattern::Parse(bad, {.wildcards = true, .variables = true})) << bad;
    EXPECT_TRUE(Pattern::Parse(bad, {.wildcards = true})) << bad << ": text in version 2008-10-17";
  }
}

TEST(Actions, AreFortyTwo) {
  for (size_t i = 0; i < kActionCount; ++i) {
    EXPECT_EQ(ActionNumber(ActionName(i)), i);
    EXPECT_EQ(ActionsMatching(ActionName(i)).count(), 1u) << ActionName(i);
  }
  EXPECT_TRUE(ActionsMatching("*").all());
  EXPECT_TRUE(ActionsMatching("appmesh:*").all());
  EXPECT_EQ(ActionsMatching("appmesh:Describe*").count(), 7u);
  EXPECT_EQ(ActionsMatching("appmesh:*Mesh").count(), 4u);
  EXPECT_EQ(ActionsMatching("appmesh:*MeshPolicy").count(), 3u);
  EXPECT_TRUE(ActionsMatching("appmes:*").none());
  EXPECT_TRUE(ActionsMatching("s3:*").none());
}

}  // namespace
}  // namespace chancery::iam
