// Streams of proxies on a fake transport and clock, with a feed under them.

#include "ems/proxy_stream.h"

#include <envoy/config/endpoint/v3/endpoint.pb.h>
#include <envoy/service/discovery/v3/discovery.pb.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "compile/testing/world.h"
#include "ems/ems.h"
#include "transform/mesh_compiler.h"
#include "xds/fake_transport.h"

namespace chancery::ems {
namespace {

using compile::FragmentType;
using testing::HasSubstr;
using testing::SizeIs;
using Request = envoy::service::discovery::v3::DiscoveryRequest;

const model::MeshId kMesh{"123456789012", "m"};
constexpr std::string_view kNodeId = "mesh/m/virtualNode/n";
const std::string kCds(compile::TypeUrl(FragmentType::kCluster));

compile::ProxyKey Proxy() { return {kMesh, model::Kind::kVirtualNode, "n", compile::Profile::kStock}; }

class ProxyStreamTest : public testing::Test {
 protected:
  // A proxy whose only cluster has `bytes`.
  void Publish(store::Txn txn, const std::string& bytes, bool refresh = true,
               compile::Profile profile = compile::Profile::kStock) {
    auto manifest = std::make_shared<transform::Manifest>();
    manifest->key = Proxy();
    manifest->key.profile = profile;
    for (auto& type : manifest->types) type = std::make_shared<transform::TypeSet>();
    auto clusters = std::make_shared<transform::TypeSet>();
    clusters->fragments.push_back(compile::MakeFragment(FragmentType::kCluster, "c", bytes));
    clusters->txn = txn;
    manifest->types[0] = clusters;
    transform::FeedUpdate update{kMesh, txn, {manifest}, {}, {{txn, {{manifest->key, 1}}}}};
    feed_.Publish(update);
    status_.OnUpdate(update);
    if (refresh) hub_.Refresh(manifest->key);
  }
  void PublishRemoved(store::Txn txn) {
    transform::FeedUpdate update{kMesh, txn, {}, {Proxy()}, {}};
    feed_.Publish(update);
    status_.OnUpdate(update);
    hub_.Refresh(Proxy());
  }

  void Open() {
    stream_ = std::make_unique<ProxyStream>(1, StreamHead{kAdsMethod, "127.0.0.1:1", {}}, transport_, hub_);
    transport_.Attach(*stream_);
  }
  // An Envoy 1.`minor`.
  void Ask(std::string_view node_id, const std::string& bind = "", uint32_t minor = 40) {
    Request request;
    request.mutable_node()->set_id(std::string(node_id));
    request.mutable_node()->set_user_agent_name("envoy");
    auto& version = *request.mutable_node()->mutable_user_agent_build_version()->mutable_version();
    version.set_major_number(1);
    version.set_minor_number(minor);
    if (!bind.empty()) {
      auto& fields = *request.mutable_node()->mutable_metadata()->mutable_fields();
      (*fields["chancery.bind"].mutable_struct_value()->mutable_fields())["ingress"].set_string_value(bind);
    }
    request.set_type_url(kCds);
    stream_->OnMessage(request.SerializeAsString());
  }
  // Reads the next answer and accepts it, or rejects it with `error`.
  std::string Answer(const std::string& error = "") {
    auto response = transport_.Read();
    if (!response) return "nothing";
    transport_.FinishWrite();
    Request request;
    request.set_type_url(response->type_url());
    request.set_response_nonce(response->nonce());
    if (error.empty()) request.set_version_info(response->version_info());
    if (!error.empty()) request.mutable_error_detail()->set_message(error);
    stream_->OnMessage(request.SerializeAsString());
    return response->resources_size() == 0 ? "empty" : response->resources(0).value();
  }
  ProxyStatus Status() { return status_.Proxies().at(0); }
  TxnStatus Txn(store::Txn txn) { return *status_.Transaction(kMesh, txn); }

