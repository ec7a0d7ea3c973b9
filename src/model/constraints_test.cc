#include <chancery/model/gateway_route.pb.h>
#include <chancery/model/mesh.pb.h>
#include <chancery/model/route.pb.h>
#include <chancery/model/tags.pb.h>
#include <chancery/model/virtual_gateway.pb.h>
#include <chancery/model/virtual_node.pb.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "model/codec.h"

namespace chancery::model {
namespace {

using base::Violation;
using testing::ElementsAre;
using testing::IsEmpty;

template <typename T>
std::vector<Violation> Check(std::string_view text) {
  T message;
  std::vector<Violation> violations;
  EXPECT_TRUE(ParseJson(text, message, violations));
  CheckConstraints(message, violations);
  return violations;
}

std::string Repeat(std::string_view text, int times) {
  std::string repeated;
  for (int i = 0; i < times; ++i) repeated += text;
  return repeated;
}

TEST(Constraints, AcceptsWhatTheModelAllows) {
  EXPECT_THAT(Check<MeshSpec>("{}"), IsEmpty());
  EXPECT_THAT(Check<VirtualNodeSpec>(
                  R"({"backends":[],"listeners":[{"portMapping":{"port":1,"protocol":"http"},)"
                  R"("connectionPool":{"http":{"maxConnections":1}},"timeout":{"http":{"idle":{"value":0}}}},)"
                  R"({"portMapping":{"port":65535,"protocol":"grpc"}}],)"
                  R"("serviceDiscovery":{"dns":{"hostname":""}}})"),
              IsEmpty());
  EXPECT_THAT(Check<RouteSpec>(R"({"priority":0,"httpRoute":{"match":{},"action":{"weightedTargets":)"
                               R"([{"virtualNode":"n","weight":0}]}}})"),
              IsEmpty());
}

TEST(Constraints, NamesEveryMissingMember) {
  EXPECT_THAT(Check<HttpRoute>(R"({"action":{"weightedTargets":[{},{"weight":1}]},"retryPolicy":{}})"),
              ElementsAre(Violation{"action.weightedTargets[0].virtualNode", "is required"},
                          Violation{"action.weightedTargets[0].weight", "is required"},
                          Violation{"action.weightedTargets[1].virtualNode", "is required"},
                          Violation{"match", "is required"}, Violation{"retryPolicy.maxRetries", "is required"},
                          Violation{"retryPolicy.perRetryTimeout", "is required"}));
}

TEST(Constraints, ARequiredListMayBeEmptyIfItIsSent) {
  EXPECT_THAT(Check<VirtualGatewaySpec>("{}"), ElementsAre(Violation{"listeners", "is required"}));
  EXPECT_THAT(Check<VirtualGatewaySpec>(R"({"listeners":[]})"), IsEmpty());
  EXPECT_THAT(Check<HttpRouteAction>(R"({"weightedTargets":[]})"),
              ElementsAre(Violation{"weightedTargets", "must have 1 to 10 items, has 0"}));
}

TEST(Constraints, LabelsAndQueryAreMembersToo) {
  ListMeshesInput list;
  list.set_limit(101);
  std::vector<Violation> violations;
  CheckConstraints(list, violations);
  EXPECT_THAT(violations, ElementsAre(Violation{"limit", "must be between 1 and 100, is 101"}));
  violations.clear();
  DescribeMeshInput describe;
  describe.set_mesh_owner("1234");
  CheckConstraints(describe, violations);
  EXPECT_THAT(violations, ElementsAre(Violation{"meshName", "is required"},
                                      Violation{"meshOwner", "must be 12 characters long, is 4"}));
}

TEST(Constraints, RangesHaveExactBounds) {
  const std::pair<std::string, std::string> cases[] = {{"0", "must be between 1 and 65535, is 0"},
                                                       {"1", ""},
                                                       {"65535", ""},
                                                       {"65536", "must be between 1 and 65535, is 65536"}};
  for (const auto& [port, text] : cases) {
    const auto found = Check<PortMapping>(R"({"protocol":"tcp","port":)" + port + "}");
    if (text.empty()) {
      EXPECT_THAT(found, IsEmpty()) << port;
    } else {
      EXPECT_THAT(found, ElementsAre(Violation{"port", text}));
    }
  }
  EXPECT_THAT(Check<Duration>(R"({"value":-1})"), ElementsAre(Violation{"value", "must be at least 0, is -1"}));
  EXPECT_THAT(Check<ClientPolicyTls>(R"({"ports":[1,0],"validation":{"trust":{"sds":{"secretName":"s"}}}})"),
              ElementsAre(Violation{"ports[1]", "must be between 1 and 65535, is 0"}));
}

TEST(Constraints, LengthsCountCharacters) {
  const auto mesh = [](const std::string& name) { return Check<CreateMeshInput>(R"({"meshName":")" + name + R"("})"); };
  EXPECT_THAT(mesh(""), ElementsAre(Violation{"meshName", "must be 1 to 255 characters long, is 0"}));
  EXPECT_THAT(mesh(Repeat("n", 300)), ElementsAre(Violation{"meshName", "must be 1 to 255 characters long, is 300"}));
  EXPECT_THAT(mesh(Repeat("é", 255)), IsEmpty());
  EXPECT_THAT(mesh(Repeat("😀", 255)), IsEmpty());
  const std::string wide = Repeat("😀", 256);
  EXPECT_THAT(mesh(wide), ElementsAre(Violation{"meshName", "must be 1 to 255 characters long, is 256"}));
}

TEST(Constraints, ItemsAreCountedAndCheckedOneByOne) {
  const std::string fifty_one = R"({"tagKeys":["k")" + Repeat(R"(,"")", 1) + Repeat(R"(,"k")", 49) + "]}";
  UntagResourceInput input;
  std::vector<Violation> violations;
  ASSERT_TRUE(ParseJson(fifty_one, input, violations));
  input.set_resource_arn("a");
  CheckConstraints(input, violations);
  EXPECT_THAT(violations, ElementsAre(Violation{"tagKeys", "must have 0 to 50 items, has 51"},
                                      Violation{"tagKeys[1]", "must be 1 to 128 characters long, is 0"}));
}

TEST(Constraints, CloudMapPatterns) {
  const auto attribute = [](const std::string& key, const std::string& value) {
    return Check<AwsCloudMapInstanceAttribute>(R"({"key":")" + key + R"(","value":")" + value + R"("})");
  };
  for (const char* value : {"a", "a b", "a  b c", "a\\tb", "!~", "a "})
    EXPECT_THAT(attribute("k", value), IsEmpty()) << value;
  for (const char* value : {" a", "\\ta", "é", "a\\nb", "a\\n"}) EXPECT_EQ(attribute("k", value).size(), 1u) << value;
  for (const char* key : {"a", "A-1_b.c", "!~"}) EXPECT_THAT(attribute(key, "v"), IsEmpty()) << key;
  EXPECT_THAT(attribute("a b", "v"), ElementsAre(Violation{"key", "must match ^[a-zA-Z0-9!-~]+$, is 'a b'"}));
  EXPECT_THAT(attribute("a\\n", "v"), ElementsAre(Violation{"key", "must match ^[a-zA-Z0-9!-~]+$, is 'a?'"}));
}

TEST(Constraints, AUnionHasExactlyOneMember) {
  const std::string rule = "must have exactly one of grpc, http, http2, tcp; has ";
  EXPECT_THAT(Check<VirtualNodeConnectionPool>("{}"), ElementsAre(Violation{"", rule + "0"}));
  EXPECT_THAT(Check<VirtualNodeConnectionPool>(R"({"udp":{}})"), ElementsAre(Violation{"", rule + "0"}));
  EXPECT_THAT(Check<VirtualNodeConnectionPool>(R"({"http":{"maxConnections":1},"tcp":{"maxConnections":0}})"),
              ElementsAre(Violation{"", rule + "2"}, Violation{"tcp.maxConnections", "must be at least 1, is 0"}));
  EXPECT_THAT(Check<LoggingFormat>(R"({"json":[]})"), IsEmpty());
  EXPECT_THAT(Check<LoggingFormat>(R"({"json":[],"text":"t"})"),
              ElementsAre(Violation{"", "must have exactly one of json, text; has 2"}));
}

TEST(Constraints, WhatIsNotTypedAsUnionIsNotChecked) {
  EXPECT_THAT(Check<RouteSpec>("{}"), IsEmpty());
  EXPECT_THAT(Check<HttpPathMatch>(R"({"exact":"/","regex":"."})"), IsEmpty());
}

TEST(Constraints, PathsGoAllTheWayDown) {
  EXPECT_THAT(Check<CreateVirtualNodeInput>(
                  R"({"virtualNodeName":"n","spec":{"listeners":[{"portMapping":{"port":70000,"protocol":"http"}}]}})"),
              ElementsAre(Violation{"meshName", "is required"},
                          Violation{"spec.listeners[0].portMapping.port", "must be between 1 and 65535, is 70000"}));
}

TEST(Constraints, WhatCouldNotBeReadIsReportedOnce) {
  EXPECT_THAT(
      Check<CreateVirtualNodeInput>(R"({"meshName":"in the URI","virtualNodeName":5,"spec":[]})"),
      ElementsAre(Violation{"spec", "must be an object, is a list"},
                  Violation{"virtualNodeName", "must be a string, is a number"}, Violation{"meshName", "is required"}));
  EXPECT_THAT(
      Check<VirtualNodeSpec>(R"({"listeners":[7,{"portMapping":{"port":0,"protocol":"x"}}]})"),
      ElementsAre(Violation{"listeners[0]", "must be an object, is a number"},
                  Violation{"listeners[1].portMapping.protocol", "must be one of http, tcp, http2, grpc; is 'x'"},
                  Violation{"listeners[1].portMapping.port", "must be between 1 and 65535, is 0"}));
  EXPECT_THAT(Check<VirtualNodeConnectionPool>(R"({"tcp":true})"),
              ElementsAre(Violation{"tcp", "must be an object, is a boolean"}));
}

TEST(Constraints, CountsViolationsUpToAHundred) {
  EXPECT_EQ(Check<VirtualNodeSpec>(R"({"listeners":[{})" + Repeat(",{}", 5000) + "]}").size(), 100u);
}

}  // namespace
}  // namespace chancery::model
