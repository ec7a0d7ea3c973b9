// The trap list: one test for each complaint about App Mesh, and each refusal or surprise of an Envoy,
// that a compiler can prevent (contract/envoy.md §2.9, §5, §7). Here: weights, and what a change must leave alone.

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.pb.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/testing/specs.h"
#include "compile/testing/views.h"

namespace chancery::compile {
namespace {

using envoy::config::listener::v3::Listener;
using envoy::extensions::filters::network::tcp_proxy::v3::TcpProxy;
using testing::ByNode;
using testing::ByRouter;
using testing::ChainOn;
using testing::ClientOf;
using testing::ClusterOf;
using testing::EgressOf;
using testing::FindFragment;
using testing::FirstRoute;
using testing::HttpRoute;
using testing::kEgress;
using testing::NamesOf;
using testing::NodeOn;
using testing::RoutedWorld;
using testing::RouterOn;
using testing::TcpOf;
using testing::World;

std::string Bytes(const ProxyConfig& config, FragmentType type, std::string_view name) {
  const Fragment* fragment = FindFragment(config, type, name);
  return fragment == nullptr ? "" : fragment->bytes;
}

TEST(TrapTest, TcpTargetOfWeight0IsLeftOut) {
  World world;
  world.Mesh().Node("client", ClientOf({"redis.local"})).Node("a", NodeOn(6379, "tcp")).Node("b", NodeOn(6380, "tcp"));
  world.Node("c", NodeOn(6381, "tcp"));
  world.Service("redis.local", ByRouter("redis")).Router("redis", RouterOn(6379, "tcp"));
  world.Route("redis", "split", R"({"tcpRoute":{"action":{"weightedTargets":[{"virtualNode":"a","weight":9},
      {"virtualNode":"b","weight":0},{"virtualNode":"c","weight":1}]}}})");
  const TcpProxy proxy = TcpOf(*ChainOn(EgressOf(world.CompileNode("client")), 6379));
  ASSERT_EQ(proxy.weighted_clusters().clusters_size(), 2);
  EXPECT_EQ(proxy.weighted_clusters().clusters(0).weight(), 9u);
  EXPECT_EQ(proxy.weighted_clusters().clusters(1).weight(), 1u);
}

TEST(TrapTest, TcpWithoutAnyWeightIsClosedUnderAllowAllToo) {
  World world;
  world.Mesh(R"({"egressFilter":{"type":"ALLOW_ALL"}})").Node("client", ClientOf({"redis.local"}));
  world.Node("a", NodeOn(6379, "tcp"));
  world.Service("redis.local", ByRouter("redis")).Router("redis", RouterOn(6379, "tcp"));
  world.Route("redis", "none", R"({"tcpRoute":{"action":{"weightedTargets":[{"virtualNode":"a","weight":0}]}}})");
  EXPECT_EQ(TcpOf(*ChainOn(EgressOf(world.CompileNode("client")), 6379)).cluster(), "cds_egress_shop_not-served");
}

TEST(TrapTest, WeightsThatSumTo0Answer503) {
  World world = RoutedWorld();
  world.Route("api", "none", R"({"httpRoute":{"match":{"prefix":"/"},"action":{"weightedTargets":[
      {"virtualNode":"api","weight":0}]}}})");
  EXPECT_EQ(FirstRoute(world).direct_response().status(), 503);
}

TEST(TrapTest, HttpTargetOfWeight0StaysListed) {  // as observed: its cluster is warm when its weight rises
  World world = RoutedWorld();
  world.Node("canary", NodeOn(80, "http"));
  world.Route("api", "all", R"({"httpRoute":{"match":{"prefix":"/"},"action":{"weightedTargets":[
      {"virtualNode":"api","weight":1},{"virtualNode":"canary","weight":0}]}}})");
  const auto route = FirstRoute(world);
  ASSERT_EQ(route.route().weighted_clusters().clusters_size(), 2);
  EXPECT_EQ(route.route().weighted_clusters().clusters(1).weight().value(), 0u);
}

TEST(TrapTest, AChangeOfRoutesLeavesListenersAndClusters) {  // changed listeners drain and cut connections
  World world = RoutedWorld();
  world.Route("api", "all", HttpRoute(R"({"prefix":"/"})"));
  const ProxyConfig before = world.CompileNode("client");
  world.Route("api", "all", HttpRoute(R"({"prefix":"/new"})", R"(,"timeout":{"perRequest":{"unit":"s","value":3}})"));
  const ProxyConfig after = world.CompileNode("client");
  for (const FragmentType type : {FragmentType::kListener, FragmentType::kCluster}) {
    EXPECT_EQ(NamesOf(after, type), NamesOf(before, type));
    for (const std::string& name : NamesOf(after, type)) EXPECT_EQ(Bytes(after, type, name), Bytes(before, type, name));
  }
  EXPECT_NE(Bytes(after, FragmentType::kRoute, "rds_egress_http_8000"),
            Bytes(before, FragmentType::kRoute, "rds_egress_http_8000"));
}

TEST(TrapTest, AnotherBackendOnAPortLeavesTheListener) {
  World world;
  world.Mesh().Node("api", NodeOn(80, "http")).Service("a.local", ByNode("api")).Service("b.local", ByNode("api"));
  const std::string one =
      Bytes(world.Node("client", ClientOf({"a.local"})).CompileNode("client"), FragmentType::kListener, kEgress);
  const std::string two = Bytes(world.Node("client", ClientOf({"a.local", "b.local"})).CompileNode("client"),
                                FragmentType::kListener, kEgress);
  EXPECT_EQ(one, two);
}

// Without Listener.stat_prefix and alt_stat_name: dashboards know the addresses and names.
TEST(TrapTest, StatNamesAreEnvoysOwn) {
  World world;
  world.Mesh()
      .Node("api", NodeOn(80, "http"))
      .Service("api.local", ByNode("api"))
      .Node("client", ClientOf({"api.local"}));
  const ProxyConfig config = world.CompileNode("client");
  EXPECT_EQ(EgressOf(config).stat_prefix(), "");
  for (const std::string& name : NamesOf(config, FragmentType::kCluster))
    EXPECT_EQ(ClusterOf(config, name).alt_stat_name(), "");
}

}  // namespace
}  // namespace chancery::compile
