// The rules of resolving, one by one: what is read, how things degrade, what goes with a fragment.

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/compile.h"
#include "compile/testing/invariants.h"
#include "compile/testing/world.h"

namespace chancery::compile {
namespace {

using envoy::config::cluster::v3::Cluster;
using envoy::config::listener::v3::Listener;
using envoy::config::route::v3::RouteConfiguration;
using model::Kind;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::FindFragment;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::NamesOf;
using ::testing::Not;
using testing::Parsed;
using testing::World;

constexpr char kHttpNode[] = R"({"listeners":[{"portMapping":{"port":80,"protocol":"http"}}],
    "serviceDiscovery":{"dns":{"hostname":"api.local"}}})";
constexpr char kClient[] = R"({"backends":[{"virtualService":{"virtualServiceName":"api.local"}}]})";
constexpr char kByRouter[] = R"({"provider":{"virtualRouter":{"virtualRouterName":"api"}}})";
constexpr char kByNode[] = R"({"provider":{"virtualNode":{"virtualNodeName":"api"}}})";
constexpr char kRouter[] = R"({"listeners":[{"portMapping":{"port":8000,"protocol":"http"}}]})";

std::vector<std::string> TextsOf(const ProxyConfig& config) {
  std::vector<std::string> texts;
  for (const Warning& warning : config.warnings) texts.push_back(warning.text);
  return texts;
}

TEST(ResolveTest, AbsentResourceIsEmptyAndWasLookedFor) {
  const ProxyConfig node = World().Mesh().CompileNode("nobody");
  EXPECT_THAT(node.fragments, IsEmpty());
  EXPECT_THAT(node.reads, Contains(ReadKey{Kind::kVirtualNode, "", "nobody"}));
  const ProxyConfig gateway = World().Mesh().CompileGateway("nobody");
  EXPECT_THAT(gateway.fragments, IsEmpty());
  EXPECT_THAT(gateway.reads, Contains(ReadKey{Kind::kVirtualGateway, "", "nobody"}));
}

TEST(ResolveTest, ReadsWhatIsAbsentAndNothingElse) {
  World world;
  world.Mesh().Node("client", kClient).Node("stranger", kHttpNode).Service("stranger.local", kByNode);
  EXPECT_THAT(world.CompileNode("client").reads,
              ElementsAre(ReadKey{Kind::kMesh, "", "shop"}, ReadKey{Kind::kVirtualNode, "", "client"},
                          ReadKey{Kind::kVirtualService, "", "api.local"}));

  world.Service("api.local", kByRouter);
  EXPECT_THAT(world.CompileNode("client").reads, Contains(ReadKey{Kind::kVirtualRouter, "", "api"}));
  world.Router("api", kRouter);
  EXPECT_THAT(world.CompileNode("client").reads, Contains(ReadKey{Kind::kRoute, "api", ""}));
  world.Route("api", "all", R"({"httpRoute":{"match":{"prefix":"/"},"action":{"weightedTargets":[
      {"virtualNode":"lost","weight":1}]}}})");
  const auto reads = world.CompileNode("client").reads;
  EXPECT_THAT(reads, Contains(ReadKey{Kind::kVirtualNode, "", "lost"}));
  EXPECT_THAT(reads, Not(Contains(ReadKey{Kind::kVirtualNode, "", "stranger"})));
}

TEST(ResolveTest, GatewayReadsItsRoutesAndTheirServices) {
  World world;
  world.Mesh().Gateway("edge", R"({"listeners":[{"portMapping":{"port":8088,"protocol":"http"}}]})");
  EXPECT_THAT(world.CompileGateway("edge").reads, Contains(ReadKey{Kind::kGatewayRoute, "edge", ""}));
  world.GatewayRoute("edge", "all", R"({"httpRoute":{"match":{"prefix":"/"},
      "action":{"target":{"virtualService":{"virtualServiceName":"lost.local"}}}}})");
  EXPECT_THAT(world.CompileGateway("edge").reads, Contains(ReadKey{Kind::kVirtualService, "", "lost.local"}));
}

TEST(ResolveTest, BackendWorksOnceItsServiceAppears) {
  World world;
  world.Mesh().Node("client", kClient).Node("api", kHttpNode);
  EXPECT_THAT(NamesOf(world.CompileNode("client"), FragmentType::kRoute), IsEmpty());
  world.Service("api.local", kByNode);
  EXPECT_THAT(NamesOf(world.CompileNode("client"), FragmentType::kRoute), ElementsAre("rds_egress_http_80"));
}

