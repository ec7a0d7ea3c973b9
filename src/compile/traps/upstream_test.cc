// The trap list: one test for each complaint about App Mesh, and each refusal or surprise of an Envoy,
// that a compiler can prevent (contract/envoy.md §2.9, §5, §7). Here: DNS, health, limits.

#include <chancery/model/virtual_node.pb.h>
#include <envoy/config/cluster/v3/cluster.pb.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/emit/emit.h"
#include "compile/testing/specs.h"
#include "compile/testing/views.h"

namespace chancery::compile {
namespace {

using envoy::config::cluster::v3::Cluster;
using testing::ByNode;
using testing::ClientOf;
using testing::ClusterOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::NodeOn;
using testing::World;

TEST(TrapTest, ASilentDnsServerHoldsBackNoProxy) {
  for (const char* type : {"LOADBALANCER", "ENDPOINTS"}) {
    World world;
    world.Mesh().Node("client", ClientOf({"api.local"})).Service("api.local", ByNode("api"));
    world.Node("api", fmt::format(R"({{"listeners":[{{"portMapping":{{"port":80,"protocol":"http"}}}}],
        "serviceDiscovery":{{"dns":{{"hostname":"api.local","responseType":"{}"}}}}}})",
                                  type));
    const Cluster cluster = ClusterOf(world.CompileNode("client"), "cds_egress_shop_api_http_80");
    ASSERT_TRUE(cluster.has_wait_for_warm_on_init()) << type;
    EXPECT_FALSE(cluster.wait_for_warm_on_init().value());
  }
}

TEST(TrapTest, EndpointsOfDnsAreHostsOfTheirOwn) {  // [rm#273], [rm#427], [rm#238]: else one host, nothing to eject
  World world;
  world.Mesh().Node("client", ClientOf({"api.local"})).Service("api.local", ByNode("api"));
  world.Node("api", R"({"listeners":[{"portMapping":{"port":80,"protocol":"http"}}],
      "serviceDiscovery":{"dns":{"hostname":"api.local","responseType":"ENDPOINTS"}}})");
  EXPECT_EQ(ClusterOf(world.CompileNode("client"), "cds_egress_shop_api_http_80").type(), Cluster::STRICT_DNS);
}

constexpr char kOutlier[] = R"(,"outlierDetection":{"maxServerErrors":5,"interval":{"unit":"s","value":10},
    "baseEjectionDuration":{"unit":"ms","value":1500},"maxEjectionPercent":10})";

TEST(TrapTest, OneHostOfFewIsStillEjected) {  // always_eject_one_host: 10 % of 3 hosts is less than one
  World world;
  world.Mesh().Node("client", ClientOf({"api.local"})).Service("api.local", ByNode("api"));
  world.Node("api", NodeOn(80, "http", kOutlier));
  const Cluster cluster = ClusterOf(world.CompileNode("client"), "cds_egress_shop_api_http_80");
  EXPECT_TRUE(cluster.outlier_detection().always_eject_one_host().value());
  EXPECT_EQ(cluster.outlier_detection().max_ejection_percent().value(), 10u);
  // An old Envoy would ignore the field silently: it is left out, with a warning.
  const ProxyConfig old =
      Compile(world.snapshot(), {testing::kMesh, model::Kind::kVirtualNode, "client", Profile::kOld});
  EXPECT_FALSE(ClusterOf(old, "cds_egress_shop_api_http_80").outlier_detection().has_always_eject_one_host());
  EXPECT_THAT(old.warnings, ElementsAre(::testing::Field(&Warning::text, HasSubstr("maxEjectionPercent"))));
}

TEST(TrapTest, HostsAreEjectedForServerErrorsAlone) {
  World world;
  world.Mesh().Node("client", ClientOf({"api.local"})).Service("api.local", ByNode("api"));
  world.Node("api", NodeOn(80, "http", kOutlier));
  const auto detection = ClusterOf(world.CompileNode("client"), "cds_egress_shop_api_http_80").outlier_detection();
  EXPECT_EQ(detection.consecutive_5xx().value(), 5u);
  EXPECT_EQ(detection.interval().seconds(), 10);
  EXPECT_EQ(detection.base_ejection_time().nanos(), 500'000'000);
  ASSERT_TRUE(detection.has_enforcing_success_rate() && detection.has_enforcing_consecutive_gateway_failure());
  EXPECT_EQ(detection.enforcing_success_rate().value(), 0u);
  EXPECT_EQ(detection.enforcing_consecutive_gateway_failure().value(), 0u);
}

