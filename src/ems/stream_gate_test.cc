#include "ems/stream_gate.h"

#include <envoy/service/discovery/v3/discovery.pb.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ems/ems.h"
#include "ems/proxy_stream.h"
#include "ems/socket_gate.h"
#include "iam/bearer_testing.h"
#include "iam/iam_fixture.h"
#include "iam/jwks.h"
#include "iam/sigv4_testing.h"
#include "xds/fake_transport.h"

namespace chancery::ems {
namespace {

using base::Code;
using iam::testing::OwnedRequest;
using iam::testing::Signer;
using store::AttachedTo;

constexpr const char* kOther = "999922223333";

class StreamGateTest : public iam::IamFixture {
 protected:
  StreamGateTest() { PutNode("n", kAccount); }

  static model::ResourceKey NodeKey(const std::string& name, const std::string& owner = kAccount) {
    return {{owner, "m"}, model::Kind::kVirtualNode, "", name};
  }
  static compile::ProxyKey Proxy(const std::string& name, const std::string& owner = kAccount) {
    return {{owner, "m"}, model::Kind::kVirtualNode, name, compile::Profile::kStock};
  }
  // A node of the mesh m of kAccount.
  void PutNode(const std::string& name, const std::string& resource_owner) {
    store::ResourceRecord record;
    record.set_resource_owner(resource_owner);
    record.mutable_virtual_node();
    Write(store::ResourceKeyText(NodeKey(name)), record.SerializeAsString());
  }
  void Write(const std::string& key, std::optional<std::string> value) {
    ASSERT_TRUE(store_.Commit({0, "test", "Write", {}, {{key, std::move(value)}}}));
  }

  Signer NewSigner(const std::string& user, const std::string& policy = "AWSAppMeshEnvoyAccess",
                   const std::string& account = kAccount) const {
    const auto key = admin_->CreateKey(account, user);
    if (!policy.empty()) {
      EXPECT_TRUE(admin_->Attach(account, policy, {AttachedTo::kUser, user}));
    }
    return {key->access_key_id, key->secret, "us-west-2", "appmesh",
            std::chrono::floor<std::chrono::seconds>(clock_.WallNow())};
  }
  // What Envoy's aws_request_signing sends: an unsigned payload, and what HTTP/2 adds signed too.
  static OwnedRequest Signed(const Signer& signer, std::string payload = "UNSIGNED-PAYLOAD") {
    OwnedRequest request{"POST",
                         std::string(kAdsMethod),
                         {{"host", "xds.test"}, {"te", "trailers"}, {"content-type", "application/grpc"}}};
    if (!payload.empty()) request.headers.emplace_back("x-amz-content-sha256", payload);
    iam::testing::SignSigV4(signer, request);
    return request;
  }
  base::Result<Caller> Identify(const OwnedRequest& request) const {
    return gate_.Identify({request.target, "127.0.0.1:4711", request.headers});
  }
  base::Status Authorize(const Signer& signer, const compile::ProxyKey& key) const {
    const auto who = Identify(Signed(signer));
    if (!who) return who.error();
    return gate_.Authorize(*who, key, "127.0.0.1:4711");
  }

