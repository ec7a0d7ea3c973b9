// The trap list: one test for each complaint about App Mesh, and each refusal or surprise of an Envoy,
// that a compiler can prevent (contract/envoy.md §2.9, §5, §7). Here: one team cannot break another.

#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>
#include <envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.pb.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "compile/testing/invariants.h"
#include "compile/testing/random_mesh.h"
#include "compile/testing/specs.h"
#include "compile/testing/views.h"

namespace chancery::compile {
namespace {

using envoy::config::listener::v3::FilterChain;
using envoy::config::listener::v3::Listener;
using envoy::config::route::v3::VirtualHost;
using testing::ByNode;
using testing::ChainOn;
using testing::ClientOf;
using testing::EgressOf;
using ::testing::ElementsAre;
using testing::FindFragment;
using ::testing::HasSubstr;
using testing::HttpOf;
using testing::HttpRoute;
using ::testing::IsEmpty;
using testing::NodeOn;
using testing::RoutedWorld;
using testing::RoutesOf;
using testing::TcpOf;
using ::testing::UnorderedElementsAre;
using testing::World;

TEST(TrapTest, OneBadBackendLeavesTheOthers) {  // [rm#175], [ex#93]: the whole listener was refused
  World world;
  world.Mesh().Node("client", ClientOf({"a.local", "b.local", "c.local", "d.local", "e.local"}));
  world.Node("h1", NodeOn(80, "http")).Node("h2", NodeOn(80, "http2")).Node("tcp", NodeOn(80, "tcp"));
  world.Service("a.local", ByNode("h1")).Service("b.local", ByNode("h2")).Service("c.local", ByNode("tcp"));
  world.Service("d.local", ByNode("nobody")).Service("e.local", ByNode("h1"));
  const ProxyConfig config = world.CompileNode("client");
  EXPECT_THAT(testing::BrokenInvariants(config), IsEmpty());
  const auto routes = RoutesOf(config, "rds_egress_http_80");
  ASSERT_EQ(routes.virtual_hosts_size(), 2);
  EXPECT_EQ(routes.virtual_hosts(0).name(), "a.local");
  EXPECT_EQ(routes.virtual_hosts(1).name(), "e.local");
  std::vector<std::string> blamed;
  for (const Warning& warning : config.warnings) blamed.push_back(warning.name);
  EXPECT_THAT(blamed, UnorderedElementsAre("b.local", "c.local", "nobody"));
}

TEST(TrapTest, MixedProtocolsOnOnePortAreOneChain) {  // [rm#175]
  World world;
  world.Mesh().Node("client", ClientOf({"a.local", "b.local"}));
  world.Node("h2", NodeOn(80, "http2")).Node("h1", NodeOn(80, "http"));
  world.Service("a.local", ByNode("h2")).Service("b.local", ByNode("h1"));
  const Listener egress = EgressOf(world.CompileNode("client"));
  int on_80 = 0;
  for (const FilterChain& chain : egress.filter_chains())
    on_80 += chain.filter_chain_match().destination_port().value() == 80;
  EXPECT_EQ(on_80, 1);
  EXPECT_EQ(HttpOf(*ChainOn(egress, 80)).rds().route_config_name(), "rds_egress_http2_80");
}

TEST(TrapTest, OneBadRouteLeavesItsRouter) {
  World world = RoutedWorld();
  world.Route("api", "bad", HttpRoute(R"j({"path":{"regex":"(?!a)"}})j"));
  world.Route("api", "good", HttpRoute(R"({"prefix":"/"})"));
  const ProxyConfig config = world.CompileNode("client");
  EXPECT_EQ(RoutesOf(config, "rds_egress_http_8000").virtual_hosts(0).routes_size(), 1);
  EXPECT_THAT(config.warnings, ElementsAre(::testing::Field(&Warning::text, HasSubstr("RE2"))));
}

TEST(TrapTest, OnlyOneTcpBackendOnAPort) {  // [rm#195], [rm#435], [ctl#433]
  World world;
  world.Mesh()
      .Node("client", ClientOf({"b.local", "a.local"}))
      .Node("x", NodeOn(6379, "tcp"))
      .Node("y", NodeOn(6379, "tcp"));
  world.Service("a.local", ByNode("x")).Service("b.local", ByNode("y"));
  const ProxyConfig config = world.CompileNode("client");
  EXPECT_EQ(TcpOf(*ChainOn(EgressOf(config), 6379)).cluster(), "cds_egress_shop_x_tcp_6379");
  EXPECT_THAT(config.warnings, ElementsAre(::testing::Field(&Warning::name, "b.local")));
}

TEST(TrapTest, DuplicateDomainsBelongToTheFirst) {
  World world;
  world.Mesh().Node("client", ClientOf({"A.local", "a.local", "a.local:80"})).Node("x", NodeOn(80, "http"));
  world.Service("A.local", ByNode("x")).Service("a.local", ByNode("x")).Service("a.local:80", ByNode("x"));
  std::vector<std::string> domains;
  const auto routes = RoutesOf(world.CompileNode("client"), "rds_egress_http_80");
  for (const VirtualHost& host : routes.virtual_hosts()) {
    domains.insert(domains.end(), host.domains().begin(), host.domains().end());
  }
  EXPECT_THAT(domains, ElementsAre("A.local", "A.local:80", "a.local:80:80"));
}

TEST(TrapTest, AServiceNamedStarDoesNotTakeTheFallback) {
  World world;
  world.Mesh(R"({"egressFilter":{"type":"ALLOW_ALL"}})").Node("client", ClientOf({"*"})).Node("x", NodeOn(80, "http"));
  world.Service("*", ByNode("x"));
  const auto routes = RoutesOf(world.CompileNode("client"), "rds_egress_http_80");
  for (const VirtualHost& host : routes.virtual_hosts()) {
    const bool star = std::find(host.domains().begin(), host.domains().end(), "*") != host.domains().end();
    EXPECT_EQ(star, host.name() == "mesh_allow_all") << host.name();
  }
}

TEST(TrapTest, ADeletedTargetIsNoUnknownCluster) {  // [rm#50], [rm#49]; over RDS an Envoy takes it and answers 503 NC
  World world = RoutedWorld();
  world.Route("api", "all", R"({"httpRoute":{"match":{"prefix":"/"},"action":{"weightedTargets":[
      {"virtualNode":"api","weight":1},{"virtualNode":"deleted","weight":1}]}}})");
  const ProxyConfig config = world.CompileNode("client");
  EXPECT_THAT(testing::BrokenInvariants(config), IsEmpty());
  EXPECT_THAT(FindFragment(config, FragmentType::kRoute, "rds_egress_http_8000")->clusters,
              ElementsAre("cds_egress_shop_api_http_80", "cds_egress_shop_not-served"));
}

TEST(TrapTest, ARecreatedNodeHasNothingOfItsPredecessor) {  // [rm#49], [rm#50]
  const World fresh = [] {
    World world;
    world.Mesh().Node("client", ClientOf({"api.local"})).Service("api.local", ByNode("api"));
    return world;
  }();
  World renewed = fresh;
  renewed.Node("api", NodeOn(80, "http"));
  renewed.Node("api", NodeOn(81, "grpc"));
  World once = fresh;
  once.Node("api", NodeOn(81, "grpc"));
  EXPECT_EQ(testing::Contents(renewed.CompileNode("client")), testing::Contents(once.CompileNode("client")));
}

}  // namespace
}  // namespace chancery::compile