TEST(TrapTest, AGrpcCheckOfAnHttpListenerIsNoRefusedCluster) {
  // The API refuses it; a record may be older than that rule.
  chancery::model::VirtualNodeSpec spec;
  auto& listener = *spec.add_listeners();
  listener.mutable_port_mapping()->set_port(80);
  listener.mutable_port_mapping()->set_protocol(chancery::model::PORT_PROTOCOL_HTTP);
  listener.mutable_health_check()->set_protocol(chancery::model::PORT_PROTOCOL_GRPC);
  spec.mutable_service_discovery()->mutable_dns()->set_hostname("api.local");
  model::Snapshot snapshot =
      World().Mesh().Node("client", ClientOf({"api.local"})).Service("api.local", ByNode("api")).snapshot();
  snapshot.Put(testing::MakeResource(model::Kind::kVirtualNode, "", "api", spec));
  const ProxyConfig config = Compile(snapshot, {testing::kMesh, model::Kind::kVirtualNode, "client"});
  EXPECT_EQ(ClusterOf(config, "cds_egress_shop_api_http_80").health_checks_size(), 0);
  EXPECT_THAT(config.warnings, ElementsAre(::testing::Field(&Warning::text, HasSubstr("grpc check"))));
}

// Tried: ALPN says h2, the check speaks HTTP/1.1, and no host is ever healthy.
TEST(TrapTest, AnHttpCheckOfAnHttp2ListenerWithTlsIsNotToldH2) {
  constexpr char kMore[] = R"(,"healthCheck":{"protocol":"http","path":"/ping","healthyThreshold":2,
      "unhealthyThreshold":3,"intervalMillis":5000,"timeoutMillis":2000},"tls":{"mode":"STRICT","certificate":
      {"file":{"certificateChain":"/c.pem","privateKey":"/k.pem"}}})";
  for (const char* protocol : {"http2", "http"}) {
    World world;
    world.Mesh().Node("client", ClientOf({"api.local"})).Node("api", NodeOn(80, protocol, kMore));
    world.Service("api.local", ByNode("api"));
    const auto cluster =
        ClusterOf(world.CompileNode("client"), fmt::format("cds_egress_shop_api_{}_80", protocol).c_str());
    ASSERT_EQ(cluster.health_checks_size(), 1);
    const auto& offered = cluster.health_checks(0).tls_options().alpn_protocols();
    EXPECT_EQ(std::vector<std::string>(offered.begin(), offered.end()),
              protocol == std::string("http2") ? std::vector<std::string>{"http/1.1"} : std::vector<std::string>{});
  }
}

TEST(TrapTest, TheServersOwnClusterIsNotHealthChecked) {
  World world;
  world.Mesh().Node("api", NodeOn(80, "http", R"(,"healthCheck":{"protocol":"http","path":"/ping","healthyThreshold":2,
      "unhealthyThreshold":3,"intervalMillis":5000,"timeoutMillis":2000})"));
  EXPECT_EQ(ClusterOf(world.CompileNode("api"), "cds_ingress_shop_api_http_80").health_checks_size(), 0);
}

TEST(TrapTest, ConnectionPoolsLimitTheServerAndNotItsClients) {
  World world;
  world.Mesh().Node("client", ClientOf({"api.local"})).Service("api.local", ByNode("api"));
  world.Node("api", NodeOn(80, "http", R"(,"connectionPool":{"http":{"maxConnections":3}})"));
  const auto server = ClusterOf(world.CompileNode("api"), "cds_ingress_shop_api_http_80").circuit_breakers();
  EXPECT_EQ(server.thresholds(0).max_connections().value(), 3u);
  EXPECT_EQ(server.thresholds(0).max_pending_requests().value(), 2147483647u);
  const auto client = ClusterOf(world.CompileNode("client"), "cds_egress_shop_api_http_80").circuit_breakers();
  EXPECT_EQ(client.thresholds(0).max_connections().value(), 2147483647u);
}

// A Cloud Map node is a cluster of this form once there is a registry; its first endpoints are a
// fragment of its own.
TEST(EmitTest, EdsClustersAskOverAds) {
  ir::Cluster cluster;
  cluster.name = "cds_egress_shop_map_http_80";
  cluster.type = ir::Cluster::Type::kEds;
  const FragmentPtr fragment = emit::EmitCluster(cluster);
  EXPECT_FALSE(fragment->dns);
  Cluster parsed;
  ASSERT_TRUE(parsed.ParseFromString(fragment->bytes));
  EXPECT_EQ(parsed.type(), Cluster::EDS);
  EXPECT_TRUE(parsed.eds_cluster_config().eds_config().has_ads());
  EXPECT_EQ(parsed.eds_cluster_config().eds_config().resource_api_version(), envoy::config::core::v3::V3);
  EXPECT_FALSE(parsed.has_load_assignment());
}

}  // namespace
}  // namespace chancery::compile