  base::FakeClock clock_;
  transform::MemoryFeed feed_;
  Installation installation_{"aws", "us-east-1", "123456789012"};
  xds::SessionOptions session_;
  ConfigCache configs_{100};
  xds::ResponseCache responses_{1 << 20};
  StatusBoard status_{clock_};
  OpenStreamGate gate_{"123456789012"};
  EmsContext context_{installation_, feed_, clock_, session_, configs_, responses_, status_, gate_, 2};
  Hub hub_{context_};
  xds::FakeTransport transport_{clock_};
  std::unique_ptr<ProxyStream> stream_;
};

TEST_F(ProxyStreamTest, NothingIsSentBeforeTheStateIsComplete) {
  Open();
  Publish(1, "one");
  Ask(kNodeId);
  EXPECT_EQ(Answer(), "nothing");
  feed_.MarkComplete();
  hub_.RefreshAll();
  EXPECT_EQ(Answer(), "one");
}

TEST_F(ProxyStreamTest, TheAgentsLocalClusterIsAnsweredWithoutEndpointsAndCountsForNothing) {
  feed_.MarkComplete();
  Publish(1, "one");
  Open();
  Request request;
  request.mutable_node()->set_id(std::string(kNodeId));
  request.mutable_node()->set_user_agent_name("envoy");
  request.mutable_node()->mutable_user_agent_build_version()->mutable_version()->set_major_number(1);
  request.mutable_node()->mutable_user_agent_build_version()->mutable_version()->set_minor_number(40);
  request.set_type_url("type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment");
  request.add_resource_names("local_cluster");
  stream_->OnMessage(request.SerializeAsString());
  const auto response = transport_.Read();
  ASSERT_TRUE(response && response->resources_size() == 1);
  envoy::config::endpoint::v3::ClusterLoadAssignment assignment;
  ASSERT_TRUE(response->resources(0).UnpackTo(&assignment));
  EXPECT_EQ(assignment.cluster_name(), "local_cluster");
  EXPECT_EQ(assignment.endpoints_size(), 0);
  transport_.FinishWrite();
  // Clusters come though it is not acknowledged yet.
  Ask(kNodeId);
  EXPECT_EQ(Answer(), "one");
  request.set_response_nonce(response->nonce());
  request.set_version_info(response->version_info());
  stream_->OnMessage(request.SerializeAsString());
  EXPECT_EQ(Txn(1).pending, 0U);
}

TEST_F(ProxyStreamTest, AProxyWaitsForItsResourceAndIsServedWhenItComes) {
  feed_.MarkComplete();
  Open();
  Ask(kNodeId);
  EXPECT_EQ(Answer(), "nothing");
  EXPECT_TRUE(Status().waiting);
  Publish(1, "one");
  EXPECT_EQ(Answer(), "one");
  EXPECT_FALSE(Status().waiting);
}

TEST_F(ProxyStreamTest, AnOrphanKeepsWhatItHasAndIsServedAgainWhenItsResourceReturns) {
  feed_.MarkComplete();
  Publish(1, "one");
  Open();
  Ask(kNodeId);
  EXPECT_EQ(Answer(), "one");
  PublishRemoved(2);
  EXPECT_EQ(Answer(), "nothing");
  EXPECT_TRUE(Status().orphaned);
  Publish(3, "three");
  EXPECT_EQ(Answer(), "three");
  EXPECT_FALSE(Status().orphaned);
}

// Between the feed's step and the stream's look at it, the transaction was live with nobody to have it.
TEST_F(ProxyStreamTest, ATransactionIsNotLiveBeforeAWaitingProxyHasLooked) {
  feed_.MarkComplete();
  status_.OnUpdate({kMesh, 1, {}, {}, {}});
  Open();
  Ask(kNodeId);
  EXPECT_TRUE(Status().waiting);
  Publish(2, "one", false);
  EXPECT_FALSE(Txn(2).live);
  EXPECT_EQ(Txn(2).pending, 1U);
  hub_.Refresh(Proxy());
  Answer();
  EXPECT_TRUE(Txn(2).live);
  EXPECT_EQ(Txn(2).acknowledged, 1U);
}

// The same in the first step of a mesh that is made while the proxy waits already.
TEST_F(ProxyStreamTest, TheFirstTransactionsOfAMeshAreNotLiveBeforeAWaitingProxyHasLooked) {
  feed_.MarkComplete();
  Open();
  Ask(kNodeId);
  Publish(2, "one", false);
  EXPECT_FALSE(Txn(2).live);
  EXPECT_EQ(Txn(2).pending, 1U);
  hub_.Refresh(Proxy());
  Answer();
  EXPECT_TRUE(Txn(2).live);
  EXPECT_EQ(Txn(2).acknowledged, 1U);
}

TEST_F(ProxyStreamTest, ATransactionIsLiveOnceItIsAcknowledged) {
  feed_.MarkComplete();
  Publish(1, "one");
  Open();
  Ask(kNodeId);
  Answer();
  Publish(2, "two");
  EXPECT_EQ(Txn(2).pending, 1U);
  EXPECT_FALSE(Txn(2).live);
  EXPECT_EQ(Txn(1).acknowledged + Txn(1).pending, 1U);
  Answer();
  // The listener was never asked for: the proxy is still starting.
  Request lds;
  lds.set_type_url(std::string(compile::TypeUrl(FragmentType::kListener)));
  stream_->OnMessage(lds.SerializeAsString());
  EXPECT_EQ(Answer(), "empty");
  EXPECT_EQ(Txn(2).acknowledged, 1U);
  EXPECT_TRUE(Txn(2).live);
}

TEST_F(ProxyStreamTest, ARejectionShowsUntilABetterStateIsInForce) {
  feed_.MarkComplete();
  Publish(1, "one");
  Open();
  Ask(kNodeId);
  Answer();
  Publish(2, "bad");
  EXPECT_EQ(Answer("cluster c: no"), "bad");
  EXPECT_EQ(Answer(), "nothing") << "the same is never sent again";
  const TypeStatus rejected = Status().types[0];
  EXPECT_TRUE(rejected.rejected);
  EXPECT_EQ(rejected.message, "cluster c: no");
  EXPECT_THAT(rejected.rejected_names, testing::ElementsAre("c"));
  EXPECT_EQ(Txn(2).rejected, 1U);
  EXPECT_EQ(status_.counters().by_mesh.at(kMesh)[0].rejected, 1U);
  Publish(3, "three");
  EXPECT_EQ(Answer(), "three");
  EXPECT_FALSE(Status().types[0].rejected);
}

TEST_F(ProxyStreamTest, AnOldEnvoyIsGivenItsOwnProfileOnceThatIsCompiled) {
  feed_.MarkComplete();
  Publish(5, "stock");
  Open();
  Ask(kNodeId, "", 29);
  EXPECT_EQ(Status().key.profile, compile::Profile::kOld);
  EXPECT_THAT(feed_.TakeDemand(kMesh, false).began, testing::ElementsAre(Status().key));
  EXPECT_EQ(Answer(), "nothing") << "the stock profile is not for it";
  EXPECT_EQ(Txn(5).pending, 1U) << "it is touched, and has nothing yet";
  EXPECT_EQ(Txn(4).pending, 1U) << "and whatever came before is on no more proxies than that";
  Publish(5, "old", true, compile::Profile::kOld);
  EXPECT_EQ(Answer(), "old");
  EXPECT_TRUE(Txn(5).live);
  stream_->OnClosed();
  EXPECT_THAT(feed_.TakeDemand(kMesh, false).ended, SizeIs(1)) << "nobody needs that profile any more";
}

TEST_F(ProxyStreamTest, AnOldEnvoyWithoutAResourceWaitsLikeAnyOther) {
  feed_.MarkComplete();
  Open();
  Ask(kNodeId, "", 29);
  EXPECT_TRUE(Status().waiting);
  Publish(1, "stock");
  EXPECT_EQ(Answer(), "nothing");
  EXPECT_EQ(Txn(1).pending, 1U);
  Publish(1, "old", true, compile::Profile::kOld);
  EXPECT_EQ(Answer(), "old");
  EXPECT_FALSE(Status().waiting);
}

TEST_F(ProxyStreamTest, ATransactionOfOneProfileDoesNotWaitForAProxyOfAnother) {
  feed_.MarkComplete();
  Publish(1, "stock");
  Publish(1, "old", true, compile::Profile::kOld);
  Open();
  Ask(kNodeId, "", 29);
  EXPECT_EQ(Answer("no"), "old");
  Publish(2, "stock two");
  EXPECT_TRUE(Txn(2).live) << "it altered nothing for the proxy that is there";
}

// What the compiler says of its fragments reaches the protocol core: order and `live` depend on it.
class CompiledProxyTest : public ProxyStreamTest {
 protected:
  using Kind = model::Kind;

