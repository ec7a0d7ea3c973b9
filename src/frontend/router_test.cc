#include "frontend/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace chancery::frontend {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(Router, FindsEachOfTheOperationsByItsOwnTemplate) {
  const Router router;
  std::set<std::string> found;
  for (const Operation& operation : router.operations()) {
    std::string path;
    for (const std::string& part : operation.parts) path += "/" + (part[0] == '{' ? "x" : part);
    const auto route = router.Match(operation.http_method, path);
    ASSERT_TRUE(route) << operation.name;
    EXPECT_EQ(route->operation->name, operation.name);
    found.insert(operation.name);
  }
  EXPECT_EQ(found.size(), 38u);
}

TEST(Router, KeepsLabelsRaw) {
  const Router router;
  const auto route = router.Match("GET", "/v20190125/meshes/a%2Fb/virtualRouter/r/routes/x");
  ASSERT_TRUE(route);
  EXPECT_EQ(route->operation->name, "DescribeRoute");
  EXPECT_EQ(route->operation->verb, Verb::kDescribe);
  EXPECT_EQ(route->operation->kind->kind, model::Kind::kRoute);
  EXPECT_THAT(route->labels,
              ElementsAre(Pair("meshName", "a%2Fb"), Pair("virtualRouterName", "r"), Pair("routeName", "x")));
}

TEST(Router, TellsTheMethodsOfAPath) {
  const Router router;
  EXPECT_THAT(router.MethodsOf("/v20190125/meshes/m"), ElementsAre("DELETE", "GET", "PUT"));
  EXPECT_THAT(router.MethodsOf("/v20190125/tag"), ElementsAre("PUT"));
  EXPECT_THAT(router.MethodsOf("/v20190125"), IsEmpty());
  EXPECT_THAT(router.MethodsOf("/meshes"), IsEmpty());
  EXPECT_FALSE(router.Match("POST", "/v20190125/meshes"));
}

}  // namespace
}  // namespace chancery::frontend
