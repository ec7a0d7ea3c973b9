// What an installation may choose, and that nothing of it shows by default.

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/testing/invariants.h"
#include "compile/testing/random_mesh.h"
#include "compile/testing/world.h"

namespace chancery::compile {
namespace {

using envoy::config::cluster::v3::Cluster;
using envoy::config::route::v3::RouteConfiguration;
using ::testing::IsEmpty;
using testing::Parsed;
using testing::World;

World Shop() {
  World world;
  world.Mesh().Service("api.local", R"({"provider":{"virtualRouter":{"virtualRouterName":"api"}}})");
  world.Router("api", R"({"listeners":[{"portMapping":{"port":80,"protocol":"http"}}]})");
  world.Node(
      "api",
      R"({"listeners":[{"portMapping":{"port":80,"protocol":"http"},"connectionPool":{"http":{"maxConnections":7}}}],
      "serviceDiscovery":{"dns":{"hostname":"api.local"}},
      "backends":[{"virtualService":{"virtualServiceName":"api.local"}}]})");
  world.Route("api", "own", R"({"priority":1,"httpRoute":{"match":{"prefix":"/own"},
      "action":{"weightedTargets":[{"virtualNode":"api","weight":1}]},
      "retryPolicy":{"maxRetries":1,"perRetryTimeout":{"unit":"s","value":1},"httpRetryEvents":["server-error"]}}})");
  world.Route("api", "default", R"({"httpRoute":{"match":{"prefix":"/"},
      "action":{"weightedTargets":[{"virtualNode":"api","weight":1}]}}})");
  return world;
}

ProxyConfig CompileApi(const Options& options) {
  const ProxyConfig config =
      CompileWith(options, Shop().snapshot(), {testing::kMesh, model::Kind::kVirtualNode, "api"});
  EXPECT_THAT(testing::BrokenInvariants(config), IsEmpty());
  return config;
}

TEST(ApplyOptionsTest, NothingShowsByDefault) {
  EXPECT_EQ(testing::Contents(CompileApi({})), testing::Contents(Shop().CompileNode("api")));
}

TEST(ApplyOptionsTest, VclusterStatsGiveEachHostAVirtualClusterThatMatchesNothing) {
  const ProxyConfig config = CompileApi({.vcluster_stats = true});
  int hosts = 0;
  for (const char* name : {"rds_ingress_http_80", "rds_egress_http_80"}) {
    const auto routes = Parsed<RouteConfiguration>(config, FragmentType::kRoute, name);
    for (const auto& host : routes.virtual_hosts()) {
      ASSERT_EQ(host.virtual_clusters_size(), 1);
      EXPECT_EQ(host.virtual_clusters(0).name(), "none");
      EXPECT_EQ(host.virtual_clusters(0).headers(0).string_match().exact(), "/.chancery-none");
      ++hosts;
    }
  }
  EXPECT_EQ(hosts, 2);
}

TEST(ApplyOptionsTest, EnvoysOwnLimitsKeepConnectionPools) {
  const ProxyConfig config = CompileApi({.envoys_own_limits = true});
  const auto egress = Parsed<Cluster>(config, FragmentType::kCluster, "cds_egress_shop_api_http_80");
  EXPECT_FALSE(egress.has_circuit_breakers());
  const auto ingress = Parsed<Cluster>(config, FragmentType::kCluster, "cds_ingress_shop_api_http_80");
  ASSERT_EQ(ingress.circuit_breakers().thresholds_size(), 1);
  EXPECT_EQ(ingress.circuit_breakers().thresholds(0).max_connections().value(), 7u);
  EXPECT_FALSE(ingress.circuit_breakers().thresholds(0).has_max_requests());
}

TEST(ApplyOptionsTest, EnvoysOwnLimitsRetryByPolicyAlone) {
  const auto routes =
      Parsed<RouteConfiguration>(CompileApi({.envoys_own_limits = true}), FragmentType::kRoute, "rds_egress_http_80");
  ASSERT_EQ(routes.virtual_hosts(0).routes_size(), 2);
  EXPECT_EQ(routes.virtual_hosts(0).routes(0).route().retry_policy().num_retries().value(), 1u);
  EXPECT_FALSE(routes.virtual_hosts(0).routes(1).route().has_retry_policy());
}

}  // namespace
}  // namespace chancery::compile
