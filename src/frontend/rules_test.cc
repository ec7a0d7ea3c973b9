// Rules between resources, and of single fields, as a caller sees them.

#include <gmock/gmock.h>

#include "frontend/api_fixture.h"

namespace chancery::frontend {
namespace {

using ::testing::HasSubstr;

class RulesTest : public ApiFixture {};

TEST_F(RulesTest, BackendsMayDangle) {
  MustPut("/meshes", R"({"meshName":"m"})");
  MustPut("/meshes/m/virtualNodes", R"({"virtualNodeName":"n","spec":{"backends":[{"virtualService":
      {"virtualServiceName":"nobody"}}]}})");
}

TEST_F(RulesTest, AProviderMustExistOrBeAbsent) {
  MustPut("/meshes", R"({"meshName":"m"})");
  const std::string_view path = "/meshes/m/virtualServices";
  ExpectError(Put(path, R"({"virtualServiceName":"s","spec":{"provider":{"virtualNode":{"virtualNodeName":"x"}}}})"),
              404, "NotFoundException",
              "VirtualNode with name x is not present under mesh m for account 123456789012: "
              "spec.provider.virtualNode.virtualNodeName names the VirtualNode x, which does not exist");
  ExpectError(
      Put(path, R"({"virtualServiceName":"s","spec":{"provider":{"virtualRouter":{"virtualRouterName":"x"}}}})"), 404,
      "NotFoundException", "spec.provider.virtualRouter.virtualRouterName names the VirtualRouter x");
  MustPut(path, R"({"virtualServiceName":"s","spec":{}})");
  ExpectError(Put("/meshes/m/virtualServices/s", R"({"spec":{"provider":{"virtualNode":{"virtualNodeName":"x"}}}})"),
              404, "NotFoundException", "spec.provider.virtualNode.virtualNodeName");
}

TEST_F(RulesTest, RouteTargetsMustExistInEveryKindOfRoute) {
  MakeMesh();
  for (std::string_view kind : {"httpRoute", "http2Route", "grpcRoute", "tcpRoute"}) {
    const std::string match = kind == "tcpRoute"    ? ""
                              : kind == "grpcRoute" ? R"("match":{},)"
                                                    : R"("match":{"prefix":"/"},)";
    const Answer answer =
        Put("/meshes/m/virtualRouter/r/routes", R"({"routeName":"x","spec":{")" + std::string(kind) + "\":{" + match +
                                                    R"("action":{"weightedTargets":[{"virtualNode":"n","weight":1},
                                     {"virtualNode":"p","weight":1},{"virtualNode":"q","weight":1}]}}}})");
    ExpectError(answer, 404, "NotFoundException", "VirtualNode with name p is not present");
    EXPECT_THAT(answer.body, HasSubstr("spec." + std::string(kind) + ".action.weightedTargets[1].virtualNode"));
    EXPECT_THAT(answer.body, HasSubstr("spec." + std::string(kind) + ".action.weightedTargets[2].virtualNode"));
  }
}

TEST_F(RulesTest, GatewayRouteTargetsMustExist) {
  MakeMesh();
  ExpectError(Put("/meshes/m/virtualGateway/g/gatewayRoutes", GatewayRouteBody("x", "no.m")), 404, "NotFoundException",
              "spec.httpRoute.action.target.virtualService.virtualServiceName names the VirtualService no.m");
  MustPut("/meshes/m/virtualServices", R"({"virtualServiceName":"bare.m","spec":{}})");
  MustPut("/meshes/m/virtualGateway/g/gatewayRoutes", GatewayRouteBody("x", "bare.m"));
}

