#include "xds/wire.h"

#include <gtest/gtest.h>

#include <thread>

#include "xds/node.h"
#include "xds/response_cache.h"
#include "xds/test_stream.h"

namespace chancery::xds {
namespace {

constexpr RequestLimits kLimits = {100, 50};

TEST(DecodeRequest, ReadsTheTopLevelFields) {
  WireRequest message = TestStream::MakeRequest(Type::kRoute, {"a", "b"});
  message.set_version_info("7-x");
  message.set_response_nonce("n");
  message.mutable_node()->set_id("me");
  message.mutable_error_detail()->set_code(3);
  message.mutable_error_detail()->set_message("bad");
  const std::string bytes = message.SerializeAsString();
  Request request;
  ASSERT_EQ(DecodeRequest(bytes, kLimits, request).code, StatusCode::kOk);
  EXPECT_EQ(request.version_info, "7-x");
  EXPECT_EQ(request.nonce, "n");
  EXPECT_EQ(request.type_url, DescriptorOf(Type::kRoute).url);
  EXPECT_EQ(request.names, (std::vector<std::string_view>{"a", "b"}));
  EXPECT_EQ(request.node, message.node().SerializeAsString());
  EXPECT_TRUE(request.rejects);
  EXPECT_EQ(request.error_message, "bad");
}

TEST(DecodeRequest, AnEmptyErrorIsANackToo) {
  WireRequest message;
  message.mutable_error_detail();
  const std::string bytes = message.SerializeAsString();
  Request request;
  ASSERT_EQ(DecodeRequest(bytes, kLimits, request).code, StatusCode::kOk);
  EXPECT_TRUE(request.rejects);
}

TEST(DecodeRequest, SkipsFieldsItDoesNotKnow) {
  // Field 7 as bytes, 8 as a number, 9 and 10 as fixed numbers.
  const std::string unknown = std::string("\x3a\x02hi\x40\x96\x01\x4d....\x51........", 21) + "\x22\x01x";
  Request request;
  ASSERT_EQ(DecodeRequest(unknown, kLimits, request).code, StatusCode::kOk);
  EXPECT_EQ(request.type_url, "x");
}

TEST(DecodeRequest, NoPrefixOfAMessageIsReadBeyondItsEnd) {
  WireRequest message = TestStream::MakeRequest(Type::kRoute, {"a", "b"});
  message.mutable_error_detail()->set_message("bad");
  const std::string bytes = message.SerializeAsString();
  size_t refused = 0;
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::unique_ptr<char[]> exact(new char[size]);  // so that the sanitizer sees the end
    std::copy_n(bytes.data(), size, exact.get());
    Request request;
    if (DecodeRequest({exact.get(), size}, kLimits, request).code != StatusCode::kOk) ++refused;
  }
  EXPECT_GT(refused, bytes.size() / 2);
}

TEST(DecodeRequest, RefusesWhatIsNoMessage) {
  const std::string bad[] = {
      std::string("\x0a", 1),  // a length is missing
      std::string("\x0a\x05"
                  "abc",
                  5),                                                   // shorter than its length
      std::string("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11),  // a length beyond all bounds
      std::string(11, '\xff'),                                          // a number without end
      std::string("\x08\x01", 2),                                       // version_info as a number
      std::string("\x0b", 1),                                           // a group
      std::string("\x02\x00", 2),                                       // field 0
      std::string("\x32\x01\x12", 3),                                   // error_detail that ends early
  };
  for (const std::string& bytes : bad) {
    Request request;
    EXPECT_EQ(DecodeRequest(bytes, kLimits, request).code, StatusCode::kInvalidArgument);
  }
}

TEST(DecodeRequest, BoundsTheNames) {
  Request request;
  const std::string many = TestStream::MakeRequest(Type::kRoute, Names(101, "n")).SerializeAsString();
  EXPECT_EQ(DecodeRequest(many, kLimits, request).message, "DiscoveryRequest.resource_names: more than 100 names");
  Request other;
  const std::string lengthy = TestStream::MakeRequest(Type::kRoute, {std::string(51, 'n')}).SerializeAsString();
  const Refusal refusal = DecodeRequest(lengthy, kLimits, other);
  EXPECT_EQ(refusal.code, StatusCode::kResourceExhausted);
  EXPECT_EQ(refusal.message, "DiscoveryRequest.resource_names: a name is longer than 50 bytes");
}

TEST(EncodeResponse, IsWhatProtobufReads) {
  const ResourceSetPtr set = MakeSet(12, {MakeResource("a", std::string(300, 'x')), MakeResource("b", "")});
  Response response;
  ASSERT_TRUE(response.ParseFromString(EncodeResponse(Type::kCluster, *set) + EncodeNonce("n1")));
  EXPECT_EQ(response.version_info(), set->version());
  EXPECT_EQ(response.type_url(), DescriptorOf(Type::kCluster).url);
  EXPECT_EQ(response.nonce(), "n1");
  ASSERT_EQ(response.resources_size(), 2);
  EXPECT_EQ(response.resources(0).type_url(), DescriptorOf(Type::kCluster).url);
  EXPECT_EQ(response.resources(0).value(), std::string(300, 'x'));
  EXPECT_EQ(response.resources(1).value(), "");
}

TEST(Printable, ReplacesWhatIsNoText) {
  EXPECT_EQ(Printable("a\n\xc3\xa9\xff\xe2\x82\xac\xed\xa0\x80\xc0\x80", 100), "a?\xc3\xa9?\xe2\x82\xac?????");
  EXPECT_EQ(Printable("abc\xe2\x82\xac", 5), "abc");
  EXPECT_EQ(Printable("\xf4\x8f\xbf\xbf\xf4\x90\x80\x80", 100), "\xf4\x8f\xbf\xbf????");
}

TEST(ResourceSet, VersionIsTheTransactionAndAHashOfNamesAndBytes) {
  const ResourceSetPtr set = MakeSet(12, {MakeResource("a", "1"), MakeResource("b", "1")});
  EXPECT_EQ(set->version().substr(0, 3), "12-");
  EXPECT_EQ(set->version().size(), 3U + 32U);
  EXPECT_EQ(set->version(), MakeSet(12, {MakeResource("b", "1"), MakeResource("a", "1")})->version());
  EXPECT_NE(set->version(), MakeSet(12, {MakeResource("a", "1"), MakeResource("b", "2")})->version());
  EXPECT_NE(set->version(), MakeSet(12, {MakeResource("a", "1")})->version());
  EXPECT_NE(set->version(), MakeSet(13, {MakeResource("a", "1"), MakeResource("b", "1")})->version());
  EXPECT_EQ((*set->Find("b"))->name, "b");
  EXPECT_EQ(set->Find("c"), nullptr);
}

TEST(ResourceSetDeathTest, NamesAreUnique) {
  EXPECT_DEATH(MakeSet(1, {MakeResource("a", "1"), MakeResource("a", "2")}), "CHECK failed");
}

TEST(TypeTable, GoesBothWays) {
  for (const Type type : kAllTypes) {
    EXPECT_EQ(DescriptorOf(type).type, type);
    EXPECT_EQ(TypeOfUrl(DescriptorOf(type).url), type);
  }
  EXPECT_EQ(TypeOfUrl(""), std::nullopt);
}

TEST(ResponseCache, BuildsOnceAndKeepsItsBound) {
  ResponseCache cache(3000);
  const auto set = [](uint64_t txn) { return MakeSet(txn, {MakeResource("a", std::string(1000, 'x'))}); };
  const auto first = cache.Get(Type::kCluster, *set(1));
  EXPECT_EQ(cache.Get(Type::kCluster, *set(1)), first);
  EXPECT_NE(cache.Get(Type::kListener, *set(1)), first);
  EXPECT_EQ(cache.Get(Type::kCluster, *set(1)), first);  // the newest again
  cache.Get(Type::kCluster, *set(2));
  EXPECT_LE(cache.bytes(), 3000U);
  EXPECT_EQ(cache.Get(Type::kCluster, *set(1)), first);
  EXPECT_EQ(*first, EncodeResponse(Type::kCluster, *set(1)));
}

TEST(ResponseCache, DoesNotKeepWhatIsLargerThanItself) {
  ResponseCache cache(100);
  const auto body = cache.Get(Type::kCluster, *MakeSet(1, {MakeResource("a", std::string(1000, 'x'))}));
  EXPECT_GT(body->size(), 1000U);
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(ResponseCache, IsSharedByThreads) {
  ResponseCache cache(2500);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&cache] {
      for (uint64_t i = 0; i < 200; ++i) {
        const ResourceSetPtr set = MakeSet(i % 5, {MakeResource("a", std::string(1000, 'x'))});
        EXPECT_EQ(*cache.Get(Type::kCluster, *set), EncodeResponse(Type::kCluster, *set));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(cache.bytes(), 2500U);
}

TEST(ParseNode, ReadsWhoAndWhere) {
  envoy::config::core::v3::Node message;
  message.set_id("arn");
  message.set_cluster("c");
  message.set_user_agent_name("envoy");
  auto& version = *message.mutable_user_agent_build_version()->mutable_version();
  version.set_major_number(1);
  version.set_minor_number(36);
  version.set_patch(2);
  auto& bind = *(*message.mutable_metadata()->mutable_fields())["chancery.bind"].mutable_struct_value();
  (*bind.mutable_fields())["ingress"].set_string_value("127.0.1.1");
  (*bind.mutable_fields())["egress"].set_string_value("127.0.1.2");
  (*bind.mutable_fields())["application"].set_string_value("127.0.1.3");
  const base::Result<Node> node = ParseNode(message.SerializeAsString());
  ASSERT_TRUE(node);
  EXPECT_EQ(node->id, "arn");
  EXPECT_EQ(node->cluster, "c");
  EXPECT_EQ(node->user_agent, "envoy/1.36.2");
  EXPECT_EQ(node->envoy_version, (SoftwareVersion{1, 36, 2}));
  EXPECT_EQ(node->bind_ingress, "127.0.1.1");
  EXPECT_EQ(node->bind_egress, "127.0.1.2");
  EXPECT_EQ(node->bind_application, "127.0.1.3");
}

TEST(ParseNode, OnlyAnEnvoyHasTheVersionOfOne) {
  envoy::config::core::v3::Node message;
  message.set_id("arn");
  EXPECT_EQ(ParseNode(message.SerializeAsString())->envoy_version, std::nullopt);
  message.set_user_agent_name("envoy");
  EXPECT_EQ(ParseNode(message.SerializeAsString())->envoy_version, std::nullopt);
  message.mutable_user_agent_build_version()->mutable_version()->set_major_number(1);
  EXPECT_EQ(ParseNode(message.SerializeAsString())->envoy_version, (SoftwareVersion{1, 0, 0}));
  message.set_user_agent_name("grpc-go");
  EXPECT_EQ(ParseNode(message.SerializeAsString())->envoy_version, std::nullopt);
}

TEST(ParseNode, NamesTheFieldThatIsWrong) {
  EXPECT_EQ(ParseNode("\x0a\xff").error().message, "DiscoveryRequest.node is not a valid protobuf message");
  EXPECT_EQ(ParseNode("").error().message, "the first request of a stream must carry a node with an id");
  envoy::config::core::v3::Node message;
  message.set_id("arn");
  auto& bind = (*message.mutable_metadata()->mutable_fields())["chancery.bind"];
  bind.set_string_value("127.0.0.1");
  EXPECT_EQ(ParseNode(message.SerializeAsString()).error().message,
            "node.metadata[\"chancery.bind\"] must be an object");
  (*bind.mutable_struct_value()->mutable_fields())["egress"].set_number_value(1);
  EXPECT_EQ(ParseNode(message.SerializeAsString()).error().message,
            "node.metadata[\"chancery.bind\"].egress must be a string");
}

}  // namespace
}  // namespace chancery::xds
