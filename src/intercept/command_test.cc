#include "intercept/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <utility>

#include "cli/command_testing.h"

namespace chancery::intercept {
namespace {

using ::testing::HasSubstr;

cli::Outcome RunCommand(std::vector<std::string> arguments, const std::map<std::string, std::string>& variables = {}) {
  return cli::RunCommand(AddInterceptCommand, "intercept", std::move(arguments), variables);
}

TEST(InterceptCommandTest, PrintsTheRulesOfTheToolThatIsAsked) {
  const cli::Outcome nft = RunCommand({"--print", "--with", "iptables", "--app-ports", "8080", "--ipv6"},
                                      {{"APPMESH_IGNORE_UID", "1337"}, {"APPMESH_APP_PORTS", "9090"}});
  EXPECT_EQ(nft.exit_code, 0) << nft.err;
  EXPECT_THAT(nft.out, HasSubstr("--uid-owner 1337"));
  EXPECT_THAT(nft.out, HasSubstr("8080"));
  EXPECT_THAT(nft.out, ::testing::Not(HasSubstr("9090")));
}

TEST(InterceptCommandTest, AWrongValueIsNamedAndTwo) {
  const cli::Outcome outcome = RunCommand({"--print", "--ignore-uid", "envoy"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("chancery intercept: --ignore-uid: expected a whole number"));
  EXPECT_EQ(outcome.out, "");
}

TEST(InterceptCommandTest, AnOwnerIsRequired) {
  const cli::Outcome outcome = RunCommand({"--print", "--app-ports", "80"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--ignore-uid or --ignore-gid"));
}

TEST(InterceptCommandTest, TheSwitchOfTheInitContainerIsOff) {
  const cli::Outcome outcome = RunCommand({}, {{"APPMESH_IGNORE_UID", "1337"}, {"APPMESH_START_ENABLED", "0"}});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("APPMESH_START_ENABLED is 0"));
}

}  // namespace
}  // namespace chancery::intercept