TEST_F(RulesTest, WhatBlocksADelete) {
  MakeMesh();
  ExpectError(
      Delete("/meshes/m"), 409, "ResourceInUseException",
      "Mesh m for account 123456789012 has active VirtualNodes, please delete VirtualNodes before deleting the Mesh");
  ExpectError(Delete("/meshes/m/virtualNodes/n"), 409, "ResourceInUseException",
              "VirtualNode with name n cannot be deleted because it is a target of Routes: [r/t]");
  ExpectError(Delete("/meshes/m/virtualRouters/r"), 409, "ResourceInUseException", "it has Routes: [t]");
  ExpectError(Delete("/meshes/m/virtualServices/s.m"), 409, "ResourceInUseException",
              "VirtualService s.m is being referenced in the following: GATEWAY_ROUTE: [g/w]");
  ExpectError(Delete("/meshes/m/virtualGateways/g"), 409, "ResourceInUseException", "it has GatewayRoutes: [w]");

  Json(Delete("/meshes/m/virtualRouter/r/routes/t"));
  ExpectError(Delete("/meshes/m/virtualRouters/r"), 409, "ResourceInUseException",
              "VirtualRouter with name r cannot be deleted because it is a VirtualService provider: [s.m]");
  Json(Put("/meshes/m/virtualServices/s.m", R"({"spec":{"provider":{"virtualNode":{"virtualNodeName":"n"}}}})"));
  Json(Delete("/meshes/m/virtualRouters/r"));
  ExpectError(Delete("/meshes/m/virtualNodes/n"), 409, "ResourceInUseException",
              "VirtualNode with name n cannot be deleted because it is a VirtualService provider: [s.m]");
  Json(Put("/meshes/m/virtualServices/s.m", R"({"spec":{}})"));
  Json(Delete("/meshes/m/virtualNodes/n"));
  ExpectError(Delete("/meshes/m"), 409, "ResourceInUseException", "has active VirtualServices");
  Json(Delete("/meshes/m/virtualGateway/g/gatewayRoutes/w"));
  Json(Delete("/meshes/m/virtualServices/s.m"));
  ExpectError(Delete("/meshes/m"), 409, "ResourceInUseException", "has active VirtualGateways");
  Json(Delete("/meshes/m/virtualGateways/g"));
  MustPut("/meshes/m/virtualRouters", R"({"virtualRouterName":"r","spec":{}})");
  ExpectError(Delete("/meshes/m"), 409, "ResourceInUseException", "has active VirtualRouters");
  Json(Delete("/meshes/m/virtualRouters/r"));
  Json(Delete("/meshes/m"));
}

TEST_F(RulesTest, ABackendDoesNotKeepItsService) {
  MustPut("/meshes", R"({"meshName":"m"})");
  MustPut("/meshes/m/virtualServices", R"({"virtualServiceName":"s","spec":{}})");
  MustPut("/meshes/m/virtualNodes", R"({"virtualNodeName":"n","spec":{"backends":[{"virtualService":
      {"virtualServiceName":"s"}}]}})");
  Json(Delete("/meshes/m/virtualServices/s"));
}

TEST_F(RulesTest, NamesThatBeginAlikeDoNotBlockEachOther) {
  MakeMesh();
  MustPut("/meshes/m/virtualNodes", R"({"virtualNodeName":"n2","spec":{}})");
  MustPut("/meshes/m/virtualRouter/r/routes", RouteBody("t2", "n2"));
  Json(Delete("/meshes/m/virtualRouter/r/routes/t"));
  Json(Delete("/meshes/m/virtualNodes/n"));
  ExpectError(Delete("/meshes/m/virtualNodes/n2"), 409, "ResourceInUseException", "[r/t2]");
}

TEST_F(RulesTest, ARetargetedRouteFreesItsOldTarget) {
  MakeMesh();
  MustPut("/meshes/m/virtualNodes", R"({"virtualNodeName":"n2","spec":{}})");
  Json(Put("/meshes/m/virtualRouter/r/routes/t", R"({"spec":)" + RouteSpec("n2") + "}"));
  Json(Delete("/meshes/m/virtualNodes/n"));
  ExpectError(Delete("/meshes/m/virtualNodes/n2"), 409, "ResourceInUseException", "target of Routes");
}

