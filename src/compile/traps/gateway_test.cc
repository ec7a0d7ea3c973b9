// The trap list: one test for each complaint about App Mesh, and each refusal or surprise of an Envoy,
// that a compiler can prevent (contract/envoy.md §2.9, §5, §7). Here: gateways.

#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "compile/testing/invariants.h"
#include "compile/testing/specs.h"
#include "compile/testing/views.h"

namespace chancery::compile {
namespace {

using envoy::config::route::v3::VirtualHost;
using testing::ByNode;
using testing::ByRouter;
using testing::EgressOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HttpRoute;
using ::testing::IsEmpty;
using testing::kEgress;
using testing::NamesOf;
using testing::NodeOn;
using testing::RouterOn;
using testing::RoutesOf;
using ::testing::UnorderedElementsAre;
using testing::World;

constexpr char kGateway[] = R"({"listeners":[{"portMapping":{"port":8088,"protocol":"http"}}]})";

std::string GatewayRoute(std::string_view match, std::string_view service, std::string_view rewrite = "") {
  return fmt::format(
      R"({{"httpRoute":{{"match":{},"action":{{"target":{{"virtualService":{{"virtualServiceName":"{}"}}}}{}}}}}}})",
      match, service, rewrite);
}

constexpr char kKeepsHost[] = R"(,"rewrite":{"hostname":{"defaultTargetHostname":"DISABLED"}})";

// A gateway "edge" and the virtual services a.local and b.local.
World Edge() {
  World world;
  world.Mesh().Gateway("edge", kGateway).Node("api", NodeOn(80, "http"));
  world.Service("a.local", ByNode("api")).Service("b.local", ByNode("api"));
  return world;
}

TEST(TrapTest, AForgedVirtualServiceHeaderIsOverwritten) {  // on 1.40.0 the client would choose its service
  World world = Edge();
  world.GatewayRoute("edge", "keeps", GatewayRoute(R"({"prefix":"/"})", "a.local", kKeepsHost));
  const auto ingress = RoutesOf(world.CompileGateway("edge"), "rds_ingress_http_8088");
  const auto& header = ingress.virtual_hosts(0).routes(0).request_headers_to_add(0);
  EXPECT_EQ(header.header().key(), "x-app-mesh-virtual-service");
  EXPECT_EQ(header.append_action(), envoy::config::core::v3::HeaderValueOption::OVERWRITE_IF_EXISTS_OR_ADD);
}

TEST(TrapTest, AForgedVirtualServiceHeaderIsRemovedWhereTheHostIsRewritten) {
  World world = Edge();
  world.GatewayRoute("edge", "keeps", GatewayRoute(R"({"prefix":"/keeps/"})", "a.local", kKeepsHost));
  world.GatewayRoute("edge", "rewrites", GatewayRoute(R"({"prefix":"/"})", "b.local"));
  const auto ingress = RoutesOf(world.CompileGateway("edge"), "rds_ingress_http_8088");
  const auto& rewrites = ingress.virtual_hosts(0).routes(1);
  EXPECT_EQ(rewrites.route().host_rewrite_literal(), "b.local");
  EXPECT_THAT(rewrites.request_headers_to_remove(), ElementsAre("x-app-mesh-virtual-service"));
}

TEST(TrapTest, AGatewayWaitsAsLongAsItsTarget) {  // [rm#376], with and without a rewritten host
  for (const char* rewrite : {"", kKeepsHost}) {
    World world;
    world.Mesh().Gateway("edge", kGateway).Node("api", NodeOn(80, "http"));
    world.Service("a.local", ByRouter("r")).Router("r", RouterOn(80, "http"));
    world.Route("r", "slow",
                HttpRoute(R"({"prefix":"/slow"})", R"(,"timeout":{"perRequest":{"unit":"s","value":40}})"));
    world.Route("r", "rest", HttpRoute(R"({"prefix":"/"})", R"(,"timeout":{"perRequest":{"unit":"s","value":1}})"));
    world.GatewayRoute("edge", "all", GatewayRoute(R"({"prefix":"/"})", "a.local", rewrite));
    const auto ingress = RoutesOf(world.CompileGateway("edge"), "rds_ingress_http_8088");
    EXPECT_EQ(ingress.virtual_hosts(0).routes(0).route().timeout().seconds(), 40) << rewrite;
  }
}

TEST(TrapTest, GatewayHopsDoNotRetry) {  // else attempts would multiply with those of the second hop
  World world = Edge();
  world.GatewayRoute("edge", "all", GatewayRoute(R"({"prefix":"/"})", "a.local"));
  const ProxyConfig config = world.CompileGateway("edge");
  EXPECT_FALSE(RoutesOf(config, "rds_ingress_http_8088").virtual_hosts(0).routes(0).route().has_retry_policy());
  EXPECT_TRUE(RoutesOf(config, "rds_egress_http_15001").virtual_hosts(0).routes(0).route().has_retry_policy());
}

TEST(TrapTest, AMixedGatewayHasOneChainOnItsSecondHop) {  // two of one match are refused
  World world = Edge();
  world.Gateway(
      "edge",
      R"({"listeners":[{"portMapping":{"port":1,"protocol":"http"}},{"portMapping":{"port":2,"protocol":"http2"}},
      {"portMapping":{"port":3,"protocol":"grpc"}}]})");
  const ProxyConfig config = world.CompileGateway("edge");
  EXPECT_THAT(testing::BrokenInvariants(config), IsEmpty());
  EXPECT_EQ(EgressOf(config).filter_chains_size(), 1);
  EXPECT_THAT(NamesOf(config, FragmentType::kCluster), ElementsAre("cds_ingress_shop_edge_self_redirect_1_http_15001",
                                                                   "cds_ingress_shop_edge_self_redirect_2_http2_15001",
                                                                   "cds_ingress_shop_edge_self_redirect_3_grpc_15001"));
}

