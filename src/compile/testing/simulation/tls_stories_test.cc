// What becomes of a connection to a listener with TLS, story by story: contract/envoy.md §2.8 read as a user would tell
// it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "compile/testing/simulation/simulate.h"
#include "compile/testing/world.h"

namespace chancery::compile::testing {
namespace {

using ::testing::MatchesRegex;

#define FILES R"("certificate": {"file": {"certificateChain": "/c.pem", "privateKey": "/c.key"}})"
#define SECRET R"("certificate": {"sds": {"secretName": "own"}})"
#define FILE_TRUST R"("validation": {"trust": {"file": {"certificateChain": "/ca.pem"}}})"

// A listener; `tls` is the inside of its member of that name, if it has any.
std::string On(int port, const std::string& protocol, const std::string& tls = "") {
  return R"({"portMapping": {"port": )" + std::to_string(port) + R"(, "protocol": ")" + protocol + "\"}" +
         (tls.empty() ? "" : R"(, "tls": {)" + tls + "}") + "}";
}

std::string Spec(const std::string& listeners) {
  return R"({"listeners": [)" + listeners + R"(], "serviceDiscovery": {"dns": {"hostname": "n.shop.local"}}})";
}

ProxyConfig NodeWith(const std::string& listeners) {
  World world;
  return world.Mesh().Node("n", Spec(listeners)).CompileNode("n");
}

constexpr char kStrict[] = R"("mode": "STRICT", )" FILES;
constexpr char kPermissive[] = R"("mode": "PERMISSIVE", )" FILES;
constexpr char kDisabled[] = R"("mode": "DISABLED", )" FILES;

Call Request(uint32_t port) { return In(port).Get("n", "/"); }

TEST(StrictStory, TlsIsServedAndPlaintextIsClosed) {
  const ProxyConfig node = NodeWith(On(80, "http", kStrict));
  EXPECT_EQ(Where(node, Request(80).Tls("n.shop.local")), "cds_ingress_shop_n_http_80");
  EXPECT_EQ(Where(node, Request(80).Tls()), "cds_ingress_shop_n_http_80") << "SNI chooses nothing";
  EXPECT_EQ(Where(node, Request(80)), "closed: not TLS");
  EXPECT_EQ(Where(node, In(80).Bytes()), "closed: not TLS");
  EXPECT_EQ(Simulate(node, Request(80).Tls()).last().scheme, "https");
}

TEST(StrictStory, TheCertificatesSourceChangesNothing) {
  const ProxyConfig node = NodeWith(On(80, "http", R"("mode": "STRICT", )" SECRET));
  EXPECT_EQ(Where(node, Request(80).Tls()), "cds_ingress_shop_n_http_80");
  EXPECT_EQ(Where(node, Request(80)), "closed: not TLS");
}

TEST(StrictStory, OfTcpTooWhoeverSpeaksFirst) {
  const ProxyConfig node = NodeWith(On(5432, "tcp", kStrict));
  EXPECT_EQ(Where(node, In(5432).Tls().Bytes()), "cds_ingress_shop_n_tcp_5432");
  EXPECT_EQ(Where(node, In(5432).Tls().Waits()), "cds_ingress_shop_n_tcp_5432");
  EXPECT_EQ(Where(node, In(5432).Bytes()), "closed: not TLS");
}

// Seen on real Envoys: without ALPN it is the first bytes that tell HTTP/1 from HTTP/2.
TEST(StrictStory, AClientWithoutAlpnMaySpeakHttp1ToAListenerThatOffersH2) {
  const ProxyConfig node = NodeWith(On(81, "http2", kStrict));
  EXPECT_EQ(Where(node, Request(81).Tls()), "cds_ingress_shop_n_http2_81");
  EXPECT_EQ(Where(node, Request(81).Tls().Alpn({"h2"})), "cds_ingress_shop_n_http2_81");
}

// Fails closed: no listener takes plaintext in the place of TLS that cannot be served.
TEST(StrictStory, ACertificateThatIsNotServedLeavesNothing) {
  const ProxyConfig node =
      NodeWith(On(80, "http",
                  R"("mode": "STRICT", "certificate": {"acm": {"certificateArn": "arn:aws:acm:r:1:certificate/c"}})") +
               "," + On(81, "http"));
  EXPECT_EQ(Where(node, Request(80).Tls()), "closed: no chain");
  EXPECT_EQ(Where(node, Request(80)), "closed: no chain");
  EXPECT_EQ(Where(node, Request(81)), "cds_ingress_shop_n_http_81");
}

TEST(PermissiveStory, BothAreServedAndToldApart) {
  const ProxyConfig node = NodeWith(On(80, "http", kPermissive));
  EXPECT_EQ(Where(node, Request(80)), "cds_ingress_shop_n_http_80");
  EXPECT_EQ(Where(node, Request(80).Tls("any")), "cds_ingress_shop_n_http_80");
  EXPECT_EQ(Simulate(node, Request(80)).last().scheme, "http");
  EXPECT_EQ(Simulate(node, Request(80).Tls()).last().scheme, "https");
}

TEST(PermissiveStory, AServerOverTcpMaySpeakFirst) {
  const ProxyConfig node = NodeWith(On(3306, "tcp", kPermissive));
  EXPECT_EQ(Where(node, In(3306).Waits()), "cds_ingress_shop_n_tcp_3306");
  EXPECT_EQ(Where(node, In(3306).Bytes()), "cds_ingress_shop_n_tcp_3306");
  EXPECT_EQ(Where(node, In(3306).Tls().Waits()), "cds_ingress_shop_n_tcp_3306");
}

TEST(PermissiveStory, ASilentClientOfAnotherPortIsClosedOrNotLookedAt) {
  const ProxyConfig node = NodeWith(On(80, "http", kPermissive) + "," + On(3306, "tcp"));
  EXPECT_EQ(Where(node, In(80).Waits()), "closed: waited in vain");
  EXPECT_EQ(Where(node, In(3306).Waits()), "cds_ingress_shop_n_tcp_3306") << "no port but its own is looked into";
}

TEST(DisabledStory, ItIsAsIfThereWereNone) {
  const ProxyConfig node = NodeWith(On(80, "http", kDisabled));
  EXPECT_EQ(Where(node, Request(80)), "cds_ingress_shop_n_http_80");
  EXPECT_EQ(Where(node, Request(80).Tls()), "closed: not HTTP");
}

TEST(MutualStory, AClientShowsACertificateOrIsClosed) {
  const ProxyConfig node =
      NodeWith(On(80, "http", std::string(kStrict) + ", " FILE_TRUST) + "," + On(81, "http", kStrict));
  EXPECT_EQ(Where(node, Request(80).Tls().Certificate()), "cds_ingress_shop_n_http_80");
  EXPECT_EQ(Where(node, Request(80).Tls()), "closed: no certificate");
  EXPECT_EQ(Where(node, Request(80).Certificate()), "closed: not TLS");
  EXPECT_EQ(Where(node, Request(81).Tls()), "cds_ingress_shop_n_http_81") << "the other listener asks nobody";
}

TEST(MutualStory, OnAPermissivePortPlaintextNeedsNone) {
  const ProxyConfig node = NodeWith(On(80, "http", std::string(kPermissive) + ", " FILE_TRUST));
  EXPECT_EQ(Where(node, Request(80)), "cds_ingress_shop_n_http_80");
  EXPECT_EQ(Where(node, Request(80).Tls()), "closed: no certificate");
  EXPECT_EQ(Where(node, Request(80).Tls().Certificate()), "cds_ingress_shop_n_http_80");
}

World Edge(const std::string& listener) {
  World world;
  world.Mesh()
      .Node("a", Spec(On(80, "http")))
      .Service("a.local", R"({"provider": {"virtualNode": {"virtualNodeName": "a"}}})")
      .Gateway("edge", R"({"listeners": [)" + listener + "]}")
      .GatewayRoute("edge", "a", R"({"httpRoute": {"match": {"prefix": "/"}, "action": {"target":
        {"virtualService": {"virtualServiceName": "a.local"}}}}})");
  return world;
}

