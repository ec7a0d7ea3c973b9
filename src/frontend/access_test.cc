// Which resources each operation needs permission on: the table of contract/api.md §5.

#include "frontend/access.h"

#include <gtest/gtest.h>

#include <set>

#include "frontend/api_fixture.h"

namespace chancery::frontend {
namespace {

// Lets everybody do everything and notes what it was asked.
class NotingGate : public OpenGate {
 public:
  using OpenGate::OpenGate;
  base::Status Authorize(const Caller&, const Request&, std::string_view action, const Access& access) const override {
    action_ = action;
    resources_.insert(access.resources.front());
    last_ = access;
    return base::Status::Ok();
  }
  mutable std::string action_;
  mutable std::set<std::string> resources_;
  mutable Access last_;
};

class AccessTest : public ApiFixture {
 protected:
  AccessTest() { MakeMesh(); }

  struct Asked {
    std::string action;
    // Behind "arn:aws:appmesh:us-west-2:123456789012:".
    std::set<std::string> resources;
    bool operator==(const Asked&) const = default;
  };
  Asked Ask(std::string method, std::string_view path, std::string_view body = "") {
    noting_.resources_.clear();
    noting_api_.Handle({std::move(method), "/v20190125" + std::string(path), {}, std::string(body)});
    constexpr std::string_view kPrefix = "arn:aws:appmesh:us-west-2:123456789012:";
    Asked asked{noting_.action_, {}};
    for (const std::string& arn : noting_.resources_) {
      asked.resources.insert(arn.starts_with(kPrefix) ? arn.substr(kPrefix.size()) : arn);
    }
    return asked;
  }

