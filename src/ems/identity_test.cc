#include "ems/identity.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace chancery::ems {
namespace {

using model::Kind;

const Installation kHere{"aws", "us-east-1", "123456789012"};

TEST(Identity, AcceptsEveryFormThatProxiesSend) {
  struct Case {
    std::string id;
    compile::ProxyKey key;
  };
  const model::MeshId ours{"123456789012", "m"};
  const std::vector<Case> cases = {
      {"arn:aws:appmesh:us-east-1:123456789012:mesh/m/virtualNode/n_ns", {ours, Kind::kVirtualNode, "n_ns"}},
      {"arn:aws:appmesh:us-east-1:123456789012:mesh/m/virtualGateway/g", {ours, Kind::kVirtualGateway, "g"}},
      {"mesh/m/virtualNode/n", {ours, Kind::kVirtualNode, "n"}},
      {"mesh/m/virtualGateway/g", {ours, Kind::kVirtualGateway, "g"}},
      {"mesh/m@210987654321/virtualNode/n", {{"210987654321", "m"}, Kind::kVirtualNode, "n"}},
      {"mesh/m/virtualNode/n/and/more", {ours, Kind::kVirtualNode, "n"}},
      {"arn:aws:appmesh:us-east-1:123456789012:mesh/m/virtualNode/n/pod-7", {ours, Kind::kVirtualNode, "n"}},
  };
  for (const Case& c : cases) {
    const auto key = IdentityOf(c.id, kHere);
    ASSERT_TRUE(key) << c.id << ": " << key.error().message;
    EXPECT_EQ(*key, c.key) << c.id;
  }
}

TEST(Identity, RefusesWhatNamesNoProxy) {
  for (const std::string id :
       {"", "x", "mesh/m", "mesh/m/virtualNode", "mesh/m/virtualNode/", "mesh//virtualNode/n",
        "mesh/m/virtualService/s", "mesh/m@x/virtualNode/n", "arn:aws:appmesh:us-east-1:123456789012:mesh/m",
        "arn:aws:s3:::bucket", "arn:aws:appmesh:us-east-1:123456789012:mesh/m/virtualRouter/r/route/x",
        "arn:aws:sqs:us-east-1:123456789012:mesh/m/virtualNode/n"}) {
    const auto key = IdentityOf(id, kHere);
    ASSERT_FALSE(key) << id;
    EXPECT_EQ(key.error().code, base::Code::kBadRequest) << id;
    EXPECT_NE(key.error().message.find("node.id"), std::string::npos);
  }
}

TEST(Identity, RefusesArnsOfElsewhere) {
  for (const std::string id : {"arn:aws:appmesh:eu-west-1:123456789012:mesh/m/virtualNode/n",
                               "arn:aws:appmesh:us-east-1:999999999999:mesh/m/virtualNode/n",
                               "arn:aws-cn:appmesh:us-east-1:123456789012:mesh/m/virtualNode/n"}) {
    const auto key = IdentityOf(id, kHere);
    ASSERT_FALSE(key) << id;
    EXPECT_EQ(key.error().code, base::Code::kForbidden) << id;
  }
}

}  // namespace
}  // namespace chancery::ems
