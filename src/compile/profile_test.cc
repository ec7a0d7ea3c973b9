#include "compile/profile.h"

#include <envoy/config/route/v3/route.pb.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>

#include "compile/testing/world.h"

namespace chancery::compile {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kMesh;

TEST(Profile, FollowsTheVersionOfTheEnvoy) {
  struct Case {
    uint32_t major, minor;
    Profile profile;
  };
  for (const Case& c : std::initializer_list<Case>{{0, 99, Profile::kOld},
                                                   {1, 17, Profile::kOld},
                                                   {1, 22, Profile::kOld},
                                                   {1, 30, Profile::kOld},
                                                   {1, 31, Profile::kStock},
                                                   {1, 34, Profile::kStock},
                                                   {1, 40, Profile::kStock},
                                                   {2, 0, Profile::kStock}}) {
    EXPECT_EQ(ProfileOfEnvoy(c.major, c.minor), c.profile) << c.major << "." << c.minor;
  }
}

TEST(Profile, StockLacksNothingAndTheOldOneDoes) {
  for (const EnvoyFeature feature : {EnvoyFeature::kAppendAction, EnvoyFeature::kAlwaysEjectOneHost}) {
    EXPECT_TRUE(Has(Profile::kStock, feature));
    EXPECT_FALSE(Has(Profile::kOld, feature));
  }
}

// Before 1.24 append_action has no effect: the header that a client forged would stay beside ours.
TEST(Profile, AnOldGatewayTakesAForgedVirtualServiceHeaderAwayBeforeItSetsItsOwn) {
  testing::World world;
  world.Mesh()
      .Node("n", R"({"listeners":[{"portMapping":{"port":80,"protocol":"http"}}],
                     "serviceDiscovery":{"dns":{"hostname":"n.local"}}})")
      .Service("s.local", R"({"provider":{"virtualNode":{"virtualNodeName":"n"}}})")
      .Gateway("g", R"({"listeners":[{"portMapping":{"port":80,"protocol":"http"}}]})")
      .GatewayRoute("g", "keep", R"({"httpRoute":{"match":{"prefix":"/"},"action":{
        "target":{"virtualService":{"virtualServiceName":"s.local"}},
        "rewrite":{"hostname":{"defaultTargetHostname":"DISABLED"}}}}})");
  const auto route_of = [&world](Profile profile) {
    const ProxyConfig config = Compile(world.snapshot(), {kMesh, model::Kind::kVirtualGateway, "g", profile});
    return testing::Parsed<envoy::config::route::v3::RouteConfiguration>(config, FragmentType::kRoute,
                                                                         "rds_ingress_http_80")
        .virtual_hosts(0)
        .routes(0);
  };
  EXPECT_EQ(route_of(Profile::kOld).request_headers_to_add(0).header().value(), "s.local");
  EXPECT_THAT(route_of(Profile::kOld).request_headers_to_remove(), ElementsAre("x-app-mesh-virtual-service"));
  EXPECT_EQ(route_of(Profile::kStock).request_headers_to_add(0).header().value(), "s.local");
  EXPECT_THAT(route_of(Profile::kStock).request_headers_to_remove(), IsEmpty());
}

}  // namespace
}  // namespace chancery::compile