  IamStreamGate gate_{{"aws", "us-west-2", kAccount}, *directory_, store_, clock_};
};

TEST_F(StreamGateTest, AStreamIsSignedAsEnvoyOrAsOlderImagesDo) {
  const Signer ann = NewSigner("ann");
  const auto who = Identify(Signed(ann));
  ASSERT_TRUE(who) << base::ToString(who.error());
  EXPECT_EQ(who->principal.arn, "arn:aws:iam::111122223333:user/ann");
  // The hash of nothing, without a header that says so.
  EXPECT_TRUE(Identify(Signed(ann, "")));
}

TEST_F(StreamGateTest, WithoutAKeyNobodyIsLetIn) {
  const Signer ann = NewSigner("ann");
  EXPECT_EQ(gate_.Identify({kAdsMethod, "127.0.0.1:1", {}}).error().code, Code::kMissingAuthentication);
  Signer forger = ann;
  forger.secret = "wrong";
  EXPECT_EQ(Identify(Signed(forger)).error().code, Code::kInvalidSignature);
  ASSERT_TRUE(admin_->SetKeyDisabled(ann.access_key_id, true));
  EXPECT_EQ(Identify(Signed(ann)).error().code, Code::kUnrecognizedClient);
}

TEST_F(StreamGateTest, APolicyMustAllowTheStreamOfThatProxy) {
  EXPECT_EQ(Authorize(NewSigner("none", ""), Proxy("n")).error().code, Code::kAccessDenied);
  EXPECT_TRUE(Authorize(NewSigner("all"), Proxy("n")));
  ASSERT_TRUE(admin_->PutPolicy(
      kAccount, "n-alone",
      Allow("appmesh:StreamAggregatedResources", "arn:aws:appmesh:us-west-2:111122223333:mesh/m/virtualNode/n")));
  const Signer one = NewSigner("one", "n-alone");
  EXPECT_TRUE(Authorize(one, Proxy("n")));
  EXPECT_EQ(Authorize(one, Proxy("x")).error().code, Code::kAccessDenied);
}

TEST_F(StreamGateTest, ADisabledKeyIsNoLongerAllowed) {
  const Signer ann = NewSigner("ann");
  const auto who = Identify(Signed(ann));
  EXPECT_TRUE(gate_.Authorize(*who, Proxy("n"), "127.0.0.1:1"));
  ASSERT_TRUE(admin_->SetKeyDisabled(ann.access_key_id, true));
  EXPECT_EQ(gate_.Authorize(*who, Proxy("n"), "127.0.0.1:1").error().code, Code::kAccessDenied);
}

// Whoever writes policies in one account cannot read another's mesh by them.
TEST_F(StreamGateTest, AnotherAccountsProxyIsNotGivenWhateverThePolicySays) {
  const Signer stranger = NewSigner("eve", "AWSAppMeshFullAccess", kOther);
  EXPECT_EQ(Authorize(stranger, Proxy("n")).error().code, Code::kAccessDenied);
  EXPECT_EQ(Authorize(stranger, Proxy("absent")).error().code, Code::kAccessDenied);
  Write(store::ShareKeyText({kAccount, "m"}, kOther), "");
  EXPECT_EQ(Authorize(stranger, Proxy("n")).error().code, Code::kAccessDenied) << "the owner's node";
  PutNode("theirs", kOther);
  EXPECT_TRUE(Authorize(stranger, Proxy("theirs")));
  EXPECT_TRUE(Authorize(stranger, Proxy("absent"))) << "may be waited for";
  Write(store::ShareKeyText({kAccount, "m"}, kOther), std::nullopt);
  EXPECT_EQ(Authorize(stranger, Proxy("theirs")).error().code, Code::kAccessDenied);
}

TEST_F(StreamGateTest, PoliciesSeeTheTagsOfTheResourceAndTheTransport) {
  ASSERT_TRUE(admin_->PutPolicy(kAccount, "web", R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow",
      "Action":"appmesh:StreamAggregatedResources","Resource":"*",
      "Condition":{"StringEquals":{"aws:ResourceTag/team":"web"}}}]})"));
  ASSERT_TRUE(admin_->PutPolicy(kAccount, "tls", R"({"Version":"2012-10-17","Statement":[{"Effect":"Deny",
      "Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]})"));
  const Signer ann = NewSigner("ann", "web");
  EXPECT_EQ(Authorize(ann, Proxy("n")).error().code, Code::kAccessDenied);
  store::ResourceRecord record;
  record.set_resource_owner(kAccount);
  record.mutable_virtual_node();
  auto& tag = *record.add_tags();
  tag.set_key("team");
  tag.set_value("web");
  Write(store::ResourceKeyText(NodeKey("n")), record.SerializeAsString());
  EXPECT_TRUE(Authorize(ann, Proxy("n")));
  ASSERT_TRUE(admin_->Attach(kAccount, "tls", {AttachedTo::kUser, "ann"}));
  EXPECT_EQ(Authorize(ann, Proxy("n")).error().code, Code::kAccessDenied);
}