// Tried: without it anybody reaches every target in plaintext, past the listener's TLS, its clients' certificates and
// routes.
TEST(TrapTest, TheSecondHopIsForTheGatewayItself) {
  World world = Edge();
  world.GatewayRoute("edge", "all", GatewayRoute(R"({"prefix":"/"})", "a.local"));
  const auto egress = EgressOf(world.CompileGateway("edge"));
  ASSERT_EQ(egress.filter_chains_size(), 1);
  EXPECT_EQ(egress.filter_chains(0).filter_chain_match().source_type(),
            envoy::config::listener::v3::FilterChainMatch::SAME_IP_OR_LOOPBACK);
}

// The API takes both names, to Envoy they are one Host: the second service's requests would go to the first.
TEST(TrapTest, ServicesWhoseNamesDifferInCaseAreTwo) {
  World world = Edge();
  world.Service("A.local", ByNode("api"));
  world.GatewayRoute("edge", "lower", GatewayRoute(R"({"prefix":"/lower"})", "a.local"));
  world.GatewayRoute("edge", "upper", GatewayRoute(R"({"prefix":"/upper"})", "A.local"));
  const ProxyConfig config = world.CompileGateway("edge");
  EXPECT_THAT(testing::BrokenInvariants(config), IsEmpty());
  EXPECT_THAT(config.warnings, ElementsAre(::testing::Field(&Warning::text, HasSubstr("when case is ignored"))));
  const auto ingress = RoutesOf(config, "rds_ingress_http_8088");
  std::map<std::string, std::string> ways;
  for (const auto& route : ingress.virtual_hosts(0).routes()) {
    const bool by_host = !route.route().host_rewrite_literal().empty();
    const std::string prefix = route.match().prefix();
    ways[prefix.substr(0, prefix.find('/', 1))] =
        by_host ? "host " + route.route().host_rewrite_literal()
                : "header " +
                      (route.request_headers_to_add_size() > 0 ? route.request_headers_to_add(0).header().value() : "");
  }
  EXPECT_THAT(ways, UnorderedElementsAre(::testing::Pair("/lower", "header a.local"),
                                         ::testing::Pair("/upper", "host A.local")));
}

TEST(TrapTest, AGatewayListenerOnTheSecondHopsPortIsLeftOut) {  // two listeners of one address are refused
  World world = Edge();
  world.Gateway("edge", R"({"listeners":[{"portMapping":{"port":15001,"protocol":"http"}}]})");
  const ProxyConfig config = world.CompileGateway("edge");
  EXPECT_THAT(NamesOf(config, FragmentType::kListener), ElementsAre(kEgress));
  EXPECT_THAT(config.warnings, ElementsAre(::testing::Field(&Warning::text, HasSubstr("15001"))));
}

TEST(TrapTest, HostnameMatchesTakeThePortToo) {  // [rm#365], [rm#403]
  World world = Edge();
  world.GatewayRoute("edge", "exact", GatewayRoute(R"({"prefix":"/","hostname":{"exact":"shop.example"}})", "a.local"));
  world.GatewayRoute("edge", "suffix", GatewayRoute(R"({"prefix":"/","hostname":{"suffix":".example"}})", "a.local"));
  std::vector<std::string> domains;
  const auto ingress = RoutesOf(world.CompileGateway("edge"), "rds_ingress_http_8088");
  for (const VirtualHost& host : ingress.virtual_hosts()) {
    domains.insert(domains.end(), host.domains().begin(), host.domains().end());
  }
  EXPECT_THAT(domains, UnorderedElementsAre("*", "shop.example", "shop.example:8088", "*.example", "*.example:8088"));
}

TEST(TrapTest, APathIsRewrittenWithoutPathRewrite) {  // 1.36 ignores path_rewrite silently
  World world = Edge();
  constexpr char kRewrite[] = R"(,"rewrite":{"path":{"exact":"/new"}})";
  world.GatewayRoute("edge", "exact", GatewayRoute(R"({"path":{"exact":"/e"}})", "a.local", kRewrite));
  world.GatewayRoute("edge", "regex", GatewayRoute(R"({"path":{"regex":"/r.*"}})", "a.local", kRewrite));
  const auto ingress = RoutesOf(world.CompileGateway("edge"), "rds_ingress_http_8088");
  ASSERT_EQ(ingress.virtual_hosts(0).routes_size(), 2);
  for (const auto& route : ingress.virtual_hosts(0).routes()) {
    EXPECT_EQ(route.route().prefix_rewrite(), "/new");
    EXPECT_FALSE(route.route().has_path_rewrite_policy());
  }
}

TEST(TrapTest, AServiceWithoutRoutesIsStillAnEmptyHost) {  // a name that is asked for must be answered
  World world;
  world.Mesh().Gateway("edge", kGateway).Service("bare.local", "{}");
  world.GatewayRoute("edge", "all", GatewayRoute(R"({"prefix":"/"})", "bare.local"));
  const ProxyConfig config = world.CompileGateway("edge");
  EXPECT_THAT(NamesOf(config, FragmentType::kRoute), ElementsAre("rds_egress_http_15001", "rds_ingress_http_8088"));
  const auto egress = RoutesOf(config, "rds_egress_http_15001");
  ASSERT_EQ(egress.virtual_hosts_size(), 1);
  EXPECT_EQ(egress.virtual_hosts(0).routes_size(), 0);
}

}  // namespace
}  // namespace chancery::compile
