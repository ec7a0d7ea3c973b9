#include "cli/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace chancery::cli {
namespace {

namespace json = boost::json;

TEST(YamlTest, ScalarsAsEnvoyReadsThem) {
  const auto tree = ParseYaml(R"(
a: 1
b: "1"
c: true
d: 'true'
e: 1.5
f: 5s
g: 4294967296
h:
i: [x, {y: 0x10}]
)");
  ASSERT_TRUE(tree);
  EXPECT_EQ(*tree, json::parse(R"({"a": 1, "b": "1", "c": true, "d": "true", "e": "1.5", "f": "5s",
                                   "g": "4294967296", "h": null, "i": ["x", {"y": 16}]})"));
}

TEST(YamlTest, JsonIsYaml) {
  const auto tree = ParseYaml(R"({"a": {"b": ["c", 2, false]}})");
  ASSERT_TRUE(tree);
  EXPECT_EQ(*tree, json::parse(R"({"a": {"b": ["c", 2, false]}})"));
}

TEST(YamlTest, WhatIsTooMuchOrNoYamlIsAnError) {
  EXPECT_FALSE(ParseYaml("a: [1"));
  EXPECT_FALSE(ParseYaml("{? [1] : 2}"));
  EXPECT_FALSE(ParseYaml(std::string(150, '[') + std::string(150, ']')));
  // Ten aliases in each of ten levels are 10^10 nodes.
  std::string bomb = "a0: &a0 [x]\n";
  for (int i = 1; i < 10; ++i) {
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) bomb += "*a" + std::to_string(i - 1) + ", ";
    bomb += "x]\n";
  }
  EXPECT_FALSE(ParseYaml(bomb));
}

}  // namespace
}  // namespace chancery::cli