// ---- Tokens, certificates, sockets ---

class OtherWaysTest : public StreamGateTest {
 protected:
  OtherWaysTest() { EXPECT_TRUE(keys_.Poll()); }

  static constexpr int64_t kLife = 600;

  int64_t Now() const {
    return std::chrono::duration_cast<std::chrono::seconds>(clock_.WallNow().time_since_epoch()).count();
  }
  std::string Token(const std::string& more = "") const {
    return issuer_.Token("ES256",
                         fmt::format(R"({{"iss":"i","aud":"a","sub":"ann","exp":{}{}}})", Now() + kLife, more));
  }
  static std::vector<std::pair<std::string, std::string>> Bearer(const std::string& token) {
    return {{"authorization", "Bearer " + token}};
  }
  base::Result<Caller> IdentifyBy(const std::vector<std::pair<std::string, std::string>>& headers,
                                  const tls::PeerCertificate* certificate = nullptr) const {
    return gate_.Identify({kAdsMethod, "127.0.0.1:1", headers, 0, certificate});
  }

  const iam::testing::IssuerKey issuer_ = iam::testing::IssuerKey::Ec("k");
  iam::Jwks keys_{{.location = "keys", .issuer = {}},
                  [this](const std::string&, const std::stop_token&) -> base::Result<std::string> {
                    return iam::testing::KeySetOf(issuer_.Jwk());
                  },
                  clock_};
  const iam::TokenVerifier tokens_{{.issuer = "i", .audience = "a", .account = kAccount}, keys_, clock_};
  const IamStreamGate gate_{{"aws", "us-west-2", kAccount}, *directory_, store_, clock_, &tokens_};
};

TEST_F(OtherWaysTest, ATokenActsAsItsUserAndGroupsUntilItExpires) {
  const auto headers = Bearer(Token(R"(,"groups":["proxies"])"));
  const auto who = IdentifyBy(headers);
  ASSERT_TRUE(who) << base::ToString(who.error());
  EXPECT_EQ(who->until->time_since_epoch(), std::chrono::seconds(Now() + kLife + 60)) << "the leeway";
  EXPECT_EQ(gate_.Authorize(*who, Proxy("n"), "").error().code, Code::kAccessDenied);
  ASSERT_TRUE(admin_->Attach(kAccount, "AWSAppMeshEnvoyAccess", {AttachedTo::kGroup, "proxies"}));
  EXPECT_TRUE(gate_.Authorize(*who, Proxy("n"), ""));
}

TEST_F(OtherWaysTest, ABadTokenIsRefusedWhateverCertificateIsShown) {
  const tls::PeerCertificate certificate{{"spiffe://td/n"}, {}, clock_.WallNow() + std::chrono::hours(1)};
  const auto stranger = iam::testing::IssuerKey::Ec("k");
  const auto headers = Bearer(stranger.Token("ES256", R"({"iss":"i","aud":"a","sub":"ann","exp":9999999999})"));
  EXPECT_EQ(IdentifyBy(headers, &certificate).error().code, Code::kUnrecognizedClient);
  EXPECT_EQ(StreamGateTest::gate_.Identify({kAdsMethod, "", headers}).error().code, Code::kUnrecognizedClient)
      << "no issuer is trusted there";
}

TEST_F(OtherWaysTest, ATokenOfAKeyThatIsNotKnownYetIsNotWaitedFor) {
  const auto next = iam::testing::IssuerKey::Ec("next");
  const auto headers = Bearer(next.Token("ES256", R"({"iss":"i","aud":"a","sub":"ann","exp":9999999999})"));
  EXPECT_EQ(IdentifyBy(headers).error().code, Code::kUnavailable) << "a fetch is asked for";
  ASSERT_TRUE(keys_.Poll());
  EXPECT_EQ(IdentifyBy(headers).error().code, Code::kUnrecognizedClient) << "it was fetched a moment ago";
}

