#include "intercept/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace chancery::intercept {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

base::Result<InterceptOptions> Read(std::map<std::string, std::string> variables) {
  return FromEnvironment([&](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
  });
}

// What the Kubernetes controller gives the init container.
TEST(InterceptOptionsTest, VariablesOfTheInitContainer) {
  const auto options = Read({{"APPMESH_START_ENABLED", "1"},
                             {"APPMESH_IGNORE_UID", "1337"},
                             {"APPMESH_IGNORE_GID", "1338"},
                             {"APPMESH_ENVOY_INGRESS_PORT", "15010"},
                             {"APPMESH_ENVOY_EGRESS_PORT", "15011"},
                             {"APPMESH_APP_PORTS", "8080,80, 8080"},
                             {"APPMESH_EGRESS_IGNORED_IP", "169.254.170.2,169.254.169.254,10.0.0.0/8,::1/128"},
                             {"APPMESH_EGRESS_IGNORED_PORTS", "2049"},
                             {"APPMESH_ENABLE_IPV6", "1"}});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->ignore_uid, 1337U);
  EXPECT_EQ(options->ignore_gid, 1338U);
  EXPECT_EQ(options->ingress_port, 15010);
  EXPECT_EQ(options->egress_port, 15011);
  EXPECT_THAT(options->app_ports, ElementsAre(80, 8080));
  EXPECT_THAT(options->ignored_ips, ElementsAre(Network{"10.0.0.0/8", false}, Network{"169.254.169.254", false},
                                                Network{"169.254.170.2", false}, Network{"::1", true}));
  EXPECT_THAT(options->ignored_ports, ElementsAre(22, 2049));
  EXPECT_TRUE(options->ipv6);
  EXPECT_TRUE(options->enabled);
  EXPECT_TRUE(Check(*options));
}

TEST(InterceptOptionsTest, EmptyAndAbsentVariablesLeaveDefaults) {
  const auto options = Read({{"APPMESH_APP_PORTS", ""}, {"APPMESH_IGNORE_UID", ""}});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->ignore_uid, std::nullopt);
  EXPECT_EQ(options->ingress_port, 15000);
  EXPECT_EQ(options->egress_port, 15001);
  EXPECT_THAT(options->ignored_ports, ElementsAre(22));
  EXPECT_FALSE(options->ipv6);
}

TEST(InterceptOptionsTest, PortZeroIsNoPort) {
  const auto options = Read({{"APPMESH_APP_PORTS", "0"}});
  ASSERT_TRUE(options);
  EXPECT_TRUE(options->app_ports.empty());
}

TEST(InterceptOptionsTest, AValueThatIsNotRightIsNamed) {
  for (const auto& [variable, value] : std::map<std::string, std::string>{{"APPMESH_IGNORE_UID", "envoy"},
                                                                          {"APPMESH_IGNORE_GID", "4294967295"},
                                                                          {"APPMESH_ENVOY_INGRESS_PORT", "0"},
                                                                          {"APPMESH_ENVOY_EGRESS_PORT", "65536"},
                                                                          {"APPMESH_APP_PORTS", "80;443"},
                                                                          {"APPMESH_EGRESS_IGNORED_PORTS", "22,-1"},
                                                                          {"APPMESH_EGRESS_IGNORED_IP", "10.0.0.0/33"},
                                                                          {"APPMESH_ENABLE_IPV6", "yes please"},
                                                                          {"APPMESH_START_ENABLED", "2"}}) {
    const auto options = Read({{variable, value}});
    ASSERT_FALSE(options) << variable;
    EXPECT_THAT(options.error().message, StartsWith(variable + ": expected "));
  }
}

// A text that is not checked would be a rule of somebody else's making.
TEST(InterceptOptionsTest, AnAddressIsNoPlaceForRules) {
  for (const char* text : {"1.2.3.4 } accept #", "1.2.3.4\n", "host.example.com", "1.2.3.4/24/8", "/8", "1.2.3.4/"}) {
    EXPECT_FALSE(Read({{"APPMESH_EGRESS_IGNORED_IP", text}})) << text;
  }
}

TEST(InterceptOptionsTest, ListsAreBounded) {
  std::string ports = "1";
  for (int port = 2; port <= 257; ++port) ports += "," + std::to_string(port);
  const auto options = Read({{"APPMESH_APP_PORTS", ports}});
  ASSERT_FALSE(options);
  EXPECT_THAT(options.error().message, HasSubstr("at most 256 ports"));
}

TEST(InterceptOptionsTest, TheWholeIsCheckedToo) {
  InterceptOptions options;
  EXPECT_THAT(Check(options).error().message, HasSubstr("APPMESH_IGNORE_UID"));
  options.ignore_gid = 0;
  EXPECT_TRUE(Check(options));
  options.app_ports = {15001};
  EXPECT_THAT(Check(options).error().message, HasSubstr("15001 is the proxy's own port"));
  options.egress_port = options.ingress_port;
  EXPECT_THAT(Check(options).error().message, HasSubstr("must differ"));
}

}  // namespace
}  // namespace chancery::intercept
