// The trap list: one test for each complaint about App Mesh, and each refusal or surprise of an Envoy,
// that a compiler can prevent (contract/envoy.md §2.9, §5, §7). Here: matches, retries, timeouts.

#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/testing/specs.h"
#include "compile/testing/views.h"

namespace chancery::compile {
namespace {

using envoy::config::listener::v3::Listener;
using testing::ByNode;
using testing::ByRouter;
using testing::ClientOf;
using ::testing::ElementsAre;
using testing::FirstRoute;
using testing::HttpOf;
using testing::HttpRoute;
using testing::kIngress;
using testing::NodeOn;
using testing::Parsed;
using testing::RoutedWorld;
using testing::RouterOn;
using testing::RoutesOf;
using testing::World;

TEST(TrapTest, AnInvertedValueMatchNeedsTheHeader) {  // Envoy's and App Mesh's meaning: absent is no match
  World world = RoutedWorld();
  world.Route("api", "not-a",
              HttpRoute(R"({"prefix":"/","headers":[{"name":"x","match":{"exact":"a"},"invert":true}]})"));
  const auto header = FirstRoute(world).match().headers(0);
  EXPECT_TRUE(header.invert_match());
  EXPECT_EQ(header.string_match().exact(), "a");
  EXPECT_FALSE(header.treat_missing_header_as_empty());
}

TEST(TrapTest, AnInvertedNameMatchIsAbsence) {
  World world = RoutedWorld();
  world.Route("api", "without", HttpRoute(R"({"prefix":"/","headers":[{"name":"x","invert":true}]})"));
  const auto header = FirstRoute(world).match().headers(0);
  EXPECT_TRUE(header.present_match());
  EXPECT_TRUE(header.invert_match());
}

TEST(TrapTest, NoTokenOfTheApiReachesEnvoy) {  // an unknown token is accepted, and nothing is retried
  World world = RoutedWorld();
  world.Route("api", "all", HttpRoute(R"({"prefix":"/"})", R"(,"retryPolicy":{"maxRetries":2,
      "perRetryTimeout":{"unit":"s","value":1},"tcpRetryEvents":["connection-error"],
      "httpRetryEvents":["server-error","gateway-error","client-error","stream-error"]})"));
  world.Node("grpc", NodeOn(80, "grpc")).Node("caller", ClientOf({"grpc.local"}));
  world.Service("grpc.local", ByRouter("grpc")).Router("grpc", RouterOn(80, "grpc"));
  world.Route("grpc", "all",
              R"({"grpcRoute":{"match":{},"action":{"weightedTargets":[{"virtualNode":"grpc","weight":1}]},
      "retryPolicy":{"maxRetries":2,"perRetryTimeout":{"unit":"s","value":1},
      "grpcRetryEvents":["cancelled","deadline-exceeded","internal","resource-exhausted","unavailable"],
      "httpRetryEvents":["server-error"],"tcpRetryEvents":["connection-error"]}}})");
  const std::string http = FirstRoute(world).route().retry_policy().retry_on();
  EXPECT_EQ(http, "reset,connect-failure,refused-stream,retriable-status-codes");
  const auto grpc = RoutesOf(world.CompileNode("caller"), "rds_egress_grpc_80").virtual_hosts(0).routes(0);
  EXPECT_EQ(grpc.route().retry_policy().retry_on(),
            "cancelled,deadline-exceeded,internal,resource-exhausted,unavailable,reset,connect-failure,"
            "retriable-status-codes");
}

TEST(TrapTest, NoRetriesIsNotOneRetry) {  // Envoy's default is 1
  World world = RoutedWorld();
  world.Route("api", "none", HttpRoute(R"({"prefix":"/"})", R"(,"retryPolicy":{"maxRetries":0,
      "perRetryTimeout":{"unit":"s","value":1},"httpRetryEvents":["server-error"]})"));
  ASSERT_TRUE(FirstRoute(world).route().retry_policy().has_num_retries());
  EXPECT_EQ(FirstRoute(world).route().retry_policy().num_retries().value(), 0u);
}

TEST(TrapTest, ServicesOfANodeRetryToo) {  // [rm#194], [rm#229]
  World world;
  world.Mesh()
      .Node("client", ClientOf({"api.local"}))
      .Node("api", NodeOn(80, "http"))
      .Service("api.local", ByNode("api"));
  const auto route = RoutesOf(world.CompileNode("client"), "rds_egress_http_80").virtual_hosts(0).routes(0).route();
  EXPECT_EQ(route.retry_policy().num_retries().value(), 2u);
  EXPECT_THAT(route.retry_policy().retriable_status_codes(), ElementsAre(503u));
  EXPECT_EQ(route.retry_policy().retry_host_predicate_size(), 1);
  EXPECT_FALSE(route.has_timeout());  // 15 s are Envoy's own
}

TEST(TrapTest, RoutesWithoutPriorityComeLast) {
  World world = RoutedWorld();
  world.Route("api", "a-catch-all", HttpRoute(R"({"prefix":"/longest/prefix/of/all"})"));
  world.Route("api", "z-first", R"({"priority":1000,"httpRoute":{"match":{"prefix":"/"},
      "action":{"weightedTargets":[{"virtualNode":"api","weight":1}]}}})");
  EXPECT_EQ(FirstRoute(world).match().prefix(), "/");
}

TEST(TrapTest, ZeroDisablesATimeout) {  // and is not "unset", which is 15 s
  World world = RoutedWorld();
  world.Route("api", "never",
              HttpRoute(R"({"prefix":"/"})",
                        R"(,"timeout":{"perRequest":{"unit":"s","value":0},"idle":{"unit":"s","value":0}})"));
  const auto route = FirstRoute(world).route();
  ASSERT_TRUE(route.has_timeout() && route.has_idle_timeout());
  EXPECT_EQ(route.timeout().seconds(), 0);
  EXPECT_EQ(route.idle_timeout().seconds(), 0);
}

TEST(TrapTest, TheServersTimeoutIsOnTheServersRoute) {  // [rm#53], [rm#443]
  World world;
  world.Mesh().Node(
      "api", NodeOn(80, "http",
                    R"(,"timeout":{"http":{"perRequest":{"unit":"s","value":60},"idle":{"unit":"s","value":90}}})"));
  const auto route = RoutesOf(world.CompileNode("api"), "rds_ingress_http_80").virtual_hosts(0).routes(0).route();
  EXPECT_EQ(route.timeout().seconds(), 60);
  EXPECT_EQ(route.idle_timeout().seconds(), 90);
}

TEST(TrapTest, AHostMayCarryItsPort) {  // [rm#365]
  World world;
  world.Mesh()
      .Node("client", ClientOf({"api.local"}))
      .Node("api", NodeOn(80, "http"))
      .Service("api.local", ByNode("api"));
  EXPECT_THAT(RoutesOf(world.CompileNode("client"), "rds_egress_http_80").virtual_hosts(0).domains(),
              ElementsAre("api.local", "api.local:80"));
}

TEST(TrapTest, WebsocketsAreOfHttpAlone) {  // [rm#465]
  for (const char* protocol : {"http", "http2", "grpc"}) {
    World world;
    world.Mesh().Node("api", NodeOn(80, protocol));
    const auto ingress = Parsed<Listener>(world.CompileNode("api"), FragmentType::kListener, kIngress);
    EXPECT_EQ(HttpOf(ingress.filter_chains(0)).upgrade_configs_size(), std::string(protocol) == "http" ? 1 : 0)
        << protocol;
  }
}

}  // namespace
}  // namespace chancery::compile
