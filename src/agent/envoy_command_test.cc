#include "agent/envoy_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>
#include <vector>

namespace chancery::agent {
namespace {

using testing::HasSubstr;

struct Outcome {
  int exit_code = -1;
  std::string err;
};

Outcome RunCommand(std::vector<std::string> arguments, std::map<std::string, std::string> variables) {
  std::ostringstream out;
  std::ostringstream err;
  Outcome outcome;
  CLI::App app("test");
  const auto environment = [&](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
  };
  AddEnvoyCommand(app, {out, err, environment}, &outcome.exit_code);
  arguments.insert(arguments.begin(), "envoy");
  std::reverse(arguments.begin(), arguments.end());
  app.parse(std::move(arguments));
  outcome.err = err.str();
  return outcome;
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
           {{},
            {{"HC_POLL_INTERVAL_MS", "1"}},
            "chancery envoy: HC_POLL_INTERVAL_MS: expected whole milliseconds from 2000 to 30000, not '1'\n"},
           {{"--drain-wait", "4"}, {}, "chancery envoy: --drain-wait: expected whole seconds from 5 to 110, not '4'\n"},
           {{},
            {{"APPMESH_XDS_ENDPOINT", "nowhere"}},
            "chancery envoy: APPMESH_XDS_ENDPOINT: expected HOST:PORT, not 'nowhere'\n"}}) {
    const Outcome outcome = RunCommand(test.arguments, test.variables);
    EXPECT_EQ(outcome.exit_code, 2) << test.expected;
    EXPECT_EQ(outcome.err, test.expected);
  }
}

TEST(EnvoyCommandTest, ReadinessOfNobodyIsOne) {
  const Outcome outcome = RunCommand({"--readiness", "--api", "unix:/nowhere/agent.sock"},
                                     {{"APPNET_AGENT_POLL_ENVOY_READINESS_TIMEOUT_S", "0"}});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("chancery envoy: GET /status: "));
}

}  // namespace
}  // namespace chancery::agent
