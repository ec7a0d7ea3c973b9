// TLS of whole proxies: chains and the inspector, clusters and their names, fail closed.

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/transport_sockets/tls/v3/tls.pb.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "compile/testing/invariants.h"
#include "compile/testing/world.h"

namespace chancery::compile {
namespace {

using envoy::config::cluster::v3::Cluster;
using envoy::config::listener::v3::Listener;
using envoy::config::route::v3::RouteConfiguration;
using envoy::extensions::transport_sockets::tls::v3::DownstreamTlsContext;
using envoy::extensions::transport_sockets::tls::v3::UpstreamTlsContext;
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FindFragment;
using ::testing::IsEmpty;
using testing::NamesOf;
using ::testing::Pair;
using testing::Parsed;
using ::testing::StartsWith;
using testing::World;

#define CERTIFICATE R"("certificate":{"file":{"certificateChain":"/c.pem","privateKey":"/k.pem"}})"

std::string Port(int port, const char* protocol, const char* mode = nullptr) {
  const std::string tls = mode == nullptr ? "" : fmt::format(R"(,"tls":{{"mode":"{}",{}}})", mode, CERTIFICATE);
  return fmt::format(R"({{"portMapping":{{"port":{},"protocol":"{}"}}{}}})", port, protocol, tls);
}

std::string Node(const std::string& listeners) {
  return fmt::format(R"({{"listeners":[{}],"serviceDiscovery":{{"dns":{{"hostname":"api.local"}}}}}})", listeners);
}

std::string ByNode(const char* node) {
  return fmt::format(R"({{"provider":{{"virtualNode":{{"virtualNodeName":"{}"}}}}}})", node);
}

std::string Policy(const char* more) { return fmt::format(R"("clientPolicy":{{"tls":{{{}}}}})", more); }

std::string Backend(const char* service, const std::string& policy = "") {
  return fmt::format(R"({{"virtualService":{{"virtualServiceName":"{}"{}}}}})", service,
                     policy.empty() ? "" : "," + policy);
}

constexpr char kTrust[] = R"("validation":{"trust":{"file":{"certificateChain":"/ca.pem"}}})";
constexpr char kOtherTrust[] = R"("validation":{"trust":{"file":{"certificateChain":"/other.pem"}}})";
constexpr char kNotEnforced[] = R"("enforce":false,"validation":{"trust":{"file":{"certificateChain":"/ca.pem"}}})";

// What the EMS goes by when a cluster changes hands (docs/adr/0017).
TEST(StrictnessTest, IsWhatTheClusterAsksOfItsServer) {
  const auto strictness = [](const char* mode, const std::string& policy) {
    World world;
    world.Mesh().Node("client", R"({"backends":[)" + Backend("api.local", policy) + "]}");
    world.Node("api", Node(Port(80, "http", mode))).Service("api.local", ByNode("api"));
    const ProxyConfig config = world.CompileNode("client");
    for (const FragmentPtr& fragment : config.fragments) {
      if (fragment->name == "cds_egress_shop_api_http_80") return fragment->strictness;
    }
    ADD_FAILURE() << "no such cluster";
    return Strictness::kPlaintext;
  };
  const std::string named =
      R"("validation":{"subjectAlternativeNames":{"match":{"exact":["a"]}},"trust":{"file":{"certificateChain":"/ca.pem"}}})";
  EXPECT_EQ(strictness(nullptr, ""), Strictness::kPlaintext);
  EXPECT_EQ(strictness("STRICT", ""), Strictness::kEncrypted);
  EXPECT_EQ(strictness("STRICT", Policy(kNotEnforced)), Strictness::kTrusted);
  EXPECT_EQ(strictness("STRICT", Policy(named.c_str())), Strictness::kNamed);
}

TEST(StrictnessTest, AListenerBindsItsOwnPortsAlone) {
  World world;
  world.Mesh(R"({"egressFilter":{"type":"ALLOW_ALL"}})");
  world.Node("client", R"({"backends":[)" + Backend("api.local") + "]}");
  world.Node("api", Node(Port(443, "tcp"))).Service("api.local", ByNode("api"));
  const ProxyConfig config = world.CompileNode("client");
  const auto egress = std::ranges::find_if(config.fragments, [](const auto& f) { return f->name.starts_with("lds_"); });
  ASSERT_NE(egress, config.fragments.end());
  EXPECT_THAT((*egress)->ports, ElementsAre(443)) << "a tcp backend is bound, what is passed through is not";
}

Listener IngressOf(const std::string& listeners) {
  World world;
  world.Mesh().Node("api", Node(listeners));
  const ProxyConfig config = world.CompileNode("api");
  EXPECT_THAT(testing::BrokenInvariants(config), IsEmpty());
  return Parsed<Listener>(config, FragmentType::kListener, "lds_ingress_0.0.0.0_15000");
}

// Ports on which the TLS inspector works.
std::vector<int> InspectedPorts(const Listener& listener) {
  std::vector<int> ports;
  for (const auto& filter : listener.listener_filters()) {
    if (filter.name() != "envoy.filters.listener.tls_inspector") continue;
    const auto& enabled = filter.filter_disabled().not_match();
    if (enabled.has_destination_port_range()) ports.push_back(enabled.destination_port_range().start());
    for (const auto& rule : enabled.or_match().rules()) ports.push_back(rule.destination_port_range().start());
  }
  return ports;
}

// What the chains of a port match, by transport protocol, and whether they shake hands.
std::multimap<std::string, bool> ChainsOn(const Listener& listener, uint32_t port) {
  std::multimap<std::string, bool> chains;
  for (const auto& chain : listener.filter_chains()) {
    const auto& match = chain.filter_chain_match();
    if (match.destination_port().value() == port)
      chains.emplace(match.transport_protocol(), chain.has_transport_socket());
  }
  return chains;
}

TEST(ServerChainsTest, StrictNeedsNoInspector) {
  const Listener listener = IngressOf(Port(80, "http", "STRICT"));
  EXPECT_THAT(ChainsOn(listener, 80), ElementsAre(Pair("", true)));
  EXPECT_THAT(InspectedPorts(listener), IsEmpty());
  EXPECT_FALSE(listener.has_listener_filters_timeout());
}

TEST(ServerChainsTest, PermissiveHttpHasTwinsAndEnvoysOwnPatience) {
  const Listener listener = IngressOf(Port(80, "http", "PERMISSIVE"));
  EXPECT_THAT(ChainsOn(listener, 80), ElementsAre(Pair("raw_buffer", false), Pair("tls", true)));
  EXPECT_THAT(InspectedPorts(listener), ElementsAre(80));
  EXPECT_FALSE(listener.has_listener_filters_timeout());
}

TEST(ServerChainsTest, PermissiveTcpLetsTheServerSpeakFirst) {
  const Listener listener = IngressOf(Port(3306, "tcp", "PERMISSIVE"));
  EXPECT_THAT(ChainsOn(listener, 3306), ElementsAre(Pair("raw_buffer", false), Pair("tls", true)));
  EXPECT_TRUE(listener.continue_on_listener_filters_timeout());
  EXPECT_EQ(listener.listener_filters_timeout().nanos(), 500'000'000);
}

// A plain or STRICT port beside a PERMISSIVE one: the inspector would delay its server's greeting.
TEST(ServerChainsTest, InspectorKeepsOffPortsThatDoNotNeedIt) {
  const Listener listener =
      IngressOf(Port(3306, "tcp") + "," + Port(25, "tcp", "STRICT") + "," + Port(80, "http", "PERMISSIVE") + "," +
                Port(81, "http", "DISABLED") + "," + Port(5432, "tcp", "PERMISSIVE"));
  EXPECT_THAT(InspectedPorts(listener), ElementsAre(80, 5432));
  EXPECT_THAT(ChainsOn(listener, 3306), ElementsAre(Pair("", false)));
  EXPECT_THAT(ChainsOn(listener, 25), ElementsAre(Pair("", true)));
  EXPECT_THAT(ChainsOn(listener, 81), ElementsAre(Pair("", false)));
}

TEST(ServerChainsTest, MutualTlsRequiresACertificate) {
  World world;
  world.Mesh().Node("api", Node(R"({"portMapping":{"port":80,"protocol":"http"},"tls":{"mode":"STRICT",)" CERTIFICATE
                                R"(,"validation":{"trust":{"sds":{"secretName":"ca"}},
      "subjectAlternativeNames":{"match":{"exact":["spiffe://shop/front"]}}}}})"));
  const auto listener =
      Parsed<Listener>(world.CompileNode("api"), FragmentType::kListener, "lds_ingress_0.0.0.0_15000");
  DownstreamTlsContext context;
  ASSERT_TRUE(listener.filter_chains(0).transport_socket().typed_config().UnpackTo(&context));
  EXPECT_TRUE(context.require_client_certificate().value());
  const auto& combined = context.common_tls_context().combined_validation_context();
  EXPECT_EQ(combined.validation_context_sds_secret_config().name(), "ca");
  EXPECT_EQ(combined.default_validation_context().match_typed_subject_alt_names_size(), 2);  // as DNS, as URI
}