TEST(ResolveTest, RouterPortIsTheClientsPort) {
  World world;
  world.Mesh().Node("client", kClient).Node("api", kHttpNode).Service("api.local", kByRouter).Router("api", kRouter);
  world.Route("api", "all", R"({"httpRoute":{"match":{"prefix":"/"},"action":{"weightedTargets":[
      {"virtualNode":"api","weight":1}]}}})");
  const ProxyConfig config = world.CompileNode("client");
  EXPECT_THAT(NamesOf(config, FragmentType::kRoute), ElementsAre("rds_egress_http_8000"));
  EXPECT_THAT(NamesOf(config, FragmentType::kCluster), Contains("cds_egress_shop_api_http_80"));
  EXPECT_THAT(config.warnings, IsEmpty());
}

TEST(ResolveTest, FragmentsSayWhatTheyUse) {
  World world;
  world.Mesh().Node("api", kHttpNode).Node("client", kClient).Service("api.local", kByNode);
  const ProxyConfig client = world.CompileNode("client");
  const Fragment* cluster = FindFragment(client, FragmentType::kCluster, "cds_egress_shop_api_http_80");
  ASSERT_NE(cluster, nullptr);
  EXPECT_TRUE(cluster->dns);
  EXPECT_THAT(cluster->slots, IsEmpty());
  EXPECT_THAT(FindFragment(client, FragmentType::kRoute, "rds_egress_http_80")->clusters,
              ElementsAre("cds_egress_shop_api_http_80"));
  const Fragment* egress = FindFragment(client, FragmentType::kListener, "lds_egress_0.0.0.0_15001");
  EXPECT_THAT(egress->clusters, ElementsAre("cds_egress_shop_amazonaws"));
  EXPECT_THAT(egress->routes, ElementsAre("rds_egress_http_80"));
  EXPECT_THAT(egress->slots, ElementsAre(Slot::kBindEgress));

  const ProxyConfig api = world.CompileNode("api");
  EXPECT_THAT(FindFragment(api, FragmentType::kListener, "lds_ingress_0.0.0.0_15000")->slots,
              ElementsAre(Slot::kBindIngress));
  const Fragment* application = FindFragment(api, FragmentType::kCluster, "cds_ingress_shop_api_http_80");
  EXPECT_THAT(application->slots, ElementsAre(Slot::kBindApplication));
  EXPECT_FALSE(application->dns);
}

TEST(ResolveTest, GatewayHopCarriesTheEgressSlot) {
  World world;
  world.Mesh().Gateway("edge", R"({"listeners":[{"portMapping":{"port":8088,"protocol":"http"}}]})");
  const ProxyConfig edge = world.CompileGateway("edge");
  EXPECT_THAT(FindFragment(edge, FragmentType::kCluster, "cds_ingress_shop_edge_self_redirect_http_15001")->slots,
              ElementsAre(Slot::kBindEgress));
  EXPECT_THAT(FindFragment(edge, FragmentType::kListener, "lds_ingress_0.0.0.0_8088")->slots,
              ElementsAre(Slot::kBindIngress));
  EXPECT_THAT(FindFragment(edge, FragmentType::kListener, "lds_egress_0.0.0.0_15001")->slots,
              ElementsAre(Slot::kBindEgress));
}

TEST(ResolveTest, EmptyRouteConfigurationsAreStillThere) {
  World world;
  world.Mesh().Gateway("edge", R"({"listeners":[{"portMapping":{"port":8088,"protocol":"http"}}]})");
  EXPECT_THAT(NamesOf(world.CompileGateway("edge"), FragmentType::kRoute),
              ElementsAre("rds_egress_http_15001", "rds_ingress_http_8088"));
}

TEST(ResolveTest, ZeroWeightsAnswer503) {
  World world;
  world.Mesh().Node("client", kClient).Node("api", kHttpNode).Service("api.local", kByRouter).Router("api", kRouter);
  world.Route("api", "none", R"({"httpRoute":{"match":{"prefix":"/"},"action":{"weightedTargets":[
      {"virtualNode":"api","weight":0}]}}})");
  const ProxyConfig config = world.CompileNode("client");
  const auto routes = Parsed<RouteConfiguration>(config, FragmentType::kRoute, "rds_egress_http_8000");
  EXPECT_EQ(routes.virtual_hosts(0).routes(0).direct_response().status(), 503);
  EXPECT_THAT(config.warnings, ElementsAre(::testing::Field(&Warning::name, "none")));
}

