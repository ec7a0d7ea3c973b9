#include "ems/stream_gate.h"

#include <envoy/service/discovery/v3/discovery.pb.h>
#include <gtest/gtest.h>

#include "ems/ems.h"
#include "ems/proxy_stream.h"
#include "iam/iam_fixture.h"
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
  EXPECT_EQ(who->arn, "arn:aws:iam::111122223333:user/ann");
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