TEST_F(OtherWaysTest, ACertificateIsAUserOfItsOwnKind) {
  const tls::PeerCertificate certificate{{"spiffe://td/mesh/m/virtualNode/n"}, {"n.test"}, clock_.WallNow()};
  const auto who = IdentifyBy({}, &certificate);
  ASSERT_TRUE(who) << base::ToString(who.error());
  EXPECT_EQ(who->principal.user, "spiffe://td/mesh/m/virtualNode/n");
  EXPECT_EQ(who->until, certificate.not_after);
  EXPECT_EQ(gate_.Authorize(*who, Proxy("n"), "").error().code, Code::kAccessDenied);
  const iam::Holder user{AttachedTo::kUser, who->principal.user};
  ASSERT_TRUE(admin_->Attach(kAccount, "AWSAppMeshEnvoyAccess", user));
  EXPECT_TRUE(gate_.Authorize(*who, Proxy("n"), ""));
  ASSERT_TRUE(admin_->Detach(kAccount, "AWSAppMeshEnvoyAccess", user));
  EXPECT_EQ(gate_.Authorize(*who, Proxy("n"), "").error().code, Code::kAccessDenied);
  const tls::PeerCertificate nobody{{}, {"a.test", "b.test"}, {}};
  EXPECT_EQ(IdentifyBy({}, &nobody).error().code, Code::kAccessDenied);
}

TEST_F(OtherWaysTest, OnePolicyServesAllWhosePathIsTheResource) {
  ASSERT_TRUE(admin_->PutPolicy(kAccount, "by-path", R"({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
      "Action": "appmesh:StreamAggregatedResources",
      "Resource": "arn:aws:appmesh:us-west-2:111122223333:${chancery:SpiffePath}"}]})"));
  ASSERT_TRUE(admin_->Attach(kAccount, "by-path", {AttachedTo::kAccount, ""}));
  const tls::PeerCertificate certificate{{"spiffe://td/mesh/m/virtualNode/n"}, {}, {}};
  const auto who = IdentifyBy({}, &certificate);
  ASSERT_TRUE(who);
  EXPECT_TRUE(gate_.Authorize(*who, Proxy("n"), ""));
  EXPECT_FALSE(gate_.Authorize(*who, Proxy("x"), ""));
  const tls::PeerCertificate by_name{{}, {"n.test"}, {}};
  EXPECT_FALSE(gate_.Authorize(*IdentifyBy({}, &by_name), Proxy("n"), "")) << "it has no path";
}

TEST_F(OtherWaysTest, ASocketAllowsWhatItNamesAndNoOthersProxy) {
  const SocketGate shut("unix:/a", kAccount, {}, store_);
  const SocketGate socket("unix:/b", kAccount, *iam::Claims::Parse({"mesh/m/virtualNode/n", "mesh/m@*"}), store_);
  const ListenerGates gates({&shut, &socket});
  const auto at_shut = gates.Identify({kAdsMethod, "unix:pid=1,uid=0", {}, 0});
  const auto at_socket = gates.Identify({kAdsMethod, "unix:pid=1,uid=0", {}, 1});
  ASSERT_TRUE(at_shut && at_socket);
  EXPECT_EQ(gates.Authorize(*at_shut, Proxy("n"), "").error().code, Code::kAccessDenied);
  EXPECT_TRUE(gates.Authorize(*at_socket, Proxy("n"), ""));
  EXPECT_FALSE(gates.Authorize(*at_socket, Proxy("n", kOther), "")) << "a mesh that is not shared";
}

// ---- On a stream ---------------------------------------------------------------------------------