TEST_F(RulesTest, ARegexThatRe2RefusesNamesItsField) {
  MakeMesh();
  const std::string action = R"("action":{"weightedTargets":[{"virtualNode":"n","weight":1}]})";
  const auto create = [&](const std::string& match) {
    return Put("/meshes/m/virtualRouter/r/routes",
               R"({"routeName":"x","spec":{"httpRoute":{"match":)" + match + "," + action + "}}}");
  };
  ExpectError(create(R"({"path":{"regex":"(?!a"}})"), 400, "BadRequestException", "spec.httpRoute.match.path.regex");
  ExpectError(create(R"({"prefix":"/","headers":[{"name":"a"},{"name":"b","match":{"regex":"("}}]})"), 400,
              "BadRequestException", "spec.httpRoute.match.headers[1].match.regex");
  Json(create(R"({"path":{"regex":"/a.*"}})"));
}

TEST_F(RulesTest, ExactlyOneKindOfRoute) {
  MakeMesh();
  ExpectError(Put("/meshes/m/virtualRouter/r/routes", R"({"routeName":"x","spec":{"udpRoute":{}}})"), 400,
              "BadRequestException", "spec must have exactly one of httpRoute, http2Route, grpcRoute, tcpRoute");
  ExpectError(Put("/meshes/m/virtualGateway/g/gatewayRoutes", R"({"gatewayRouteName":"x","spec":{"tcpRoute":{}}})"),
              400, "BadRequestException", "spec must have exactly one of httpRoute, http2Route, grpcRoute");
  const std::string route = R"({"match":{"prefix":"/"},"action":{"weightedTargets":[{"virtualNode":"n","weight":1}]}})";
  ExpectError(Put("/meshes/m/virtualRouter/r/routes",
                  R"({"routeName":"x","spec":{"httpRoute":)" + route + R"(,"http2Route":)" + route + "}}"),
              400, "BadRequestException", "exactly one of");
}

TEST_F(RulesTest, WeightsSumToAtMostAHundred) {
  MakeMesh();
  MustPut("/meshes/m/virtualNodes", R"({"virtualNodeName":"o","spec":{}})");
  const auto put = [this](int first, int second) {
    return Put(
        "/meshes/m/virtualRouter/r/routes/t",
        R"({"spec":{"httpRoute":{"match":{"prefix":"/"},"action":{"weightedTargets":[{"virtualNode":"n","weight":)" +
            std::to_string(first) + R"(},{"virtualNode":"o","weight":)" + std::to_string(second) + "}]}}}}");
  };
  ExpectError(put(60, 41), 400, "BadRequestException",
              "spec.httpRoute.action.weightedTargets must have weights that sum to at most 100, not 101");
  Json(put(60, 40));
  Json(put(1, 2));
  Json(put(0, 0));
}

TEST_F(RulesTest, Names) {
  MakeMesh();
  const std::string long_name(300, 'x');
  ExpectError(Put("/meshes", R"({"meshName":")" + long_name + "\"}"), 400, "BadRequestException", "meshName");
  ExpectError(Put("/meshes/m/virtualServices", R"({"virtualServiceName":")" + long_name + R"(","spec":{}})"), 400,
              "BadRequestException", "virtualServiceName");
  ExpectError(Put("/meshes/m/virtualServices", R"({"virtualServiceName":"","spec":{}})"), 400, "BadRequestException",
              "virtualServiceName");
  ExpectError(Put("/meshes/m/virtualNodes", R"({"virtualNodeName":"a.b","spec":{}})"), 400, "BadRequestException",
              "virtualNodeName may hold");
  ExpectError(Put("/meshes/m/virtualServices", R"({"virtualServiceName":"a b","spec":{}})"), 400, "BadRequestException",
              "virtualServiceName may hold");
  ExpectError(Put("/meshes/m/virtualRouter/r/routes", RouteBody("x", "n/../n")), 400, "BadRequestException",
              "spec.httpRoute.action.weightedTargets[0].virtualNode may hold");
  MustPut("/meshes/m/virtualNodes", R"({"virtualNodeName":"a_B-9","spec":{}})");
  MustPut("/meshes", R"({"meshName":")" + std::string(255, 'x') + "\"}");
}

}  // namespace
}  // namespace chancery::frontend