  // Gives the proxy of node n the world's newest state; it is changed by transaction `txn`.
  void Apply(store::Txn txn, Kind kind, std::string name, std::string_view spec) {
    auto resource = std::make_shared<model::Resource>(*compile::testing::MakeResource(kind, "", std::move(name), spec));
    resource->key.mesh = kMesh;
    resource->txn = txn;
    const transform::MeshTransaction transaction{txn, {{resource->key, resource}}};
    const transform::FeedUpdate update = compiler_.Apply(std::span(&transaction, 1));
    feed_.Publish(update);
    status_.OnUpdate(update);
    hub_.Refresh(Proxy());
  }
  void Subscribe(FragmentType type, const std::vector<std::string>& names = {}) {
    Request request;
    request.set_type_url(std::string(compile::TypeUrl(type)));
    for (const std::string& name : names) request.add_resource_names(name);
    stream_->OnMessage(request.SerializeAsString());
  }
  // Reads the next answer, which must be of `type`, and accepts it under the names asked for.
  std::vector<std::string> Take(FragmentType type, const std::vector<std::string>& names = {}) {
    const auto response = transport_.Read();
    if (!response) return {"nothing"};
    EXPECT_EQ(response->type_url(), compile::TypeUrl(type));
    transport_.FinishWrite();
    Request request;
    request.set_type_url(response->type_url());
    request.set_response_nonce(response->nonce());
    request.set_version_info(response->version_info());
    for (const std::string& name : names) request.add_resource_names(name);
    stream_->OnMessage(request.SerializeAsString());
    std::vector<std::string> bodies;
    for (const auto& resource : response->resources()) bodies.push_back(resource.value());
    return bodies;
  }
  void Start() {
    feed_.MarkComplete();
    Apply(1, Kind::kVirtualNode, "server", kServer);
    Apply(2, Kind::kVirtualService, "s.local", R"({"provider":{"virtualNode":{"virtualNodeName":"server"}}})");
    Apply(3, Kind::kVirtualNode, "n", kWithBackend);
    Open();
    Ask(kNodeId);
    Take(FragmentType::kCluster);
    Subscribe(FragmentType::kListener);
    Take(FragmentType::kListener);
  }

