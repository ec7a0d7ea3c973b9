#include "agent/envoy_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <utility>
#include <vector>

#include "cli/command_testing.h"

namespace chancery::agent {
namespace {

using testing::HasSubstr;

cli::Outcome RunCommand(std::vector<std::string> arguments, const std::map<std::string, std::string>& variables) {
  return cli::RunCommand(AddEnvoyCommand, "envoy", std::move(arguments), variables);
}

TEST(EnvoyCommandTest, MisuseIsOneLineAndTwo) {
  struct Case {
    std::vector<std::string> arguments;
    std::map<std::string, std::string> variables;
    const char* expected;
  };
  const std::vector<std::string> enough = {"--resource-arn", "mesh/m/virtualNode/n", "--xds", "127.0.0.1:1"};
  for (const Case& test : std::vector<Case>{
           {{"--envoy", "/nowhere"}, {}, "chancery envoy: --envoy: /nowhere is no program that can be run\n"},
           {{}, {{"PATH", "/nowhere"}}, "chancery envoy: --envoy: envoy is not in PATH\n"},
           {{"--envoy", "/bin/true"}, {}, "chancery envoy: --resource-arn (or APPMESH_RESOURCE_ARN) is required\n"},
           {{"--envoy", "/bin/true", "--xds-tls-ca", "/nowhere/ca.pem"},
            {},
            "chancery envoy: --xds-tls-ca (or CHANCERY_XDS_TLS_CA): /nowhere/ca.pem: No such file or directory\n"},
           {{"--envoy", "/bin/true"},
            {{"ENVOY_CONFIG_FILE", "/nowhere/envoy.yaml"}},
            "chancery envoy: ENVOY_CONFIG_FILE: /nowhere/envoy.yaml: No such file or directory\n"},
           {{},
            {{"APPMESH_SDS_SOCKET_PATH", "s.sock"}},
            "chancery envoy: APPMESH_SDS_SOCKET_PATH: expected an absolute path, or @NAME for an abstract socket, not "
            "'s.sock'\n"},
           {{},
            {{"ENVOY_CONCURRENCY", "-2"}},
            "chancery envoy: ENVOY_CONCURRENCY: expected a whole number from 1 to 1024, or 0 or -1 for Envoy's own "
            "choice, not '-2'\n"},
           {{},
            {{"HC_POLL_INTERVAL_MS", "1"}},
            "chancery envoy: HC_POLL_INTERVAL_MS: expected whole milliseconds from 2000 to 30000, not '1'\n"},
           {{"--drain-wait", "4"}, {}, "chancery envoy: --drain-wait: expected whole seconds from 5 to 110, not '4'\n"},
           {{},
            {{"APPMESH_XDS_ENDPOINT", "nowhere"}},
            "chancery envoy: APPMESH_XDS_ENDPOINT: expected HOST:PORT, not 'nowhere'\n"}}) {
    const cli::Outcome outcome = RunCommand(test.arguments, test.variables);
    EXPECT_EQ(outcome.exit_code, 2) << test.expected;
    EXPECT_EQ(outcome.err, test.expected);
  }
}

TEST(EnvoyCommandTest, ReadinessOfNobodyIsOne) {
  const cli::Outcome outcome = RunCommand({"--readiness", "--api", "unix:/nowhere/agent.sock"},
                                          {{"APPNET_AGENT_POLL_ENVOY_READINESS_TIMEOUT_S", "0"}});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("chancery envoy: GET /status: "));
}

}  // namespace
}  // namespace chancery::agent
