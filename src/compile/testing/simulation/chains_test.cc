// Filter chains are chosen stage by stage and never back (contract/envoy.md §2.2).

#include "compile/testing/simulation/chains.h"

#include <envoy/config/listener/v3/listener.pb.h>
#include <gtest/gtest.h>

namespace chancery::compile::testing {
namespace {

using envoy::config::listener::v3::FilterChainMatch;
using envoy::config::listener::v3::Listener;

// A listener under construction; each call adds a chain.
class Chains {
 public:
  Chains& Port(uint32_t port) {
    listener_.add_filter_chains()->mutable_filter_chain_match()->mutable_destination_port()->set_value(port);
    return *this;
  }
  Chains& AnyPort() {
    listener_.add_filter_chains();
    return *this;
  }
  Chains& To(const char* address, uint32_t length) {
    auto& range = *Last().add_prefix_ranges();
    range.set_address_prefix(address);
    range.mutable_prefix_len()->set_value(length);
    return *this;
  }
  Chains& Sni(const char* name) { return Last().add_server_names(name), *this; }
  Chains& Transport(const char* name) { return Last().set_transport_protocol(name), *this; }
  Chains& Alpn(const char* name) { return Last().add_application_protocols(name), *this; }

  int At(const Arrival& arrival) const { return ChooseChain(listener_, arrival).chain; }
  bool IsAmbiguousAt(const Arrival& arrival) const { return ChooseChain(listener_, arrival).ambiguous; }

 private:
  FilterChainMatch& Last() {
    return *listener_.mutable_filter_chains(listener_.filter_chains_size() - 1)->mutable_filter_chain_match();
  }
  Listener listener_;
};

Arrival At(uint32_t port, std::string name = "", std::string address = "10.0.0.7") {
  Arrival arrival{.address = std::move(address), .port = port, .server_name = std::move(name)};
  if (!arrival.server_name.empty()) arrival.transport = "tls";
  return arrival;
}

TEST(ChainsTest, APortIsPreferredAndNotLeftAgain) {
  const Chains chains = Chains().Port(80).Sni("a.local").AnyPort();
  EXPECT_EQ(chains.At(At(80, "a.local")), 0);
  EXPECT_EQ(chains.At(At(80, "b.local")), -1) << "back to the chain without a port";
  EXPECT_EQ(chains.At(At(81, "b.local")), 1);
}

TEST(ChainsTest, TheLongestPrefixIsPreferredAndNotLeftAgain) {
  const Chains chains = Chains().Port(80).To("10.0.0.0", 8).Sni("a.local").Port(80).To("0.0.0.0", 0);
  EXPECT_EQ(chains.At(At(80, "a.local", "10.1.1.1")), 0);
  EXPECT_EQ(chains.At(At(80, "b.local", "10.1.1.1")), -1) << "back to the shorter prefix";
  EXPECT_EQ(chains.At(At(80, "b.local", "11.1.1.1")), 1);
}

TEST(ChainsTest, AnyIPv4AddressIsNoIPv6Address) {
  const Chains chains = Chains().Port(80).To("0.0.0.0", 0);
  EXPECT_EQ(chains.At(At(80, "", "2001:db8::1")), -1);
  EXPECT_EQ(Chains().Port(80).To("0.0.0.0", 0).To("::", 0).At(At(80, "", "2001:db8::1")), 0);
  EXPECT_EQ(Chains().Port(80).At(At(80, "", "2001:db8::1")), 0);
}

TEST(ChainsTest, AnyAddressSaidInTwoWaysIsAmbiguous) {
  const Chains trap = Chains().Port(443).Port(443).To("0.0.0.0", 0).Sni("*.amazonaws.com");
  EXPECT_TRUE(trap.IsAmbiguousAt(At(443, "s3.amazonaws.com")));
  const Chains solved = Chains().Port(443).To("0.0.0.0", 0).Port(443).To("0.0.0.0", 0).Sni("*.amazonaws.com");
  EXPECT_FALSE(solved.IsAmbiguousAt(At(443, "s3.amazonaws.com")));
  EXPECT_EQ(solved.At(At(443, "s3.amazonaws.com")), 1);
  EXPECT_EQ(solved.At(At(443)), 0);
}

TEST(ChainsTest, EqualChainsAreAmbiguous) { EXPECT_TRUE(Chains().Port(80).Port(80).IsAmbiguousAt(At(80))); }

TEST(ChainsTest, ServerNames) {
  const Chains chains = Chains().Port(1).Sni("*.b.local").Port(1).Sni("a.b.local").Port(1).Sni("*.local").Port(1);
  EXPECT_EQ(chains.At(At(1, "a.b.local")), 1);
  EXPECT_EQ(chains.At(At(1, "A.B.Local")), 1);
  EXPECT_EQ(chains.At(At(1, "x.y.b.local")), 0);
  EXPECT_EQ(chains.At(At(1, "b.local")), 2);
  EXPECT_EQ(chains.At(At(1, "local")), 3);
  EXPECT_EQ(chains.At(At(1)), 3);
}

TEST(ChainsTest, TransportAndApplicationProtocols) {
  const Chains chains = Chains().Port(1).Transport("tls").Alpn("h2").Port(1).Transport("tls").Port(1);
  Arrival arrival = At(1, "a");
  EXPECT_EQ(chains.At(arrival), 1);
  arrival.alpn = {"http/1.1", "h2"};
  EXPECT_EQ(chains.At(arrival), 0);
  EXPECT_EQ(chains.At(At(1)), 2);
  const Chains plain = Chains().Port(1).Transport("raw_buffer");
  EXPECT_EQ(plain.At(At(1)), 0);
  EXPECT_EQ(plain.At(At(1, "a")), -1);
}

}  // namespace
}  // namespace chancery::compile::testing