TEST(ResolveTest, LargestNumbersStayWithinEnvoysLimits) {
  World world;
  world.Mesh().Node("client", kClient).Node("api", kHttpNode).Service("api.local", kByRouter).Router("api", kRouter);
  world.Route("api", "huge",
              R"({"httpRoute":{"match":{"prefix":"/"},"action":{"weightedTargets":[{"virtualNode":"api","weight":1}]},
      "timeout":{"perRequest":{"unit":"s","value":9223372036854775807}},
      "retryPolicy":{"maxRetries":9223372036854775807,"perRetryTimeout":{"unit":"ms","value":9223372036854775807},
                     "httpRetryEvents":["server-error"]}}})");
  const auto routes =
      Parsed<RouteConfiguration>(world.CompileNode("client"), FragmentType::kRoute, "rds_egress_http_8000");
  const auto& action = routes.virtual_hosts(0).routes(0).route();
  EXPECT_EQ(action.timeout().seconds(), 365 * 24 * 3600);
  EXPECT_EQ(action.retry_policy().per_try_timeout().seconds(), 365 * 24 * 3600);
  EXPECT_EQ(action.retry_policy().num_retries().value(), 4294967295u);
}

// Fail closed: what should be encrypted and cannot be is not sent in plaintext.

constexpr char kAcm[] =
    R"("certificate":{"acm":{"certificateArn":"arn:aws:acm:us-east-1:111111111111:certificate/c"}})";

std::string WithAcm(const char* mode, const char* protocol) {
  return fmt::format(R"({{"listeners":[{{"portMapping":{{"port":80,"protocol":"{}"}},"tls":{{"mode":"{}",{}}}}}],
      "serviceDiscovery":{{"dns":{{"hostname":"api.local"}}}}}})",
                     protocol, mode, kAcm);
}

TEST(FailClosedTest, ListenerWithAnAcmCertificateTakesNoConnections) {
  for (const char* mode : {"STRICT", "PERMISSIVE"}) {
    World world;
    world.Mesh().Node("api", WithAcm(mode, "http"));
    const ProxyConfig config = world.CompileNode("api");
    EXPECT_EQ(FindFragment(config, FragmentType::kListener, "lds_ingress_0.0.0.0_15000"), nullptr) << mode;
    EXPECT_THAT(NamesOf(config, FragmentType::kRoute), IsEmpty());
    EXPECT_THAT(TextsOf(config), Contains(HasSubstr("certificates of ACM are not served yet")));
  }
}

TEST(FailClosedTest, DisabledTlsNeedsNoCertificateThatIsServed) {
  World world;
  world.Mesh().Node("api", WithAcm("DISABLED", "http"));
  EXPECT_THAT(world.CompileNode("api").warnings, IsEmpty());
}

TEST(FailClosedTest, ClientsOfAnAcmCertificateGet503) {
  World world;
  world.Mesh().Node("api", WithAcm("PERMISSIVE", "http")).Service("api.local", kByNode).Node("client", kClient);
  const ProxyConfig config = world.CompileNode("client");
  const auto routes = Parsed<RouteConfiguration>(config, FragmentType::kRoute, "rds_egress_http_80");
  EXPECT_EQ(routes.virtual_hosts(0).routes(0).direct_response().status(), 503);
  EXPECT_EQ(FindFragment(config, FragmentType::kCluster, "cds_egress_shop_api_http_80"), nullptr);
}

TEST(FailClosedTest, PolicyWithAcmTrustIsAnsweredWith503) {
  World world;
  world.Mesh().Node("api", kHttpNode).Service("api.local", kByNode);
  world.Node("client", R"({"backends":[{"virtualService":{"virtualServiceName":"api.local"}}],"backendDefaults":
      {"clientPolicy":{"tls":{"validation":{"trust":{"acm":{"certificateAuthorityArns":["arn:aws:acm-pca:a:1:c/d"]}}}}}}})");
  const ProxyConfig config = world.CompileNode("client");
  const auto routes = Parsed<RouteConfiguration>(config, FragmentType::kRoute, "rds_egress_http_80");
  EXPECT_EQ(routes.virtual_hosts(0).routes(0).direct_response().status(), 503);
}

TEST(FailClosedTest, TcpThatNeedsTlsIsClosedAndNotLetPast) {
  World world;
  world.Mesh(R"({"egressFilter":{"type":"ALLOW_ALL"}})").Service("api.local", kByNode).Node("client", kClient);
  world.Node("api", WithAcm("STRICT", "tcp"));
  const ProxyConfig config = world.CompileNode("client");
  EXPECT_THAT(FindFragment(config, FragmentType::kListener, "lds_egress_0.0.0.0_15001")->clusters,
              Contains("cds_egress_shop_not-served"));
  const auto cluster = Parsed<Cluster>(config, FragmentType::kCluster, "cds_egress_shop_not-served");
  EXPECT_EQ(cluster.load_assignment().endpoints_size(), 0);
}

