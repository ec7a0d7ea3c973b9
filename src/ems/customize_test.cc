#include "ems/customize.h"

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chancery::ems {
namespace {

using compile::FragmentType;
using compile::Slot;
using envoy::config::cluster::v3::Cluster;
using envoy::config::listener::v3::Listener;

const SlotValues kBind{"127.0.1.5", "127.0.1.6", "127.0.1.7"};

Listener EgressListener() {
  Listener listener;
  listener.set_name("lds_egress_0.0.0.0_15001");
  auto* address = listener.mutable_address()->mutable_socket_address();
  address->set_address("0.0.0.0");
  address->set_port_value(15001);
  for (const uint32_t port : {9080U, 8080U}) {
    listener.add_filter_chains()->mutable_filter_chain_match()->mutable_destination_port()->set_value(port);
  }
  auto* amazon = listener.add_filter_chains()->mutable_filter_chain_match();
  amazon->mutable_destination_port()->set_value(443);
  amazon->add_prefix_ranges()->set_address_prefix("0.0.0.0");
  amazon->add_server_names("*.amazonaws.com");
  auto* everything = listener.add_filter_chains()->mutable_filter_chain_match();
  everything->mutable_destination_port()->set_value(443);
  everything->add_prefix_ranges()->set_address_prefix("0.0.0.0");
  return listener;
}

compile::FragmentPtr FragmentOf(FragmentType type, const google::protobuf::Message& message, std::vector<Slot> slots,
                                std::vector<uint32_t> ports = {}) {
  return compile::MakeFragment(type, "x", message.SerializeAsString(),
                               {.ports = std::move(ports), .slots = std::move(slots)});
}

TEST(Customize, BytesWithoutSlotsAreUnchanged) {
  const auto fragment = FragmentOf(FragmentType::kListener, EgressListener(), {});
  EXPECT_FALSE(Alters(*fragment, kBind));
  EXPECT_EQ(Customize(*fragment, kBind), fragment->bytes);
}

TEST(Customize, BytesAreUnchangedWhenAllValuesAreDefault) {
  const auto fragment = FragmentOf(FragmentType::kListener, EgressListener(), {Slot::kBindEgress});
  EXPECT_FALSE(Alters(*fragment, {}));
  EXPECT_EQ(Customize(*fragment, {}), fragment->bytes);
}

TEST(Customize, AnotherSlotsValueDoesNotAlter) {
  const auto fragment = FragmentOf(FragmentType::kListener, EgressListener(), {Slot::kBindEgress});
  const SlotValues other{"127.0.1.5", "", "127.0.1.7"};
  EXPECT_FALSE(Alters(*fragment, other));
  EXPECT_EQ(Customize(*fragment, other), fragment->bytes);
}

TEST(Customize, AListenerBindsAtThePortsOfItsOwnChains) {
  const auto fragment = FragmentOf(FragmentType::kListener, EgressListener(), {Slot::kBindEgress}, {8080, 9080});
  ASSERT_TRUE(Alters(*fragment, kBind));
  Listener bound;
  ASSERT_TRUE(bound.ParseFromString(Customize(*fragment, kBind)));
  EXPECT_EQ(bound.address().socket_address().address(), "127.0.1.6");
  EXPECT_EQ(bound.address().socket_address().port_value(), 8080U);
  ASSERT_EQ(bound.additional_addresses_size(), 1) << "443 serves only what was intercepted";
  EXPECT_EQ(bound.additional_addresses(0).address().socket_address().address(), "127.0.1.6");
  EXPECT_EQ(bound.additional_addresses(0).address().socket_address().port_value(), 9080U);
  EXPECT_EQ(bound.name(), "lds_egress_0.0.0.0_15001");
  EXPECT_EQ(bound.filter_chains_size(), 4) << "never structure";
}

TEST(Customize, AListenerWithoutChainsOfItsOwnKeepsItsPort) {
  Listener listener = EgressListener();
  listener.clear_filter_chains();
  const auto fragment = FragmentOf(FragmentType::kListener, listener, {Slot::kBindEgress});
  Listener bound;
  ASSERT_TRUE(bound.ParseFromString(Customize(*fragment, kBind)));
  EXPECT_EQ(bound.address().socket_address().address(), "127.0.1.6");
  EXPECT_EQ(bound.address().socket_address().port_value(), 15001U);
}

// Where the kernel tracks connections, the filter finds an original destination, which is this listener.
TEST(Customize, ABoundListenerAsksForNoOriginalDestination) {
  Listener listener = EgressListener();
  listener.add_listener_filters()->set_name("envoy.filters.listener.original_dst");
  listener.add_listener_filters()->set_name("envoy.filters.listener.tls_inspector");
  const auto fragment = FragmentOf(FragmentType::kListener, listener, {Slot::kBindEgress}, {8080});
  Listener bound;
  ASSERT_TRUE(bound.ParseFromString(Customize(*fragment, kBind)));
  ASSERT_EQ(bound.listener_filters_size(), 1);
  EXPECT_EQ(bound.listener_filters(0).name(), "envoy.filters.listener.tls_inspector");
}

// Of ::, which is for both families; with any other address Envoy refuses the listener.
TEST(Customize, ABoundListenerIsOfOneFamily) {
  Listener listener = EgressListener();
  listener.mutable_address()->mutable_socket_address()->set_address("::");
  listener.mutable_address()->mutable_socket_address()->set_ipv4_compat(true);
  const auto fragment = FragmentOf(FragmentType::kListener, listener, {Slot::kBindEgress}, {8080, 9080});
  Listener bound;
  ASSERT_TRUE(bound.ParseFromString(Customize(*fragment, kBind)));
  EXPECT_FALSE(bound.address().socket_address().ipv4_compat());
  EXPECT_FALSE(bound.additional_addresses(0).address().socket_address().ipv4_compat());
}

TEST(Customize, AClustersEndpointMovesToTheAddress) {
  Cluster cluster;
  auto* address = cluster.mutable_load_assignment()
                      ->add_endpoints()
                      ->add_lb_endpoints()
                      ->mutable_endpoint()
                      ->mutable_address()
                      ->mutable_socket_address();
  address->set_address("127.0.0.1");
  address->set_port_value(8080);
  const auto fragment = FragmentOf(FragmentType::kCluster, cluster, {Slot::kBindApplication});
  Cluster bound;
  ASSERT_TRUE(bound.ParseFromString(Customize(*fragment, kBind)));
  const auto& moved = bound.load_assignment().endpoints(0).lb_endpoints(0).endpoint().address().socket_address();
  EXPECT_EQ(moved.address(), "127.0.1.7");
  EXPECT_EQ(moved.port_value(), 8080U);
}

TEST(SlotValues, MustBeAddresses) {
  EXPECT_TRUE(AreValid({}));
  EXPECT_TRUE(AreValid({"127.0.0.1", "::1", ""}));
  EXPECT_FALSE(AreValid({"localhost", "", ""}));
  EXPECT_FALSE(AreValid({"", "127.0.0.1:80", ""}));
}

TEST(CustomizeTest, AClusterWithWaitForWarmDiffersInThatAlone) {
  Cluster cluster;
  cluster.set_name("cds_egress_shop_cart_http_8080");
  cluster.set_type(Cluster::STRICT_DNS);
  cluster.mutable_wait_for_warm_on_init()->set_value(false);
  cluster.mutable_metadata()->mutable_filter_metadata();
  Cluster replacing;
  ASSERT_TRUE(replacing.ParseFromString(cluster.SerializeAsString() + std::string(kWaitForWarm)));
  EXPECT_TRUE(replacing.wait_for_warm_on_init().value());
  replacing.mutable_wait_for_warm_on_init()->set_value(false);
  EXPECT_EQ(replacing.SerializeAsString(), cluster.SerializeAsString());
}

}  // namespace
}  // namespace chancery::ems