  static constexpr std::string_view kServer = R"({"listeners":[{"portMapping":{"port":80,"protocol":"http"}}],
      "serviceDiscovery":{"dns":{"hostname":"server.local"}}})";
  static constexpr std::string_view kWithBackend =
      R"({"backends":[{"virtualService":{"virtualServiceName":"s.local"}}]})";
  const std::vector<std::string> kRoutes = {"rds_egress_http_80"};
  transform::MeshCompiler compiler_{kMesh};
};

TEST_F(CompiledProxyTest, IsLiveOnlyWithTheRoutesOfItsListeners) {
  Start();
  EXPECT_EQ(Txn(3).pending, 1U) << "the routes are still to be asked for";
  Subscribe(FragmentType::kRoute, kRoutes);
  EXPECT_THAT(Take(FragmentType::kRoute, kRoutes), SizeIs(1));
  EXPECT_EQ(Txn(3).acknowledged, 1U);
}

TEST_F(CompiledProxyTest, AClusterGoesAfterTheListenerThatLedToIt) {
  Start();
  Subscribe(FragmentType::kRoute, kRoutes);
  Take(FragmentType::kRoute, kRoutes);
  Apply(4, Kind::kVirtualNode, "n", "{}");
  Take(FragmentType::kListener);
  Subscribe(FragmentType::kRoute, {});
  const auto clusters = Take(FragmentType::kCluster);
  EXPECT_THAT(clusters, testing::Each(testing::Not(HasSubstr("cds_egress_m_server_http_80"))));
  EXPECT_EQ(Txn(4).acknowledged, 1U);
}

