#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/address.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/program.h"
#include "base/random.h"
#include "base/result.h"
#include "base/utf8.h"

namespace chancery::base {
namespace {

Result<int> Half(int value) {
  if (value % 2 != 0) return Error{Code::kBadRequest, "odd", {}};
  return value / 2;
}

Status Quarter(int value) {
  CHANCERY_RETURN_IF_ERROR(Half(value));
  return Status::Ok();
}

TEST(Result, HoldsAValueOrAnError) {
  EXPECT_EQ(*Half(4), 2);
  ASSERT_FALSE(Half(3));
  EXPECT_EQ(Half(3).error().code, Code::kBadRequest);
  EXPECT_FALSE(Quarter(3));
  EXPECT_TRUE(Quarter(4));
}

TEST(ResultDeathTest, ReadingTheWrongSideEndsTheProcess) { EXPECT_DEATH(static_cast<void>(*Half(3)), "CHECK failed"); }

TEST(Error, PrintsEveryViolation) {
  const Error error{Code::kBadRequest, "invalid request", {{"spec.a", "is required"}, {"spec.b", "must be 1..10"}}};
  EXPECT_EQ(ToString(error), "invalid request: spec.a is required; spec.b must be 1..10");
}

TEST(Hash, IsSha256CutTo128Bits) {
  EXPECT_EQ(HashOf("abc").ToHex(), "ba7816bf8f01cfea414140de5dae2223");
  EXPECT_NE(HashOf("abc"), HashOf("abd"));
}

TEST(Program, IsFoundOrSaysThatItIsNone) {
  EXPECT_EQ(*FindProgram("sh", "/nowhere::/bin"), "/bin/sh");
  EXPECT_EQ(*FindProgram("/bin/sh", ""), "/bin/sh");
  EXPECT_EQ(FindProgram("no-such-envoy", "/bin").error().message, "no-such-envoy is not in PATH");
  EXPECT_TRUE(FindProgram("/etc/passwd", "").error().message.ends_with("is no program that can be run"));
  EXPECT_TRUE(FindProgram("/bin/", "").error().message.ends_with("is no program that can be run"));
}

TEST(Uuid, IsVersion4AndDiffers) {
  const std::regex pattern("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  const std::string first = NewUuid();
  EXPECT_TRUE(std::regex_match(first, pattern)) << first;
  EXPECT_NE(first, NewUuid());
}

TEST(Uuid, IsNoOthersThoughThreadsKeepAStock) {
  constexpr size_t kEach = 1000;
  std::array<std::vector<std::string>, 4> made;
  std::vector<std::jthread> threads;
  for (auto& mine : made) {
    threads.emplace_back([&mine] { std::generate_n(std::back_inserter(mine), kEach, NewUuid); });
  }
  threads.clear();
  std::set<std::string> all;
  for (const auto& mine : made) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), made.size() * kEach);
}

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

TEST(Utf8, MeasuresTheFirstCharacter) {
  EXPECT_EQ(Utf8Length("az"), 1u);
  EXPECT_EQ(Utf8Length("éz"), 2u);
  EXPECT_EQ(Utf8Length("漢z"), 3u);
  EXPECT_EQ(Utf8Length("😀z"), 4u);
  EXPECT_EQ(Utf8Length("\xA9z"), 0u);
}

TEST(Address, KnowsIpAddresses) {
  for (const char* text : {"127.0.0.1", "0.0.0.0", "::", "::1", "fe80::1", "::ffff:10.0.0.1"}) {
    EXPECT_TRUE(IsIpAddress(text)) << text;
  }
  for (const char* text : {"", "localhost", "127.1", "256.0.0.1", "[::1]", "127.0.0.1 ", "127.0.0.1:80", "::1%lo"}) {
    EXPECT_FALSE(IsIpAddress(text)) << text;
  }
  EXPECT_FALSE(IsIpAddress(std::string("127.0.0.1\0x", 11)));
}

TEST(HostPortTest, IsJoinedAsItIsSplit) {
  EXPECT_EQ(JoinHostPort("::1", 80), "[::1]:80");
  EXPECT_EQ(JoinHostPort("127.0.0.1", 80), "127.0.0.1:80");
  EXPECT_EQ(JoinHostPort("name", 65535), "name:65535");
}

TEST(Address, SplitsHostAndPort) {
  const auto split = [](std::string_view text) {
    const std::optional<HostPort> parts = SplitHostPort(text);
    return parts ? parts->host + " " + std::to_string(parts->port) : "none";
  };
  EXPECT_EQ(split("127.0.0.1:80"), "127.0.0.1 80");
  EXPECT_EQ(split("name.local:65535"), "name.local 65535");
  EXPECT_EQ(split("[::1]:0"), "::1 0");
  for (const char* text :
       {"",        ":",       "name",        "name:",  ":80",   "name:65536", "name:+1",        "name:-1",
        "name: 1", "name:1x", "name:000080", "::1:80", "[::1]", "[name]:80",  "[127.0.0.1]:80", "[]:80",
        "a b:80",  "a/b:80",  "na\nme:80",   "[::1:80"}) {
    EXPECT_EQ(split(text), "none") << text;
  }
}

}  // namespace
}  // namespace chancery::base