  NotingGate noting_{std::string(kAccount)};
  Api noting_api_{{std::string(kAccount), "us-west-2", "aws"}, store_, clock_, noting_};
};

TEST_F(AccessTest, OwnResources) {
  EXPECT_EQ(Ask("GET", "/meshes"), (Asked{"ListMeshes", {"*"}}));
  EXPECT_EQ(Ask("PUT", "/meshes", R"({"meshName":"x"})"), (Asked{"CreateMesh", {"mesh/x"}}));
  EXPECT_EQ(Ask("GET", "/meshes/m"), (Asked{"DescribeMesh", {"mesh/m"}}));
  EXPECT_EQ(Ask("PUT", "/meshes/m", "{}"), (Asked{"UpdateMesh", {"mesh/m"}}));
  EXPECT_EQ(Ask("DELETE", "/meshes/m"), (Asked{"DeleteMesh", {"mesh/m"}}));
  EXPECT_EQ(Ask("GET", "/meshes/m/virtualNodes/n"), (Asked{"DescribeVirtualNode", {"mesh/m/virtualNode/n"}}));
  EXPECT_EQ(Ask("DELETE", "/meshes/m/virtualNodes/n"), (Asked{"DeleteVirtualNode", {"mesh/m/virtualNode/n"}}));
  EXPECT_EQ(Ask("GET", "/meshes/m/virtualRouter/r/routes/t"),
            (Asked{"DescribeRoute", {"mesh/m/virtualRouter/r/route/t"}}));
  EXPECT_EQ(Ask("DELETE", "/meshes/m/virtualGateway/g/gatewayRoutes/w"),
            (Asked{"DeleteGatewayRoute", {"mesh/m/virtualGateway/g/gatewayRoute/w"}}));
  EXPECT_EQ(Ask("PUT", "/meshes/m/virtualRouters", R"({"virtualRouterName":"q","spec":{}})"),
            (Asked{"CreateVirtualRouter", {"mesh/m/virtualRouter/q"}}));
}

TEST_F(AccessTest, ListsAreAMatterOfTheParent) {
  EXPECT_EQ(Ask("GET", "/meshes/m/virtualNodes"), (Asked{"ListVirtualNodes", {"mesh/m"}}));
  EXPECT_EQ(Ask("GET", "/meshes/m/virtualServices"), (Asked{"ListVirtualServices", {"mesh/m"}}));
  EXPECT_EQ(Ask("GET", "/meshes/m/virtualRouter/r/routes"), (Asked{"ListRoutes", {"mesh/m/virtualRouter/r"}}));
  EXPECT_EQ(Ask("GET", "/meshes/m/virtualGateway/g/gatewayRoutes"),
            (Asked{"ListGatewayRoutes", {"mesh/m/virtualGateway/g"}}));
}

TEST_F(AccessTest, WhatASpecRefersTo) {
  EXPECT_EQ(
      Ask("PUT", "/meshes/m/virtualServices/s.m", R"({"spec":{"provider":{"virtualNode":{"virtualNodeName":"n"}}}})"),
      (Asked{"UpdateVirtualService", {"mesh/m/virtualService/s.m", "mesh/m/virtualNode/n"}}));
  EXPECT_EQ(Ask("PUT", "/meshes/m/virtualServices",
                R"({"virtualServiceName":"q","spec":{"provider":{"virtualRouter":{"virtualRouterName":"r"}}}})"),
            (Asked{"CreateVirtualService", {"mesh/m/virtualService/q", "mesh/m/virtualRouter/r"}}));
  EXPECT_EQ(Ask("PUT", "/meshes/m/virtualRouter/r/routes", RouteBody("q", "n")),
            (Asked{"CreateRoute", {"mesh/m/virtualRouter/r/route/q", "mesh/m/virtualNode/n"}}));
  EXPECT_EQ(Ask("PUT", "/meshes/m/virtualGateway/g/gatewayRoutes", GatewayRouteBody("q", "s.m")),
            (Asked{"CreateGatewayRoute", {"mesh/m/virtualGateway/g/gatewayRoute/q", "mesh/m/virtualService/s.m"}}));
  // A node's backends at its creation alone; they need not exist.
  const std::string spec = R"("spec":{"backends":[{"virtualService":{"virtualServiceName":"later"}}]}})";
  EXPECT_EQ(Ask("PUT", "/meshes/m/virtualNodes", R"({"virtualNodeName":"q",)" + spec),
            (Asked{"CreateVirtualNode", {"mesh/m/virtualNode/q", "mesh/m/virtualService/later"}}));
  EXPECT_EQ(Ask("PUT", "/meshes/m/virtualNodes/n", "{" + spec), (Asked{"UpdateVirtualNode", {"mesh/m/virtualNode/n"}}));
}

TEST_F(AccessTest, Tags) {
  const std::string arn = "?resourceArn=arn%3Aaws%3Aappmesh%3Aus-west-2%3A123456789012%3Amesh%2Fm";
  EXPECT_EQ(Ask("PUT", "/tag" + arn, R"({"tags":[{"key":"Team","value":"blue"}]})"),
            (Asked{"TagResource", {"mesh/m"}}));
  EXPECT_EQ(noting_.last_.context.Find("aws:requesttag/team")->front(), "blue");
  EXPECT_EQ(noting_.last_.context.Find("aws:tagkeys")->front(), "Team");
  EXPECT_EQ(noting_.last_.context.Find("aws:resourcetag/team"), nullptr);
  EXPECT_EQ(Ask("GET", "/tags" + arn), (Asked{"ListTagsForResource", {"mesh/m"}}));
  EXPECT_EQ(noting_.last_.context.Find("aws:resourcetag/team")->front(), "blue");
  EXPECT_EQ(Ask("PUT", "/untag" + arn, R"({"tagKeys":["Team"]})"), (Asked{"UntagResource", {"mesh/m"}}));
  EXPECT_EQ(noting_.last_.context.Find("aws:tagkeys")->front(), "Team");
}

TEST_F(AccessTest, ResourcesOfAnotherAccountHaveBothSpellings) {
  Ask("GET", "/meshes/m/virtualNodes/n?meshOwner=999922223333");
  EXPECT_EQ(noting_.last_.resources,
            (std::vector<std::string>{"arn:aws:appmesh:us-west-2:123456789012:mesh/m@999922223333/virtualNode/n",
                                      "arn:aws:appmesh:us-west-2:123456789012:mesh/m/virtualNode/n"}));
}

// Permission is asked before a broken rule is told.
TEST_F(AccessTest, PermissionComesBeforeTheRules) {
  EXPECT_EQ(Ask("PUT", "/meshes", R"({"meshName":"a/b"})").action, "CreateMesh");
}

}  // namespace
}  // namespace chancery::frontend
