#include "cli/bootstrap_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <map>
#include <utility>

#include "cli/command_testing.h"

namespace chancery::cli {
namespace {

Outcome RunCommand(std::vector<std::string> arguments, const std::map<std::string, std::string>& variables = {}) {
  return RunCommand(AddBootstrapCommand, "bootstrap", std::move(arguments), variables);
}

TEST(BootstrapCommandTest, FlagsOverrideVariables) {
  const Outcome outcome = RunCommand({"--resource-arn", "mesh/m/virtualNode/flag", "--xds", "127.0.0.1:1", "--admin",
                                      "127.0.1.5:9901", "--dns-resolver", "127.0.1.1:53", "--bind-ingress", "127.0.1.5",
                                      "--bind-egress=127.0.1.6", "--bind-application", "127.0.1.7", "--stats-tags"},
                                     {{"APPMESH_RESOURCE_ARN", "mesh/m/virtualNode/variable"},
                                      {"ENVOY_ADMIN_MODE", "uds"},
                                      {"ENVOY_ADMIN_ACCESS_ENABLE_IPV6", "1"}});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  const auto made = boost::json::parse(outcome.out);
  EXPECT_EQ(made.at("node").at("id").as_string(), "mesh/m/virtualNode/flag");
  EXPECT_EQ(made.at("node").at("metadata").at("chancery.bind"),
            boost::json::parse(R"({"ingress": "127.0.1.5", "egress": "127.0.1.6", "application": "127.0.1.7"})"));
  EXPECT_EQ(made.at("admin").at("address"),
            boost::json::parse(R"({"socket_address": {"address": "127.0.1.5", "port_value": 9901}})"));
  EXPECT_EQ(made.at("stats_config").at("stats_tags").at(0).at("fixed_value").as_string(), "m");
}

TEST(BootstrapCommandTest, VariablesAloneAreEnough) {
  const Outcome outcome =
      RunCommand({}, {{"APPMESH_RESOURCE_ARN", "mesh/m/virtualNode/n"}, {"APPMESH_XDS_ENDPOINT", "xds.local:443"}});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
}

TEST(BootstrapCommandTest, MisuseIsOneLineAndTwo) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{}, "chancery bootstrap: --resource-arn (or APPMESH_RESOURCE_ARN) is required\n"},
      {{"--resource-arn", "mesh/m/virtualNode/n"}, "chancery bootstrap: --xds (or APPMESH_XDS_ENDPOINT) is required\n"},
      {{"--xds", "nowhere"}, "chancery bootstrap: --xds: expected HOST:PORT, not 'nowhere'\n"},
      {{"--bind-egress", "localhost"}, "chancery bootstrap: --bind-egress: expected an IP address, not 'localhost'\n"},
      {{"--xds-grpc", "rust"}, "chancery bootstrap: --xds-grpc: expected google or envoy, not 'rust'\n"},
  };
  for (const auto& [arguments, expected] : cases) {
    const Outcome outcome = RunCommand(arguments);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(outcome.err, expected);
    EXPECT_EQ(outcome.out, "");
  }
}

TEST(BootstrapCommandTest, WarningsGoToStderr) {
  const Outcome outcome = RunCommand({"--resource-arn", "mesh/m/virtualNode/n", "--xds", "h:1"},
                                     {{"ENVOY_CONFIG_FILE", "/etc/envoy.yaml"}});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, testing::HasSubstr("ENVOY_CONFIG_FILE has no effect"));
}

}  // namespace
}  // namespace chancery::cli
