#include "iam/condition_value.h"

#include <gtest/gtest.h>

namespace chancery::iam {
namespace {

TEST(ConditionValue, Numbers) {
  EXPECT_EQ(ParseNumber("10"), 10);
  EXPECT_EQ(ParseNumber("-1.5"), -1.5);
  EXPECT_EQ(ParseNumber("1e3"), 1000);
  for (const char* bad : {"", " 1", "1 ", "1x", "inf", "nan", "0x10", "1e999", "--1", "1,5"}) {
    EXPECT_EQ(ParseNumber(bad), std::nullopt) << bad;
  }
}

TEST(ConditionValue, Dates) {
  EXPECT_EQ(ParseDate("1970"), 0);
  EXPECT_EQ(ParseDate("1970-02"), 31 * 86400.0);
  EXPECT_EQ(ParseDate("1970-01-02"), 86400);
  EXPECT_EQ(ParseDate("2024-02-29T12:30:15.5Z"), 1709209815.5);
  EXPECT_EQ(ParseDate("2026-01-01T02:00+02:00"), ParseDate("2026-01-01"));
  EXPECT_EQ(ParseDate("2025-12-31T19:00-05:00"), ParseDate("2026-01-01"));
  EXPECT_EQ(ParseDate("1767268800"), ParseDate("2026-01-01T12:00:00Z"));
  EXPECT_EQ(ParseDate("-1"), -1);
  EXPECT_EQ(ParseDate("12345"), 12345);
  for (const char* bad : {"",
                          "-",
                          "202",
                          "0000",
                          "2026-13",
                          "2026-02-29",
                          "2026-1-1",
                          "2026-01-01T",
                          "2026-01-01T10",
                          "2026-01-01T10:00",
                          "2026-01-01T24:00Z",
                          "2026-01-01T10:60Z",
                          "2026-01-01T10:00:60Z",
                          "2026-01-01T10:00:00.Z",
                          "2026-01-01T10:00:00Zx",
                          "2026-01-01T10:00+0200",
                          "2026-01-01 10:00Z",
                          "2026*",
                          "1234567890123",
                          "noon"}) {
    EXPECT_EQ(ParseDate(bad), std::nullopt) << bad;
  }
}

bool Holds(const char* network, const char* host) { return ParseNetwork(network)->Contains(*ParseNetwork(host)); }

TEST(ConditionValue, Networks) {
  EXPECT_TRUE(Holds("10.0.0.0/8", "10.255.255.255"));
  EXPECT_FALSE(Holds("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(Holds("10.1.2.3/8", "10.0.0.1")) << "bits behind the prefix do not count";
  EXPECT_TRUE(Holds("192.0.2.1", "192.0.2.1"));
  EXPECT_FALSE(Holds("192.0.2.1", "192.0.2.0"));
  EXPECT_TRUE(Holds("192.0.2.0/31", "192.0.2.1"));
  EXPECT_TRUE(Holds("0.0.0.0/0", "255.1.1.1"));
  EXPECT_FALSE(Holds("0.0.0.0/0", "::1"));
  EXPECT_FALSE(Holds("::/0", "10.0.0.1"));
  EXPECT_TRUE(Holds("10.0.0.0/8", "::ffff:10.0.0.1"));
  EXPECT_TRUE(Holds("2001:db8::/33", "2001:db8:7fff::"));
  EXPECT_FALSE(Holds("2001:db8::/33", "2001:db8:8000::"));
  EXPECT_FALSE(Holds("10.0.0.0/8", "10.0.0.0/16")) << "a range is no host";
  for (const char* bad :
       {"", "/8", "10.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "::/129", "[::1]", "1.2.3.4.5",
        "fe80::1%eth0", "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001/1"}) {
    EXPECT_FALSE(ParseNetwork(bad)) << bad;
  }
}

TEST(ConditionValue, Base64) {
  EXPECT_EQ(FromBase64(""), "");
  EXPECT_EQ(FromBase64("aA=="), "h");
  EXPECT_EQ(FromBase64("aGU="), "he");
  EXPECT_EQ(FromBase64("aGVs"), "hel");
  EXPECT_EQ(FromBase64("//79"), "\xFF\xFE\xFD");
  for (const char* bad : {"a", "aG", "aGVsbA", "a=Vs", "a===", "====", "-_79", "aGV\n"}) {
    EXPECT_EQ(FromBase64(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace chancery::iam