TEST_F(ProxyStreamTest, ANodeThatNamesNoProxyIsRefused) {
  feed_.MarkComplete();
  Open();
  Ask("mesh/m");
  ASSERT_TRUE(transport_.closed());
  EXPECT_EQ(transport_.closed()->first, xds::StatusCode::kInvalidArgument);
  EXPECT_THAT(transport_.closed()->second, HasSubstr("node.id"));
  EXPECT_THAT(status_.Proxies(), SizeIs(0));
  EXPECT_EQ(status_.counters().streams_refused, 1U);
}

TEST_F(ProxyStreamTest, AnArnOfElsewhereIsRefused) {
  feed_.MarkComplete();
  Open();
  Ask("arn:aws:appmesh:eu-west-1:123456789012:mesh/m/virtualNode/n");
  ASSERT_TRUE(transport_.closed());
  EXPECT_EQ(transport_.closed()->first, xds::StatusCode::kPermissionDenied);
}

TEST_F(ProxyStreamTest, ABindValueThatIsNoAddressIsRefused) {
  feed_.MarkComplete();
  Open();
  Ask(kNodeId, "example.org");
  ASSERT_TRUE(transport_.closed());
  EXPECT_THAT(transport_.closed()->second, HasSubstr("chancery.bind"));
}

TEST_F(ProxyStreamTest, WaitingStreamsOfOneResourceAreBounded) {
  feed_.MarkComplete();
  for (StreamId id = 100; id < 102; ++id) {
    ProxyStatus waiting;
    waiting.stream = id;
    waiting.key = Proxy();
    status_.Add(std::move(waiting));
  }
  Open();
  Ask(kNodeId);
  ASSERT_TRUE(transport_.closed());
  EXPECT_EQ(transport_.closed()->first, xds::StatusCode::kResourceExhausted);
}

TEST_F(ProxyStreamTest, StreamsOfOneResourceHaveAQuota) {
  feed_.MarkComplete();
  Publish(1, "one");
  context_.stream_limit = [](const compile::ProxyKey& key) {
    return key.resource() == Proxy().resource() ? std::optional<size_t>(1) : std::nullopt;
  };
  Open();
  Ask(kNodeId);
  EXPECT_EQ(Answer(), "one");
  xds::FakeTransport second{clock_};
  ProxyStream late(2, StreamHead{kAdsMethod, "127.0.0.1:2", {}}, second, hub_);
  second.Attach(late);
  envoy::service::discovery::v3::DiscoveryRequest request;
  request.mutable_node()->set_id(std::string(kNodeId));
  request.set_type_url("type.googleapis.com/envoy.config.cluster.v3.Cluster");
  late.OnMessage(request.SerializeAsString());
  ASSERT_TRUE(second.closed());
  EXPECT_EQ(second.closed()->first, xds::StatusCode::kResourceExhausted);
  EXPECT_THAT(second.closed()->second, HasSubstr("the quota of connected Envoys of virtualNode"));
  // With room it comes in.
  stream_->OnClosed();
  xds::FakeTransport third{clock_};
  ProxyStream next(3, StreamHead{kAdsMethod, "127.0.0.1:3", {}}, third, hub_);
  third.Attach(next);
  next.OnMessage(request.SerializeAsString());
  EXPECT_FALSE(third.closed());
}

TEST_F(ProxyStreamTest, AClosedStreamLeavesNothingBehind) {
  feed_.MarkComplete();
  Open();
  Ask(kNodeId);
  stream_->OnClosed();
  EXPECT_THAT(status_.Proxies(), SizeIs(0));
  Publish(1, "one");
  EXPECT_EQ(Answer(), "nothing");
}

}  // namespace
}  // namespace chancery::ems
