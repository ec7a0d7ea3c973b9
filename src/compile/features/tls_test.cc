// TLS, from the API's JSON to plain values: the decision table of contract/envoy.md §2.8 row by row, sources of
// certificates, names, marks.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "compile/features/client_tls.h"
#include "compile/features/server_tls.h"
#include "model/codec.h"

namespace chancery::compile {
namespace {

namespace api = chancery::model;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

template <typename Message>
Message FromJson(const std::string& text) {
  Message message;
  std::vector<base::Violation> violations;
  EXPECT_TRUE(model::ParseJson(text, message, violations)) << text;
  EXPECT_THAT(violations, IsEmpty());
  return message;
}

#define FILE_CERTIFICATE R"("certificate":{"file":{"certificateChain":"/c.pem","privateKey":"/k.pem"}})"
#define SDS_CERTIFICATE R"("certificate":{"sds":{"secretName":"spiffe://shop/api"}})"
#define ACM_CERTIFICATE R"("certificate":{"acm":{"certificateArn":"arn:aws:acm:r:1:certificate/c"}})"
#define FILE_TRUST R"("trust":{"file":{"certificateChain":"/ca.pem"}})"
#define SDS_TRUST R"("trust":{"sds":{"secretName":"spiffe://shop"}})"
#define ACM_TRUST R"("trust":{"acm":{"certificateAuthorityArns":["arn:aws:acm-pca:r:1:c/d"]}})"
#define NAMES(...) R"("subjectAlternativeNames":{"match":{"exact":[)" __VA_ARGS__ "]}}"
#define VALIDATION(...) R"("validation":{)" __VA_ARGS__ "}"

constexpr char kPlain[] = "";
constexpr char kDisabled[] = R"("mode":"DISABLED",)" FILE_CERTIFICATE;
constexpr char kStrictFile[] = R"("mode":"STRICT",)" FILE_CERTIFICATE;
constexpr char kStrictSds[] = R"("mode":"STRICT",)" SDS_CERTIFICATE;
constexpr char kPermissiveFile[] = R"("mode":"PERMISSIVE",)" FILE_CERTIFICATE;
constexpr char kPermissiveSds[] = R"("mode":"PERMISSIVE",)" SDS_CERTIFICATE;
constexpr char kStrictAcm[] = R"("mode":"STRICT",)" ACM_CERTIFICATE;

api::Listener ListenerWith(const std::string& tls) {
  return FromJson<api::Listener>(R"({"portMapping":{"port":80,"protocol":"http"})" +
                                 (tls.empty() ? "" : R"(,"tls":{)" + tls + "}") + "}");
}

ClientPolicy PolicyOf(const std::string& tls) {
  return ToClientPolicy(FromJson<api::ClientPolicy>(tls.empty() ? "{}" : R"({"tls":{)" + tls + "}}"));
}

enum class Outcome {
  kPlaintext,
  kBelieves,       // TLS, the server's certificate not validated
  kTrust,          // TLS, against the policy's trust alone
  kDiscoveryName,  // and the discovery name
  kNames,          // and the policy's names
  kNotServed,
};

Outcome OutcomeOf(const ClientPolicy& policy, const std::string& server_tls, std::string& why) {
  const auto server = ToServerTls(ListenerWith(server_tls), ir::Protocol::kHttp, why);
  if (!server) return Outcome::kNotServed;
  const auto tls = ToClientTls(policy, {80, ir::Protocol::kHttp, *server, "api.local"}, why);
  if (!why.empty()) return Outcome::kNotServed;
  if (!tls) return Outcome::kPlaintext;
  if (!tls->server) return Outcome::kBelieves;
  if (tls->server->names.empty()) return Outcome::kTrust;
  return tls->server->names == std::vector<std::string>{"api.local"} ? Outcome::kDiscoveryName : Outcome::kNames;
}

struct Row {
  const char* name;
  const char* policy;
  const char* server;
  Outcome outcome;
};

class DecisionTableTest : public ::testing::TestWithParam<Row> {};

TEST_P(DecisionTableTest, Holds) {
  std::string why;
  EXPECT_EQ(OutcomeOf(PolicyOf(GetParam().policy), GetParam().server, why), GetParam().outcome) << why;
  EXPECT_EQ(why.empty(), GetParam().outcome != Outcome::kNotServed) << why;
}

#define ENFORCED R"("enforce":true,)"
#define LAX R"("enforce":false,)"
#define PORTS(port) R"("ports":[)" port "],"
#define TRUST VALIDATION(FILE_TRUST)
#define TRUST_AND_NAMES VALIDATION(FILE_TRUST "," NAMES(R"("a.local","spiffe://shop/a")"))

INSTANTIATE_TEST_SUITE_P(
    EnforcedOnItsPorts, DecisionTableTest,
    ::testing::Values(Row{"OmittedIsEnforced", TRUST, kStrictFile, Outcome::kDiscoveryName},
                      Row{"Strict", ENFORCED TRUST, kStrictFile, Outcome::kDiscoveryName},
                      Row{"StrictSds", ENFORCED TRUST, kStrictSds, Outcome::kDiscoveryName},
                      Row{"Permissive", ENFORCED TRUST, kPermissiveFile, Outcome::kDiscoveryName},
                      Row{"PermissiveSds", ENFORCED TRUST, kPermissiveSds, Outcome::kDiscoveryName},
                      Row{"PortIsListed", ENFORCED PORTS("80") TRUST, kStrictFile, Outcome::kDiscoveryName},
                      Row{"NamesAreListed", ENFORCED TRUST_AND_NAMES, kStrictFile, Outcome::kNames},
                      // The client still originates TLS: traffic fails rather than going out in plaintext.
                      Row{"ServerHasNone", ENFORCED TRUST, kPlain, Outcome::kDiscoveryName},
                      Row{"ServerIsDisabled", ENFORCED TRUST, kDisabled, Outcome::kDiscoveryName}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    EnforcedOnOtherPorts, DecisionTableTest,
    ::testing::Values(Row{"ServerHasNone", ENFORCED PORTS("81") TRUST, kPlain, Outcome::kPlaintext},
                      Row{"ServerIsDisabled", ENFORCED PORTS("81") TRUST, kDisabled, Outcome::kPlaintext},
                      Row{"Strict", ENFORCED PORTS("81") TRUST, kStrictFile, Outcome::kBelieves},
                      Row{"Permissive", ENFORCED PORTS("81") TRUST_AND_NAMES, kPermissiveSds, Outcome::kBelieves},
                      Row{"StrictAcm", ENFORCED PORTS("81") TRUST, kStrictAcm, Outcome::kNotServed}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(NotEnforced, DecisionTableTest,
                         ::testing::Values(Row{"ServerHasNone", LAX TRUST, kPlain, Outcome::kPlaintext},
                                           Row{"ServerIsDisabled", LAX TRUST, kDisabled, Outcome::kPlaintext},
                                           Row{"Strict", LAX TRUST, kStrictFile, Outcome::kTrust},
                                           Row{"Permissive", LAX TRUST, kPermissiveFile, Outcome::kTrust},
                                           Row{"NamesAreListed", LAX TRUST_AND_NAMES, kStrictFile, Outcome::kNames},
                                           Row{"OnOtherPorts", LAX PORTS("81") TRUST, kStrictFile, Outcome::kBelieves}),
                         [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(NoPolicy, DecisionTableTest,
                         ::testing::Values(Row{"ServerHasNone", "", kPlain, Outcome::kPlaintext},
                                           Row{"ServerIsDisabled", "", kDisabled, Outcome::kPlaintext},
                                           Row{"StrictFile", "", kStrictFile, Outcome::kBelieves},
                                           Row{"StrictSds", "", kStrictSds, Outcome::kBelieves},
                                           Row{"PermissiveFile", "", kPermissiveFile, Outcome::kBelieves},
                                           Row{"PermissiveSds", "", kPermissiveSds, Outcome::kBelieves},
                                           Row{"StrictAcm", "", kStrictAcm, Outcome::kNotServed}),
                         [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    AcmIsNotServed, DecisionTableTest,
    ::testing::Values(Row{"Trust", ENFORCED VALIDATION(ACM_TRUST), kStrictFile, Outcome::kNotServed},
                      Row{"TrustAndPlainServer", ENFORCED VALIDATION(ACM_TRUST), kPlain, Outcome::kNotServed},
                      Row{"TrustNotEnforced", LAX VALIDATION(ACM_TRUST), kStrictFile, Outcome::kNotServed},
                      Row{"TrustNotNeeded", LAX VALIDATION(ACM_TRUST), kPlain, Outcome::kPlaintext},
                      Row{"TrustForOtherPorts", PORTS("81") VALIDATION(ACM_TRUST), kStrictFile, Outcome::kBelieves},
                      Row{"ServerOfAnEnforcedPolicy", ENFORCED TRUST, kStrictAcm, Outcome::kNotServed}),
    [](const auto& info) { return info.param.name; });

// When a source of certificates hands out trust, as ACM will, clients without a policy use it.
TEST(ClientTlsTest, TrustOfTheCertificatesSourceIsUsedWithoutAPolicy) {
  ServerTls server;
  server.mode = ServerTls::Mode::kStrict;
  server.trust = ir::TrustFile{"/root.pem"};
  std::string why;
  const auto tls = ToClientTls({}, {80, ir::Protocol::kHttp, server, "api.local"}, why);
  ASSERT_TRUE(tls && tls->server);
  EXPECT_EQ(*tls->server, (ir::Validation{ir::TrustFile{"/root.pem"}, {}}));
}

ir::UpstreamTls TlsTo(std::string_view discovery_name, ir::Protocol protocol, const std::string& policy = TRUST) {
  std::string why;
  const auto server = ToServerTls(ListenerWith(kStrictFile), protocol, why);
  const auto tls = ToClientTls(PolicyOf(policy), {80, protocol, *server, discovery_name}, why);
  EXPECT_EQ(why, "");
  return tls.value_or(ir::UpstreamTls{});
}

TEST(ClientTlsTest, SniIsTheDiscoveryName) {
  EXPECT_EQ(TlsTo("api.local", ir::Protocol::kHttp).sni, "api.local");
  // DNS's own dot is neither in SNI nor in certificates.
  EXPECT_EQ(TlsTo("api.local.", ir::Protocol::kHttp).sni, "api.local");
  EXPECT_THAT(TlsTo("api.local.", ir::Protocol::kHttp).server->names, ElementsAre("api.local"));
  EXPECT_EQ(TlsTo("10.0.0.1", ir::Protocol::kHttp).sni, "");
  EXPECT_THAT(TlsTo("10.0.0.1", ir::Protocol::kHttp).server->names, ElementsAre("10.0.0.1"));
  EXPECT_EQ(TlsTo(std::string(256, 'a'), ir::Protocol::kHttp).sni, "");
}

TEST(ClientTlsTest, Http2IsAgreedOnByAlpn) {
  EXPECT_THAT(TlsTo("api.local", ir::Protocol::kHttp2).alpn, ElementsAre("h2"));
  EXPECT_THAT(TlsTo("api.local", ir::Protocol::kGrpc).alpn, ElementsAre("h2"));
  EXPECT_THAT(TlsTo("api.local", ir::Protocol::kHttp).alpn, IsEmpty());
  EXPECT_THAT(TlsTo("api.local", ir::Protocol::kTcp).alpn, IsEmpty());
}

TEST(ClientTlsTest, CertificateIsShownWhereThePolicyApplies) {
  const auto files = TlsTo("api.local", ir::Protocol::kHttp, FILE_CERTIFICATE "," TRUST);
  EXPECT_EQ(files.certificate, ir::Certificate(ir::CertificateFiles{"/c.pem", "/k.pem"}));
  const auto secret = TlsTo("api.local", ir::Protocol::kHttp, SDS_CERTIFICATE "," VALIDATION(SDS_TRUST));
  EXPECT_EQ(secret.certificate, ir::Certificate(ir::LocalSecret{"spiffe://shop/api"}));
  EXPECT_EQ(secret.server->trust, ir::Trust(ir::LocalSecret{"spiffe://shop"}));
  const auto elsewhere = TlsTo("api.local", ir::Protocol::kHttp, PORTS("81") FILE_CERTIFICATE "," TRUST);
  EXPECT_EQ(elsewhere.certificate, std::nullopt);
}

TEST(ClientTlsTest, WhatCannotSucceedIsToldOf) {
  const auto told = [](const std::string& policy, const std::string& server_tls) {
    std::string why;
    const auto server = ToServerTls(ListenerWith(server_tls), ir::Protocol::kHttp, why);
    return ContradictionOf(ToClientTls(PolicyOf(policy), {80, ir::Protocol::kHttp, *server, "api.local"}, why),
                           *server);
  };
  const std::string mutual = std::string(kStrictFile) + "," VALIDATION(FILE_TRUST);
  EXPECT_THAT(told(TRUST, kPlain), HasSubstr("it has none"));
  EXPECT_THAT(told(TRUST, mutual), HasSubstr("this one has none"));
  EXPECT_THAT(told("", mutual), HasSubstr("this one has none"));
  EXPECT_EQ(told(TRUST "," FILE_CERTIFICATE, mutual), "");
  EXPECT_EQ(told(TRUST, kStrictFile), "");
  EXPECT_EQ(told("", kPlain), "");
}

TEST(MarkTest, TellsEverythingApart) {
  const ir::UpstreamTls base{ir::Validation{ir::TrustFile{"/ca"}, {"a"}}, std::nullopt, "s", {"h2"}};
  std::set<std::string> marks{MarkOf(std::nullopt), MarkOf(base), MarkOf(ir::UpstreamTls{})};
  const auto add = [&](const std::function<void(ir::UpstreamTls&)>& change) {
    ir::UpstreamTls tls = base;
    change(tls);
    marks.insert(MarkOf(tls));
  };
  add([](auto& tls) { tls.server->trust = ir::TrustFile{"/cb"}; });
  add([](auto& tls) { tls.server->trust = ir::LocalSecret{"/ca"}; });
  add([](auto& tls) { tls.server->names = {"b"}; });
  add([](auto& tls) { tls.server->names = {"a", "b"}; });
  add([](auto& tls) { tls.server->names = {}; });
  add([](auto& tls) { tls.server.reset(); });
  add([](auto& tls) { tls.certificate = ir::CertificateFiles{"/c", "/k"}; });
  add([](auto& tls) { tls.certificate = ir::CertificateFiles{"/c/", "k"}; });
  add([](auto& tls) { tls.certificate = ir::LocalSecret{"/c"}; });
  add([](auto& tls) { tls.sni = "t"; });
  add([](auto& tls) { tls.alpn = {}; });
  EXPECT_EQ(marks.size(), 14u);
}

// In stored names: the hash must not change with the build.
TEST(MarkTest, IsStable) {
  EXPECT_EQ(MarkOf(std::nullopt), "plaintext");
  EXPECT_EQ(MarkOf(ir::UpstreamTls{ir::Validation{ir::TrustFile{"/ca.pem"}, {"a"}}, std::nullopt, "s", {"h2"}}),
            "tls-051ef562");
}

ServerTls ServerOf(const std::string& tls, ir::Protocol protocol = ir::Protocol::kHttp) {
  std::string why;
  const auto server = ToServerTls(ListenerWith(tls), protocol, why);
  EXPECT_TRUE(server) << why;
  return server.value_or(ServerTls{});
}

TEST(ServerTlsTest, CertificatesAndTrust) {
  EXPECT_EQ(ServerOf(kStrictFile).context.certificate, ir::Certificate(ir::CertificateFiles{"/c.pem", "/k.pem"}));
  EXPECT_EQ(ServerOf(kStrictSds).context.certificate, ir::Certificate(ir::LocalSecret{"spiffe://shop/api"}));
  EXPECT_EQ(ServerOf(kStrictFile).context.clients, std::nullopt);
  const std::string mutual = std::string(kStrictFile) + "," VALIDATION(SDS_TRUST "," NAMES(R"("a.local")"));
  EXPECT_EQ(ServerOf(mutual).context.clients, (ir::Validation{ir::LocalSecret{"spiffe://shop"}, {"a.local"}}));
  // No names listed: any certificate of that trust.
  const std::string any = std::string(kStrictFile) + "," VALIDATION(FILE_TRUST);
  EXPECT_EQ(ServerOf(any).context.clients, (ir::Validation{ir::TrustFile{"/ca.pem"}, {}}));
}

TEST(ServerTlsTest, Alpn) {
  EXPECT_THAT(ServerOf(kStrictFile, ir::Protocol::kHttp).context.alpn, ElementsAre("http/1.1"));
  EXPECT_THAT(ServerOf(kStrictFile, ir::Protocol::kHttp2).context.alpn, ElementsAre("h2"));
  EXPECT_THAT(ServerOf(kStrictFile, ir::Protocol::kGrpc).context.alpn, ElementsAre("h2"));
  EXPECT_THAT(ServerOf(kStrictFile, ir::Protocol::kTcp).context.alpn, IsEmpty());
}

TEST(ServerTlsTest, WhatCannotBeServedSaysWhy) {
  const auto why_not = [](const std::string& tls) {
    std::string why;
    EXPECT_FALSE(ToServerTls(ListenerWith(tls), ir::Protocol::kHttp, why)) << tls;
    return why;
  };
  EXPECT_THAT(why_not(kStrictAcm), HasSubstr("ACM"));
  EXPECT_EQ(why_not(R"("mode":"STRICT")"), "it has no certificate");
  EXPECT_EQ(why_not(R"("mode":"STRICT","certificate":{"sds":{"secretName":""}})"), "its secret has no name");
  EXPECT_EQ(why_not(R"("mode":"STRICT","certificate":{"file":{"certificateChain":"/c"}})"),
            "its certificate has no files");
  EXPECT_EQ(why_not(std::string(kStrictFile) + R"(,"validation":{})"), "its validation has no trust");
}

TEST(ServerTlsTest, ChainsOfTheModes) {
  using Transport = ir::FilterChain::Transport;
  ir::FilterChain plain;
  plain.port = 80;
  const auto disabled = WithTls(plain, ServerOf(kDisabled));
  EXPECT_THAT(disabled, ElementsAre(plain));
  const auto strict = WithTls(plain, ServerOf(kStrictFile));
  ASSERT_EQ(strict.size(), 1u);
  EXPECT_TRUE(strict[0].tls);
  EXPECT_EQ(strict[0].transport, Transport::kAny);
  const auto permissive = WithTls(plain, ServerOf(kPermissiveFile));
  ASSERT_EQ(permissive.size(), 2u);
  EXPECT_TRUE(permissive[0].tls);
  EXPECT_EQ(permissive[0].transport, Transport::kTls);
  EXPECT_FALSE(permissive[1].tls);
  EXPECT_EQ(permissive[1].transport, Transport::kPlaintext);
}

}  // namespace
}  // namespace chancery::compile