class GatedStreamTest : public StreamGateTest {
 protected:
  void Open(const OwnedRequest& request) {
    stream_ =
        std::make_unique<ProxyStream>(1, StreamHead{request.target, "127.0.0.1:1", request.headers}, transport_, hub_);
    transport_.Attach(*stream_);
  }
  void Ask(const std::string& node_id) {
    envoy::service::discovery::v3::DiscoveryRequest request;
    request.mutable_node()->set_id(node_id);
    request.set_type_url("type.googleapis.com/envoy.config.cluster.v3.Cluster");
    stream_->OnMessage(request.SerializeAsString());
  }

  std::optional<xds::StatusCode> ClosedWith() const {
    return transport_.closed() ? std::optional(transport_.closed()->first) : std::nullopt;
  }

  Installation installation_{"aws", "us-west-2", kAccount};
  transform::MemoryFeed feed_;
  xds::SessionOptions session_;
  ConfigCache configs_{100};
  xds::ResponseCache responses_{1 << 20};
  StatusBoard status_{clock_};
  EmsContext context_{installation_, feed_, clock_, session_, configs_, responses_, status_, gate_, 2};
  Hub hub_{context_};
  xds::FakeTransport transport_{clock_};
  std::unique_ptr<ProxyStream> stream_;
};

TEST_F(GatedStreamTest, WhoIsNotProvenIsTold) {
  Open({"POST", std::string(kAdsMethod)});
  Ask("mesh/m/virtualNode/n");
  EXPECT_EQ(ClosedWith(), xds::StatusCode::kUnauthenticated);
  EXPECT_TRUE(status_.Proxies().empty());
}

TEST_F(GatedStreamTest, WhoIsNotAllowedIsTold) {
  Open(Signed(NewSigner("ann", "")));
  Ask("mesh/m/virtualNode/n");
  EXPECT_EQ(ClosedWith(), xds::StatusCode::kPermissionDenied);
}

TEST_F(GatedStreamTest, AStreamEndsWhenItsPolicyDoes) {
  Open(Signed(NewSigner("ann")));
  Ask("mesh/m/virtualNode/n");
  EXPECT_EQ(ClosedWith(), std::nullopt);
  ASSERT_EQ(status_.Proxies().size(), 1U);
  hub_.Recheck();
  EXPECT_EQ(ClosedWith(), std::nullopt);
  ASSERT_TRUE(admin_->Detach(kAccount, "AWSAppMeshEnvoyAccess", {AttachedTo::kUser, "ann"}));
  hub_.Recheck();
  EXPECT_EQ(ClosedWith(), xds::StatusCode::kPermissionDenied);
}

TEST_F(GatedStreamTest, AStreamEndsWithWhatProvedIt) {
  ASSERT_TRUE(admin_->Attach(kAccount, "AWSAppMeshEnvoyAccess", {AttachedTo::kUser, "dns:n.test"}));
  const tls::PeerCertificate certificate{{}, {"n.test"}, clock_.WallNow() + std::chrono::minutes(1)};
  stream_ =
      std::make_unique<ProxyStream>(1, StreamHead{kAdsMethod, "127.0.0.1:1", {}, 0, &certificate}, transport_, hub_);
  transport_.Attach(*stream_);
  Ask("mesh/m/virtualNode/n");
  hub_.Expire();
  EXPECT_EQ(ClosedWith(), std::nullopt);
  clock_.Advance(std::chrono::minutes(1));
  hub_.Expire();
  EXPECT_EQ(ClosedWith(), xds::StatusCode::kUnauthenticated);
}

// Bare ids belong to the account of the credential.
TEST_F(GatedStreamTest, ABareIdIsOfTheCredentialsAccount) {
  Open(Signed(NewSigner("ben", "AWSAppMeshEnvoyAccess", kOther)));
  Ask("mesh/m/virtualNode/n");
  ASSERT_EQ(status_.Proxies().size(), 1U);
  EXPECT_EQ(status_.Proxies().front().key.mesh.owner, kOther);
  EXPECT_TRUE(status_.Proxies().front().waiting);
}

}  // namespace
}  // namespace chancery::ems
