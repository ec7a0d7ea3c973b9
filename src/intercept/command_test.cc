#include "intercept/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>

namespace chancery::intercept {
namespace {

using ::testing::HasSubstr;

struct Outcome {
  int exit_code = -1;
  std::string out;
  std::string err;
};

Outcome RunCommand(std::vector<std::string> arguments, std::map<std::string, std::string> variables = {}) {
  std::ostringstream out;
  std::ostringstream err;
  Outcome outcome;
  CLI::App app("test");
  AddInterceptCommand(app,
                      {out, err,
                       [&](const std::string& name) {
                         const auto found = variables.find(name);
                         return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
                       }},
                      &outcome.exit_code);
  arguments.insert(arguments.begin(), "intercept");
  std::reverse(arguments.begin(), arguments.end());
  app.parse(std::move(arguments));
  outcome.out = out.str();
  outcome.err = err.str();
  return outcome;
}

TEST(InterceptCommandTest, PrintsTheRulesOfTheToolThatIsAsked) {
  const Outcome nft = RunCommand({"--print", "--with", "iptables", "--app-ports", "8080", "--ipv6"},
                                 {{"APPMESH_IGNORE_UID", "1337"}, {"APPMESH_APP_PORTS", "9090"}});
  EXPECT_EQ(nft.exit_code, 0) << nft.err;
  EXPECT_THAT(nft.out, HasSubstr("--uid-owner 1337"));
  EXPECT_THAT(nft.out, HasSubstr("8080"));
  EXPECT_THAT(nft.out, ::testing::Not(HasSubstr("9090")));
}

TEST(InterceptCommandTest, AWrongValueIsNamedAndTwo) {
  const Outcome outcome = RunCommand({"--print", "--ignore-uid", "envoy"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("chancery intercept: --ignore-uid: expected a whole number"));
  EXPECT_EQ(outcome.out, "");
}

TEST(InterceptCommandTest, AnOwnerIsRequired) {
  const Outcome outcome = RunCommand({"--print", "--app-ports", "80"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--ignore-uid or --ignore-gid"));
}

TEST(InterceptCommandTest, TheSwitchOfTheInitContainerIsOff) {
  const Outcome outcome = RunCommand({}, {{"APPMESH_IGNORE_UID", "1337"}, {"APPMESH_START_ENABLED", "0"}});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("APPMESH_START_ENABLED is 0"));
}

}  // namespace
}  // namespace chancery::intercept