TEST(GatewayTlsStory, EveryModeOnItsOwnPort) {
  const Call plain = To(8443).Get("shop.example.org", "/"), encrypted = Call(plain).Tls("shop.example.org");
  const auto ends = [&](const std::string& tls) {
    const ProxyConfig edge = Edge(On(8443, "http", tls)).CompileGateway("edge");
    return Where(edge, plain) + " | " + Where(edge, encrypted);
  };
  const std::string served = "cds_egress_shop_a_http_80";
  EXPECT_EQ(ends(kStrict), "closed: not TLS | " + served);
  EXPECT_EQ(ends(kPermissive), served + " | " + served);
  EXPECT_EQ(ends(kDisabled), served + " | closed: not HTTP");
  EXPECT_EQ(ends(std::string(kStrict) + ", " FILE_TRUST), "closed: not TLS | closed: no certificate");
}

TEST(GatewayTlsStory, TheSecondPassageIsPlaintextToItself) {
  const ProxyConfig edge = Edge(On(8443, "http", kStrict)).CompileGateway("edge");
  const Outcome outcome = Simulate(edge, To(8443).Get("shop.example.org", "/").Tls());
  ASSERT_EQ(outcome.hops.size(), 2u);
  EXPECT_EQ(outcome.hops[0].listener, "lds_ingress_0.0.0.0_8443");
  EXPECT_EQ(outcome.hops[1].listener, "lds_egress_0.0.0.0_15001");
}

// docs/adr/0017: a node's usual cluster belongs to the more demanding policy, each other policy has one of its own.
TEST(TwoPoliciesStory, EachBackendGoesItsOwnWayToOneNode) {
  World world;
  const ProxyConfig client =
      world.Mesh()
          .Node("a", Spec(On(80, "http", kStrict)))
          .Router("api", R"({"listeners": [{"portMapping": {"port": 80, "protocol": "http"}}]})")
          .Route("api", "all", R"({"httpRoute": {"match": {"prefix": "/"}, "action": {"weightedTargets":
            [{"virtualNode": "a", "weight": 1}]}}})")
          .Service("careful.local", R"({"provider": {"virtualRouter": {"virtualRouterName": "api"}}})")
          .Service("careless.local", R"({"provider": {"virtualNode": {"virtualNodeName": "a"}}})")
          .Node("client", R"({"backends": [{"virtualService": {"virtualServiceName": "careless.local"}},
            {"virtualService": {"virtualServiceName": "careful.local", "clientPolicy": {"tls": {)" FILE_TRUST
                          R"(}}}}]})")
          .CompileNode("client");
  EXPECT_EQ(Where(client, Out(80).Get("careful.local", "/")), "cds_egress_shop_a_http_80");
  EXPECT_THAT(Where(client, Out(80).Get("careless.local", "/")),
              MatchesRegex("cds_egress_shop_a_tls-[0-9a-f]{8}_http_80"));
}

}  // namespace
}  // namespace chancery::compile::testing
