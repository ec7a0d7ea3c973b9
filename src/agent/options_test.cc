#include "agent/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "cli/bootstrap.h"

namespace chancery::agent {
namespace {

using testing::ElementsAre;

base::Result<AgentOptions> From(const std::map<std::string, std::string>& variables) {
  AgentOptions options;
  CHANCERY_RETURN_IF_ERROR(cli::ApplyEnvironment(
      AgentSettings(),
      [&](const std::string& name) {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
      },
      options));
  return options;
}

// Variables with their range: what is on its ends is taken, what is beyond is an error that names both.
TEST(AgentOptionsTest, RangesHoldAndErrorsNameThem) {
  struct Range {
    const char* variable;
    int min;
    int max;
    const char* expected;
  };
  for (const Range& range :
       std::vector<Range>{{"APPNET_ENVOY_RESTART_COUNT", 0, 10, "a whole number from 0 to 10"},
                          {"PID_POLL_INTERVAL_MS", 100, 1000, "whole milliseconds from 100 to 1000"},
                          {"HC_POLL_INTERVAL_MS", 2000, 30000, "whole milliseconds from 2000 to 30000"},
                          {"HC_DISCONNECTED_TIMEOUT_S", 3600, 604800, "whole seconds from 3600 to 604800"},
                          {"LISTENER_DRAIN_WAIT_TIME_S", 5, 110, "whole seconds from 5 to 110"},
                          {"APPNET_AGENT_HTTP_PORT", 1, 65535, "a whole number from 1 to 65535"},
                          {"APPNET_AGENT_LOGGING_RESET_TIMEOUT", 1, 86400, "whole seconds from 1 to 86400"},
                          {"APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S", 0, 3600, "whole seconds from 0 to 3600"},
                          {"APPNET_AGENT_POLL_ENVOY_READINESS_TIMEOUT_S", 0, 86400, "whole seconds from 0 to 86400"},
                          {"APPNET_AGENT_MAX_RETENTION_COUNT", 0, 1000, "a whole number from 0 to 1000"}}) {
    EXPECT_TRUE(From({{range.variable, std::to_string(range.min)}})) << range.variable;
    EXPECT_TRUE(From({{range.variable, std::to_string(range.max)}})) << range.variable;
    for (const std::string& bad : {std::to_string(range.min - 1), std::to_string(range.max + 1), std::string("many")}) {
      const auto options = From({{range.variable, bad}});
      ASSERT_FALSE(options) << range.variable << "=" << bad;
      EXPECT_EQ(options.error().message,
                std::string(range.variable) + ": expected " + range.expected + ", not '" + bad + "'");
    }
  }
}

TEST(AgentOptionsTest, OtherBadValuesNameTheirVariable) {
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"ENVOY_LOG_LEVEL", "loud"},
                                                        {"ENVOY_CONCURRENCY", "two"},
                                                        {"DISABLE_HOT_RESTART", "maybe"},
                                                        {"APPNET_AGENT_ADMIN_MODE", "http"},
                                                        {"APPNET_AGENT_HTTP_BIND_ADDRESS", "localhost"},
                                                        {"APPNET_ENVOY_LOG_NAME", "../x"},
                                                        {"APPNET_AGENT_MAX_LOG_FILE_SIZE", "0"},
                                                        {"ENABLE_STATS_SNAPSHOT", "on"}}) {
    const auto options = From({{name, value}});
    ASSERT_FALSE(options) << name;
    EXPECT_THAT(options.error().message, testing::StartsWith(name + ": expected "));
  }
}

TEST(AgentOptionsTest, TheCommandLineIsTheAppMeshAgents) {
  EXPECT_THAT(EnvoyArguments(AgentOptions(), "/b.json"),
              ElementsAre("-c", "/b.json", "-l", "info", "--drain-time-s", "20", "--disable-hot-restart",
                          "--skip-deprecated-logs"));
  auto options = From({{"ENVOY_LOG_LEVEL", "DEBUG"},
                       {"ENVOY_CONCURRENCY", "2"},
                       {"LISTENER_DRAIN_WAIT_TIME_S", "7"},
                       {"DISABLE_HOT_RESTART", "0"},
                       {"ENVOY_SKIP_DEPRECATED_LOGS", "false"}});
  ASSERT_TRUE(options);
  options->envoy_arguments = {"--base-id", "3"};
  EXPECT_THAT(EnvoyArguments(*options, "/b.json"), ElementsAre("-c", "/b.json", "-l", "debug", "--concurrency", "2",
                                                               "--drain-time-s", "7", "--base-id", "3"));
}

TEST(AgentOptionsTest, TheApiIsWhereTheVariablesSay) {
  EXPECT_EQ(ApiAddress(AgentOptions()), "127.0.0.1:9902");
  auto options = From({{"APPNET_AGENT_HTTP_BIND_ADDRESS", "[::]"}, {"APPNET_AGENT_HTTP_PORT", "99"}});
  ASSERT_TRUE(options);
  EXPECT_EQ(ApiAddress(*options), "[::]:99");
  EXPECT_EQ(ApiEndpoint(*options), (cli::Endpoint{"::1", 99, ""}));
  options = From({{"APPNET_AGENT_ADMIN_MODE", "UDS"}, {"APPNET_AGENT_ADMIN_UDS_PATH", "/tmp/agent.sock"}});
  ASSERT_TRUE(options);
  EXPECT_EQ(ApiAddress(*options), "unix:/tmp/agent.sock");
  EXPECT_EQ(ApiEndpoint(*options), (cli::Endpoint{"", 0, "/tmp/agent.sock"}));
}

// `chancery bootstrap` knows every variable of ours as one that steers `chancery envoy`.
TEST(AgentOptionsTest, EveryVariableIsKnownToTheBootstrapToo) {
  std::set<std::string_view> known;
  for (const cli::UnusedVariable& unused : cli::UnusedVariables()) known.insert(unused.name);
  for (const AgentSetting& setting : AgentSettings()) {
    for (const std::string_view name : setting.variables) EXPECT_TRUE(known.contains(name)) << name;
  }
}

TEST(AgentOptionsTest, NoFlagIsAlsoOneOfTheBootstrap) {
  std::set<std::string_view> flags;
  for (const cli::Setting& setting : cli::Settings()) flags.insert(setting.flag);
  for (const AgentSetting& setting : AgentSettings()) {
    EXPECT_TRUE(setting.flag.empty() || flags.insert(setting.flag).second) << setting.flag;
  }
}

}  // namespace
}  // namespace chancery::agent