TEST(FailClosedTest, ShareOfATargetThatCannotBeServedIsNotGivenToOthers) {
  World world;
  world.Mesh().Node("client", kClient).Node("api", kHttpNode).Service("api.local", kByRouter).Router("api", kRouter);
  world.Node("map", R"({"listeners":[{"portMapping":{"port":80,"protocol":"http"}}],
      "serviceDiscovery":{"awsCloudMap":{"namespaceName":"n","serviceName":"s"}}})");
  world.Route("api", "split", R"({"httpRoute":{"match":{"prefix":"/"},"action":{"weightedTargets":[
      {"virtualNode":"api","weight":3},{"virtualNode":"map","weight":1}]}}})");
  const auto routes =
      Parsed<RouteConfiguration>(world.CompileNode("client"), FragmentType::kRoute, "rds_egress_http_8000");
  const auto& clusters = routes.virtual_hosts(0).routes(0).route().weighted_clusters().clusters();
  ASSERT_EQ(clusters.size(), 2);
  EXPECT_EQ(clusters[0].weight().value(), 3u);
  EXPECT_EQ(clusters[1].name(), "cds_egress_shop_not-served");
  EXPECT_EQ(clusters[1].weight().value(), 1u);
}

TEST(FailClosedTest, ClientCannotChooseAVirtualServiceOfTheGateway) {
  World world;
  world.Mesh().Gateway("edge", R"({"listeners":[{"portMapping":{"port":8088,"protocol":"http"}}]})");
  world.Node("api", kHttpNode).Service("a.local", kByNode).Service("b.local", kByNode);
  world.GatewayRoute("edge", "keeps", R"({"httpRoute":{"match":{"prefix":"/a"},"action":{
      "target":{"virtualService":{"virtualServiceName":"a.local"}},
      "rewrite":{"hostname":{"defaultTargetHostname":"DISABLED"}}}}})");
  world.GatewayRoute("edge", "rewrites", R"({"httpRoute":{"match":{"prefix":"/b"},"action":{
      "target":{"virtualService":{"virtualServiceName":"b.local"}}}}})");
  const ProxyConfig config = world.CompileGateway("edge");
  const auto ingress = Parsed<RouteConfiguration>(config, FragmentType::kRoute, "rds_ingress_http_8088");
  int overwrites = 0;
  int removes = 0;
  for (const auto& route : ingress.virtual_hosts(0).routes()) {
    removes += route.request_headers_to_remove_size();
    for (const auto& header : route.request_headers_to_add()) {
      overwrites += header.append_action() == envoy::config::core::v3::HeaderValueOption::OVERWRITE_IF_EXISTS_OR_ADD;
    }
  }
  EXPECT_EQ(overwrites, 2);  // "/a" and "/a/"
  EXPECT_EQ(removes, 2);     // "/b" and "/b/"
  // A client that sends Host: b.local to /a is still led to a.local.
  const auto egress = Parsed<RouteConfiguration>(config, FragmentType::kRoute, "rds_egress_http_15001");
  ASSERT_EQ(egress.virtual_hosts(1).name(), "b.local");
  EXPECT_EQ(egress.virtual_hosts(1).routes(0).match().headers(0).string_match().exact(), "a.local");
}

// What the second hop knows of a.local when its only route rewrites the host, and when it keeps it.
std::string SecondHop(const std::string& rewrite) {
  World world;
  world.Mesh().Gateway("edge", R"({"listeners":[{"portMapping":{"port":8088,"protocol":"http"}}]})");
  world.Node("api", kHttpNode).Service("a.local", kByNode);
  world.GatewayRoute("edge", "route",
                     R"({"httpRoute":{"match":{"prefix":"/"},"action":{
      "target":{"virtualService":{"virtualServiceName":"a.local"}},"rewrite":)" +
                         rewrite + "}}}");
  const ProxyConfig config = world.CompileGateway("edge");
  const auto egress = Parsed<RouteConfiguration>(config, FragmentType::kRoute, "rds_egress_http_15001");
  std::string names;
  for (const auto& host : egress.virtual_hosts()) names += host.name() + " ";
  return names;
}

TEST(GatewayTest, TheSecondHopTakesBothWaysWhileARouteChangesItsRewriteOfTheHost) {
  EXPECT_EQ(SecondHop("{}"), "a.local default_backend ");
  EXPECT_EQ(SecondHop(R"({"hostname":{"defaultTargetHostname":"DISABLED"}})"), "a.local default_backend ");
}

}  // namespace
}  // namespace chancery::compile
