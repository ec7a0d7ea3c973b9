// The trap list: one test for each complaint about App Mesh, and each refusal or surprise of an Envoy,
// that a compiler can prevent (contract/envoy.md §2.9, §5, §7). Here: what the egress listener lets where.

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>
#include <envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.pb.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "compile/testing/invariants.h"
#include "compile/testing/specs.h"
#include "compile/testing/views.h"

namespace chancery::compile {
namespace {

using envoy::config::cluster::v3::Cluster;
using envoy::config::listener::v3::FilterChain;
using envoy::config::listener::v3::Listener;
using envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager;
using testing::ByNode;
using testing::ClientOf;
using testing::ClusterOf;
using testing::EgressOf;
using ::testing::ElementsAre;
using testing::HttpOf;
using ::testing::IsEmpty;
using testing::kEgress;
using testing::kIngress;
using testing::NodeOn;
using testing::Parsed;
using testing::TcpOf;
using testing::World;

TEST(TrapTest, ServerFirstProtocolsAreNotHeldByTheTlsInspector) {  // [rm#62]: closed after 15 s
  for (const char* filter : {"ALLOW_ALL", "DROP_ALL"}) {
    World world;
    world.Mesh(fmt::format(R"({{"egressFilter":{{"type":"{}"}}}})", filter)).Node("client", ClientOf({"mysql.local"}));
    world.Node("mysql", NodeOn(3306, "tcp")).Service("mysql.local", ByNode("mysql"));
    const Listener egress = EgressOf(world.CompileNode("client"));
    ASSERT_EQ(egress.listener_filters_size(), 2);
    EXPECT_EQ(egress.listener_filters(0).name(), "envoy.filters.listener.original_dst");
    const auto& disabled = egress.listener_filters(1).filter_disabled().not_match().destination_port_range();
    EXPECT_EQ(disabled.start(), 443);
    EXPECT_EQ(disabled.end(), 444);
  }
}

TEST(TrapTest, ServerFirstProtocolsAreNotHeldOnTheWayIn) {
  World world;
  world.Mesh().Node("mysql", NodeOn(3306, "tcp"));
  const auto ingress = Parsed<Listener>(world.CompileNode("mysql"), FragmentType::kListener, kIngress);
  ASSERT_EQ(ingress.listener_filters_size(), 1);
  EXPECT_EQ(ingress.listener_filters(0).name(), "envoy.filters.listener.original_dst");
}

struct HttpsCase {
  const char* filter;
  const char* protocol;  // null: no backend on 443
  bool dual_stack;
};

class HttpsTrapTest : public ::testing::TestWithParam<HttpsCase> {
 protected:
  Listener Egress() const {
    World world;
    world.Mesh(fmt::format(R"({{"egressFilter":{{"type":"{}"}}{}}})", GetParam().filter,
                           GetParam().dual_stack ? R"(,"serviceDiscovery":{"ipPreference":"IPv4_PREFERRED"})" : ""));
    world.Node("client", ClientOf(GetParam().protocol == nullptr ? std::vector<std::string>{}
                                                                 : std::vector<std::string>{"pay.local"}));
    if (GetParam().protocol != nullptr)
      world.Node("pay", NodeOn(443, GetParam().protocol)).Service("pay.local", ByNode("pay"));
    const ProxyConfig config = world.CompileNode("client");
    EXPECT_THAT(testing::BrokenInvariants(config), IsEmpty());
    return Parsed<Listener>(config, FragmentType::kListener, GetParam().dual_stack ? "lds_egress_::_15001" : kEgress);
  }
};

// [rm#79], [rm#138]: a chain on 443 without an address is chosen or not by chance, anew at each start;
// two chains of one match are a refused listener.
TEST_P(HttpsTrapTest, EachChainOn443NamesItsAddressesAndIsUnique) {
  std::set<std::string> matches;
  const Listener egress = Egress();
  for (const FilterChain& chain : egress.filter_chains()) {
    const auto& match = chain.filter_chain_match();
    EXPECT_TRUE(matches.insert(match.SerializeAsString()).second);
    if (match.destination_port().value() != 443 && match.has_destination_port()) continue;
    std::vector<std::string> prefixes;
    for (const auto& range : match.prefix_ranges()) prefixes.push_back(range.address_prefix());
    if (GetParam().dual_stack) {
      EXPECT_THAT(prefixes, ElementsAre("0.0.0.0", "::"));  // 0.0.0.0/0 alone matches no IPv6 destination
    } else {
      EXPECT_THAT(prefixes, ElementsAre("0.0.0.0"));
    }
  }
}

TEST_P(HttpsTrapTest, WhatGoesWhere) {
  std::vector<std::string> chains;
  const Listener egress = Egress();
  for (const FilterChain& chain : egress.filter_chains()) {
    const auto& match = chain.filter_chain_match();
    std::string text = match.has_destination_port() ? std::to_string(match.destination_port().value()) : "any";
    for (const auto& name : match.server_names()) text += " " + name;
    if (!match.transport_protocol().empty()) text += " " + match.transport_protocol();
    const HttpConnectionManager http = HttpOf(chain);
    chains.push_back(text + " > " +
                     (http.stat_prefix().empty() ? TcpOf(chain).cluster() : http.rds().route_config_name()));
  }
  const bool allow = std::string(GetParam().filter) == "ALLOW_ALL";
  const std::string protocol = GetParam().protocol == nullptr ? "" : GetParam().protocol;
  std::vector<std::string> expected{"443 *.amazonaws.com > cds_egress_shop_amazonaws"};
  if (protocol == "tcp") {
    expected.insert(expected.begin(), "443 > cds_egress_shop_pay_tcp_443");
  } else if (!protocol.empty()) {
    expected.insert(expected.begin(), "443 raw_buffer > rds_egress_" + protocol + "_443");
  }
  if (allow) expected.push_back("any > cds_egress_shop_mesh-allow-all");
  if (allow && protocol != "tcp") expected.push_back("443 > cds_egress_shop_mesh-allow-all");
  if (allow) expected.push_back("15001 > cds_egress_shop_not-served");
  EXPECT_EQ(chains, expected);
}

std::vector<HttpsCase> HttpsCases() {
  std::vector<HttpsCase> cases;
  for (const char* filter : {"DROP_ALL", "ALLOW_ALL"}) {
    for (const char* protocol : {static_cast<const char*>(nullptr), "http", "http2", "grpc", "tcp"}) {
      for (const bool dual_stack : {false, true}) cases.push_back({filter, protocol, dual_stack});
    }
  }
  return cases;
}
INSTANTIATE_TEST_SUITE_P(All, HttpsTrapTest, ::testing::ValuesIn(HttpsCases()), [](const auto& info) {
  return fmt::format("{}_{}_{}", info.param.filter, info.param.protocol == nullptr ? "none" : info.param.protocol,
                     info.param.dual_stack ? "dual" : "v4");
});

// Tried: one connection to the port of the listener itself, passed on to where it was going, was 932 in 0.3 s.
TEST(TrapTest, TheListenersOwnPortIsNeverPassedOn) {
  const auto allow_host = [](const ProxyConfig& config, const char* routes) {
    const auto parsed = Parsed<envoy::config::route::v3::RouteConfiguration>(config, FragmentType::kRoute, routes);
    return std::ranges::any_of(parsed.virtual_hosts(), [](const auto& host) { return host.domains(0) == "*"; });
  };
  World world;
  world.Mesh(R"({"egressFilter":{"type":"ALLOW_ALL"}})").Node("client", ClientOf({"a.local", "b.local"}));
  world.Node("a", NodeOn(15001, "http")).Service("a.local", ByNode("a"));
  world.Node("b", NodeOn(8080, "http")).Service("b.local", ByNode("b"));
  const ProxyConfig config = world.CompileNode("client");
  EXPECT_THAT(testing::BrokenInvariants(config), IsEmpty());
  EXPECT_TRUE(allow_host(config, "rds_egress_http_8080"));
  EXPECT_FALSE(allow_host(config, "rds_egress_http_15001")) << "a backend's port, for no other host";
}

TEST(TrapTest, PassthroughClustersLetTheirListenerChoose) {  // another lb_policy is refused
  World world;
  const ProxyConfig config =
      world.Mesh(R"({"egressFilter":{"type":"ALLOW_ALL"}})").Node("client", ClientOf({})).CompileNode("client");
  for (const char* name : {"cds_egress_shop_amazonaws", "cds_egress_shop_mesh-allow-all"}) {
    EXPECT_EQ(ClusterOf(config, name).type(), Cluster::ORIGINAL_DST);
    EXPECT_EQ(ClusterOf(config, name).lb_policy(), Cluster::CLUSTER_PROVIDED);
  }
}

}  // namespace
}  // namespace chancery::compile