TEST(ServerChainsTest, UnservedPortLeavesTheOthersAlone) {
  const Listener listener =
      IngressOf(R"({"portMapping":{"port":80,"protocol":"http"},"tls":{"mode":"STRICT","certificate":{"acm":
      {"certificateArn":"arn:aws:acm:us-east-1:111111111111:certificate/c"}}}},)" +
                Port(81, "http", "STRICT"));
  EXPECT_THAT(ChainsOn(listener, 80), IsEmpty());
  EXPECT_THAT(ChainsOn(listener, 81), ElementsAre(Pair("", true)));
}

TEST(GatewayTlsTest, ListenersOfBothKinds) {
  World world;
  world.Mesh().Gateway("edge", fmt::format(R"({{"listeners":[{},{}]}})", Port(443, "http", "STRICT"),
                                           Port(8088, "http2", "PERMISSIVE")));
  const ProxyConfig config = world.CompileGateway("edge");
  EXPECT_THAT(testing::BrokenInvariants(config), IsEmpty());
  const auto strict = Parsed<Listener>(config, FragmentType::kListener, "lds_ingress_0.0.0.0_443");
  EXPECT_THAT(ChainsOn(strict, 443), ElementsAre(Pair("", true)));
  const auto permissive = Parsed<Listener>(config, FragmentType::kListener, "lds_ingress_0.0.0.0_8088");
  EXPECT_THAT(ChainsOn(permissive, 8088), ElementsAre(Pair("raw_buffer", false), Pair("tls", true)));
}

