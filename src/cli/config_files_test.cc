#include "cli/config_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <map>

#include "cli/bootstrap.h"

namespace chancery::cli {
namespace {

namespace json = boost::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ConfigFilesTest : public testing::Test {
 protected:
  ConfigFilesTest() { std::filesystem::create_directories(directory_); }
  ~ConfigFilesTest() override { std::filesystem::remove_all(directory_); }

  // A file with `text`; its path.
  std::string Write(const std::string& text) {
    const std::string path = directory_ / (std::to_string(++written_) + ".yaml");
    std::ofstream(path) << text;
    return path;
  }

  base::Result<std::string> MakeText(std::map<std::string, std::string> variables) {
    variables.try_emplace("APPMESH_RESOURCE_ARN", "mesh/m/virtualNode/n");
    variables.try_emplace("APPMESH_XDS_ENDPOINT", "127.0.0.1:1");
    auto options = FromEnvironment([&](const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
    });
    if (!options) return options.error();
    CHANCERY_RETURN_IF_ERROR(ReadFiles(*options));
    warnings_.clear();
    return MakeBootstrap(*options, warnings_);
  }

  json::object Make(std::map<std::string, std::string> variables) {
    auto text = MakeText(std::move(variables));
    EXPECT_TRUE(text) << (text ? "" : text.error().message);
    return text ? json::parse(*text).as_object() : json::object();
  }

  std::string ErrorOf(std::map<std::string, std::string> variables) {
    auto text = MakeText(std::move(variables));
    return text ? "" : text.error().message;
  }

  const std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("config_files_test." + std::to_string(getpid()));
  int written_ = 0;
  std::vector<std::string> warnings_;
};

TEST_F(ConfigFilesTest, ResourcesAreAppended) {
  const json::object made = Make({{"APPMESH_SDS_SOCKET_PATH", "/run/s.sock"}, {"ENVOY_RESOURCES_CONFIG_FILE", Write(R"(
staticResources:
  clusters:
  - name: mine
  listeners: [{name: mine}]
)")}});
  EXPECT_EQ(made.at("static_resources").at("clusters").as_array().size(), 2U);
  EXPECT_EQ(made.at("static_resources").at("clusters").at(1), json::parse(R"({"name": "mine"})"));
  EXPECT_EQ(made.at("static_resources").at("listeners"), json::parse(R"([{"name": "mine"}])"));
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(ConfigFilesTest, OtherMembersReplaceAndThatIsAWarning) {
  const std::string path = Write("admin: {address: {pipe: {path: /a}}}\nwatchdogs: {}\n");
  const json::object made = Make({{"ENVOY_RESOURCES_CONFIG_FILE", path}});
  EXPECT_EQ(made.at("admin"), json::parse(R"({"address": {"pipe": {"path": "/a"}}})"));
  EXPECT_THAT(warnings_, ElementsAre("ENVOY_RESOURCES_CONFIG_FILE: admin replaces the generated one"));
}

TEST_F(ConfigFilesTest, ATracerOfTheUsersTakesThePlaceOfTheGeneratedOne) {
  const std::string path = Write("tracing: {http: {name: mine}}\nstatic_resources: {clusters: [{name: c}]}\n");
  const json::object made = Make({{"ENABLE_ENVOY_JAEGER_TRACING", "1"}, {"ENVOY_TRACING_CFG_FILE", path}});
  EXPECT_EQ(made.at("tracing"), json::parse(R"({"http": {"name": "mine"}})"));
  EXPECT_EQ(made.at("static_resources"), json::parse(R"({"clusters": [{"name": "c"}]})"));
}

TEST_F(ConfigFilesTest, StatsAndSinksToo) {
  const std::string config = Write("stats_config: {use_all_default_tags: false}\n");
  const std::string sinks = Write("stats_sinks: [{name: a}, {name: b}]\n");
  const json::object made = Make(
      {{"ENABLE_ENVOY_DOG_STATSD", "1"}, {"ENVOY_STATS_CONFIG_FILE", config}, {"ENVOY_STATS_SINKS_CFG_FILE", sinks}});
  EXPECT_EQ(made.at("stats_config"), json::parse(R"({"use_all_default_tags": false})"));
  EXPECT_EQ(made.at("stats_sinks"), json::parse(R"([{"name": "a"}, {"name": "b"}])"));
}

TEST_F(ConfigFilesTest, WhatContradictsNamesVariableAndRule) {
  const std::string tracing = Write("tracing: {}\n");
  EXPECT_THAT(ErrorOf({{"ENVOY_TRACING_CFG_FILE", tracing}, {"ENVOY_RESOURCES_CONFIG_FILE", tracing}}),
              HasSubstr("ENVOY_RESOURCES_CONFIG_FILE: " + tracing + " tracing is given more than once"));
  EXPECT_THAT(ErrorOf({{"ENABLE_ENVOY_XRAY_TRACING", "1"}, {"ENVOY_RESOURCES_CONFIG_FILE", tracing}}),
              HasSubstr("tracing is given more than once"));
  EXPECT_THAT(ErrorOf({{"ENVOY_STATS_SINKS_CFG_FILE", tracing}}), HasSubstr("has no stats_sinks"));
  EXPECT_THAT(ErrorOf({{"ENVOY_TRACING_CFG_FILE", "/nowhere"}}),
              HasSubstr("ENVOY_TRACING_CFG_FILE: /nowhere cannot be read"));
  EXPECT_THAT(ErrorOf({{"ENVOY_TRACING_CFG_FILE", Write("")}}), HasSubstr("is empty"));
  EXPECT_THAT(ErrorOf({{"ENVOY_TRACING_CFG_FILE", Write("- 1")}}), HasSubstr("must be a mapping"));
  EXPECT_THAT(ErrorOf({{"ENVOY_STATS_CONFIG_FILE", Write("stats_config: {}\nstatsConfig: {}\n")}}),
              HasSubstr("has stats_config twice"));
  EXPECT_THAT(ErrorOf({{"ENVOY_RESOURCES_CONFIG_FILE", Write("static_resources: {clusters: 1}")}}),
              HasSubstr("clusters must be a list"));
  EXPECT_THAT(ErrorOf({{"ENVOY_RESOURCES_CONFIG_FILE", Write(std::string((1 << 20) + 1, '#'))}}),
              HasSubstr("is larger than 1 MiB"));
}

TEST_F(ConfigFilesTest, SamplingRulesAreReadIntoTheBootstrap) {
  const std::string rules = R"({"version": 2, "default": {"fixed_target": 3, "rate": 0.5}, "rules": []})";
  const json::object made = Make({{"ENABLE_ENVOY_XRAY_TRACING", "1"}, {"XRAY_SAMPLING_RULE_MANIFEST", Write(rules)}});
  const json::value& config = made.at("tracing").at("http").at("typed_config");
  EXPECT_EQ(config.at("sampling_rule_manifest").at("inline_string").as_string(), rules);
  const std::string old = Write(R"({"version": 1})");
  EXPECT_THAT(ErrorOf({{"ENABLE_ENVOY_XRAY_TRACING", "1"}, {"XRAY_SAMPLING_RULE_MANIFEST", old}}),
              HasSubstr("XRAY_SAMPLING_RULE_MANIFEST: " + old + " must have version 2"));
}

}  // namespace
}  // namespace chancery::cli