// Names of the clusters to node `api`.
std::vector<std::string> ClustersTo(const ProxyConfig& config) {
  std::vector<std::string> names;
  for (const std::string& name : NamesOf(config, FragmentType::kCluster)) {
    if (name.starts_with("cds_egress_shop_api")) names.push_back(name);
  }
  return names;
}

std::string TrustOf(const ProxyConfig& config, const std::string& cluster) {
  const auto parsed = Parsed<Cluster>(config, FragmentType::kCluster, cluster);
  UpstreamTlsContext context;
  if (!parsed.transport_socket().typed_config().UnpackTo(&context)) return "plaintext";
  return context.common_tls_context().validation_context().trusted_ca().filename();
}

// The cluster to which virtual service `service` leads on port 80.
std::string ClusterOf(const ProxyConfig& config, const std::string& service) {
  const auto routes = Parsed<RouteConfiguration>(config, FragmentType::kRoute, "rds_egress_http_80");
  for (const auto& host : routes.virtual_hosts()) {
    if (host.name() == service) return host.routes(0).route().weighted_clusters().clusters(0).name();
  }
  return "";
}

ProxyConfig Client(const std::string& backends, const std::string& server = Port(80, "http")) {
  World world;
  world.Mesh().Node("api", Node(server));
  for (const char* name : {"a.local", "b.local", "c.local"}) world.Service(name, ByNode("api"));
  world.Node("client", fmt::format(R"({{"backends":[{}]}})", backends));
  ProxyConfig config = world.CompileNode("client");
  EXPECT_THAT(testing::BrokenInvariants(config), IsEmpty());
  return config;
}

constexpr char kObserved[] = "cds_egress_shop_api_http_80";

TEST(TwoPoliciesTest, EqualOnesShareTheObservedCluster) {
  const auto config = Client(Backend("a.local", Policy(kTrust)) + "," + Backend("b.local", Policy(kTrust)));
  EXPECT_THAT(ClustersTo(config), ElementsAre(kObserved));
}

TEST(TwoPoliciesTest, BothHoldAndTheFirstByNameKeepsTheObservedCluster) {
  const auto config = Client(Backend("b.local", Policy(kOtherTrust)) + "," + Backend("a.local", Policy(kTrust)));
  ASSERT_EQ(ClustersTo(config).size(), 2u);
  EXPECT_EQ(ClusterOf(config, "a.local"), kObserved);
  EXPECT_EQ(TrustOf(config, kObserved), "/ca.pem");
  // Protocol and port stay the last parts: users take names apart from the right.
  EXPECT_THAT(ClusterOf(config, "b.local"),
              AllOf(StartsWith("cds_egress_shop_api_tls-"), ::testing::EndsWith("_http_80")));
  EXPECT_EQ(TrustOf(config, ClusterOf(config, "b.local")), "/other.pem");
}

// A weaker policy whose service comes first by name does not take the cluster of one that is in use.
TEST(TwoPoliciesTest, TheMoreDemandingKeepsTheObservedCluster) {
  const auto config = Client(Backend("a.local") + "," + Backend("b.local", Policy(kNotEnforced)) + "," +
                             Backend("c.local", Policy(kOtherTrust)));
  EXPECT_EQ(ClusterOf(config, "c.local"), kObserved);
  EXPECT_EQ(TrustOf(config, kObserved), "/other.pem");
  EXPECT_EQ(ClusterOf(config, "a.local"), "cds_egress_shop_api_plaintext_http_80");
  EXPECT_EQ(ClusterOf(config, "b.local"), ClusterOf(config, "a.local"));
}

TEST(TwoPoliciesTest, ThreePoliciesToOneTlsNode) {
  const auto config = Client(
      Backend("a.local") + "," + Backend("b.local", Policy(kTrust)) + "," + Backend("c.local", Policy(kOtherTrust)),
      Port(80, "http", "STRICT"));
  EXPECT_EQ(ClustersTo(config).size(), 3u);
  EXPECT_EQ(ClusterOf(config, "b.local"), kObserved);
  EXPECT_EQ(TrustOf(config, ClusterOf(config, "a.local")), "");
  EXPECT_EQ(TrustOf(config, ClusterOf(config, "c.local")), "/other.pem");
}

// A node whose name is that of another node's further cluster: nobody gets the other's traffic or policy.
TEST(TwoPoliciesTest, NodeWithTheNameOfAFurtherCluster) {
  World world;
  world.Mesh().Node("api", Node(Port(80, "http"))).Node("api_plaintext", Node(Port(80, "http")));
  world.Service("a.local", ByNode("api")).Service("b.local", ByNode("api")).Service("c.local", ByNode("api_plaintext"));
  world.Node("client", fmt::format(R"({{"backends":[{},{},{}]}})", Backend("a.local", Policy(kTrust)),
                                   Backend("b.local"), Backend("c.local")));
  const ProxyConfig config = world.CompileNode("client");
  EXPECT_EQ(ClusterOf(config, "a.local"), kObserved);
  EXPECT_EQ(ClusterOf(config, "b.local"), "cds_egress_shop_api_plaintext_http_80");
  EXPECT_EQ(ClusterOf(config, "c.local"), "cds_egress_shop_api_plaintext_plaintext_http_80");
}

TEST(ClientPolicyTest, BackendsOwnIsUsedInPlaceOfTheDefault) {
  World world;
  world.Mesh().Node("api", Node(Port(80, "http"))).Service("a.local", ByNode("api")).Service("b.local", ByNode("api"));
  world.Node("client", fmt::format(R"({{"backends":[{},{}],"backendDefaults":{{{}}}}})",
                                   Backend("a.local", Policy(kNotEnforced)), Backend("b.local"), Policy(kTrust)));
  const ProxyConfig config = world.CompileNode("client");
  EXPECT_EQ(TrustOf(config, ClusterOf(config, "a.local")), "plaintext");
  EXPECT_EQ(TrustOf(config, ClusterOf(config, "b.local")), "/ca.pem");
}

TEST(ClientPolicyTest, GatewayUsesItsDefaults) {
  World world;
  world.Mesh().Node("api", Node(Port(80, "http"))).Service("api.local", ByNode("api"));
  world.Gateway("edge",
                fmt::format(R"({{"listeners":[{}],"backendDefaults":{{{}}}}})", Port(8088, "http"), Policy(kTrust)));
  world.GatewayRoute("edge", "all", R"({"httpRoute":{"match":{"prefix":"/"},
      "action":{"target":{"virtualService":{"virtualServiceName":"api.local"}}}}})");
  EXPECT_EQ(TrustOf(world.CompileGateway("edge"), kObserved), "/ca.pem");
}

// A node's own application is always spoken to in plaintext.
TEST(ClientPolicyTest, OwnApplicationIsPlaintext) {
  World world;
  world.Mesh().Node("api", Node(Port(80, "http", "STRICT")));
  const auto cluster =
      Parsed<Cluster>(world.CompileNode("api"), FragmentType::kCluster, "cds_ingress_shop_api_http_80");
  EXPECT_FALSE(cluster.has_transport_socket());
}

}  // namespace
}  // namespace chancery::compile
