#include "model/resource.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace chancery::model {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr std::string_view kOwner = "111122223333";
constexpr std::string_view kOther = "444455556666";

ResourceKey Key(Kind kind, std::string parent, std::string name) {
  return {{std::string(kOwner), "m"}, kind, std::move(parent), std::move(name)};
}

// Each kind with its path below the account of an ARN.
std::vector<std::pair<ResourceKey, std::string>> AllForms() {
  return {{Key(Kind::kMesh, "", "m"), "mesh/m"},
          {Key(Kind::kVirtualNode, "", "n_ns"), "mesh/m/virtualNode/n_ns"},
          {Key(Kind::kVirtualRouter, "", "r"), "mesh/m/virtualRouter/r"},
          {Key(Kind::kRoute, "r", "one"), "mesh/m/virtualRouter/r/route/one"},
          {Key(Kind::kVirtualService, "", "s.ns.local"), "mesh/m/virtualService/s.ns.local"},
          {Key(Kind::kVirtualGateway, "", "g"), "mesh/m/virtualGateway/g"},
          {Key(Kind::kGatewayRoute, "g", "two"), "mesh/m/virtualGateway/g/gatewayRoute/two"}};
}

TEST(Arn, HasTheFormOfItsKind) {
  for (const auto& [key, path] : AllForms()) {
    EXPECT_EQ(ArnOf(key, "aws", "eu-west-1", kOwner), "arn:aws:appmesh:eu-west-1:111122223333:" + path);
  }
}

TEST(Arn, SaysWhoOwnsTheMeshOfAnotherAccountsResource) {
  EXPECT_EQ(ArnOf(Key(Kind::kVirtualNode, "", "n"), "aws-cn", "cn-north-1", kOther),
            "arn:aws-cn:appmesh:cn-north-1:444455556666:mesh/m@111122223333/virtualNode/n");
}

TEST(Arn, IsReadAsItIsWritten) {
  for (const auto& [key, path] : AllForms()) {
    for (const std::string_view account : {kOwner, kOther}) {
      const std::string arn = ArnOf(key, "aws-us-gov", "r-1", account);
      const auto parsed = ParseArn(arn);
      ASSERT_TRUE(parsed) << parsed.error().message;
      EXPECT_EQ(parsed->partition, "aws-us-gov");
      EXPECT_EQ(parsed->region, "r-1");
      EXPECT_EQ(parsed->account, account);
      EXPECT_EQ(parsed->key, key) << arn;
    }
  }
}

TEST(Arn, TakesPlainAndOwnedMeshAndThePreviewService) {
  const auto owned = ParseArn("arn:aws:appmesh:r:111122223333:mesh/m@111122223333");
  ASSERT_TRUE(owned);
  EXPECT_EQ(owned->key, Key(Kind::kMesh, "", "m"));
  const auto plain = ParseArn("arn:aws:appmesh-preview:r:444455556666:mesh/m/virtualNode/n");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->key.mesh.owner, kOther);
}

TEST(Arn, RefusesEverythingElse) {
  const std::pair<std::string, std::string> refused[] = {
      {"", "is not an ARN"},
      {"mesh/m", "is not an ARN"},
      {"arn:aws:appmesh:r:111122223333", "is not an ARN"},
      {"arn::appmesh:r:111122223333:mesh/m", "is not an ARN"},
      {"urn:aws:appmesh:r:111122223333:mesh/m", "is not an ARN"},
      {"arn:aws:iam::111122223333:mesh/m", "is not an ARN of appmesh"},
      {"arn:aws:appmesh::111122223333:mesh/m", "has no region"},
      {"arn:aws:appmesh:r::mesh/m", "has no account of 12 digits"},
      {"arn:aws:appmesh:r:11112222333x:mesh/m", "has no account of 12 digits"},
      {"arn:aws:appmesh:r:1111222233334:mesh/m", "has no account of 12 digits"},
      {"arn:aws:appmesh:r:111122223333:", "names no resource"},
      {"arn:aws:appmesh:r:111122223333:/mesh/m", "names no resource"}};
  for (const auto& [arn, fault] : refused) {
    const auto parsed = ParseArn(arn);
    ASSERT_FALSE(parsed) << arn;
    EXPECT_EQ(parsed.error().code, base::Code::kBadRequest);
    EXPECT_THAT(parsed.error().message, HasSubstr(fault));
  }
}

TEST(ResourcePath, TakesTheOwnerFromThePathOrTheCaller) {
  EXPECT_EQ(ParseResourcePath("mesh/m@111122223333/virtualRouter/r/route/x", kOther)->mesh.owner, kOwner);
  EXPECT_EQ(ParseResourcePath("mesh/m/virtualRouter/r/route/x", kOther)->mesh.owner, kOther);
}

TEST(ResourcePath, RefusesEverythingElse) {
  for (const char* path : {"",
                           "mesh",
                           "mesh/",
                           "m",
                           "Mesh/m",
                           "mesh/@111122223333",
                           "mesh/m@",
                           "mesh/m@1111",
                           "mesh/m@a@111122223333",
                           "mesh/m/",
                           "mesh/m/virtualNode",
                           "mesh/m/virtualNode/",
                           "mesh/m/virtualnode/n",
                           "mesh/m/virtualNode/n/",
                           "mesh/m/virtualNode/n/x",
                           "mesh/m/route/x",
                           "mesh/m/mesh/m",
                           "mesh/m/virtualNode/n/route/x",
                           "mesh/m/virtualRouter/r/gatewayRoute/x",
                           "mesh/m/virtualRouter/r/route/x/",
                           "mesh/m/virtualRouter/r/route/x/y/z",
                           "mesh/m/virtualRouter/r/route/x/route/y/route/z"}) {
    EXPECT_FALSE(ParseResourcePath(path, kOwner)) << path;
  }
  EXPECT_FALSE(ParseResourcePath("mesh/m", "not an account"));
}

TEST(ResourcePath, QuotesLittleOfALongPath) {
  const auto parsed = ParseResourcePath("mesh/" + std::string(100000, '/'), kOwner);
  ASSERT_FALSE(parsed);
  EXPECT_THAT(parsed.error().message, SizeIs(testing::Lt(200u)));
}

TEST(NodeId, IsAnArnOrAPathOfANodeOrAGateway) {
  const auto arn = ParseNodeId("arn:aws:appmesh:r:444455556666:mesh/m@111122223333/virtualNode/n", "999999999999");
  ASSERT_TRUE(arn);
  EXPECT_EQ(arn->account, kOther);
  EXPECT_EQ(arn->region, "r");
  EXPECT_EQ(arn->key, Key(Kind::kVirtualNode, "", "n"));
  const auto bare = ParseNodeId("mesh/m/virtualGateway/g", kOwner);
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->account, kOwner);
  EXPECT_EQ(bare->region, "");
  EXPECT_EQ(bare->key, Key(Kind::kVirtualGateway, "", "g"));
}

TEST(NodeId, IgnoresWhatFollowsTheName) {
  for (const char* id : {"mesh/m/virtualNode/n/", "mesh/m/virtualNode/n/task/7", "mesh/m/virtualNode/n//",
                         "arn:aws:appmesh:r:111122223333:mesh/m/virtualNode/n/x:y/z"}) {
    const auto parsed = ParseNodeId(id, kOwner);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(parsed->key, Key(Kind::kVirtualNode, "", "n")) << id;
  }
}

TEST(NodeId, RefusesEverythingElse) {
  for (const char* id : {"", "n", "mesh/m", "mesh/m/virtualNode", "mesh/m/virtualNode/", "mesh/m/virtualRouter/r",
                         "mesh/m/virtualRouter/r/route/x", "mesh/m/virtualService/s", "x/m/virtualNode/n",
                         "arn:aws:appmesh:r:111122223333:mesh/m", "arn:aws:ec2:r:111122223333:mesh/m/virtualNode/n",
                         "arn:aws:appmesh:r:1:mesh/m/virtualNode/n"}) {
    EXPECT_FALSE(ParseNodeId(id, kOwner)) << id;
  }
}

TEST(NodeId, IsQuotedInOneLine) {
  const auto parsed = ParseNodeId("no proxy\nforged " + std::string(2'000, 'x'), kOwner);
  ASSERT_FALSE(parsed);
  EXPECT_THAT(parsed.error().message, testing::StartsWith("node.id 'no proxy?forged xxx"));
  EXPECT_THAT(parsed.error().message, SizeIs(testing::Lt(900u)));
}

TEST(ArnSpellings, AreTheTwoFormsOfTheMeshsSegment) {
  const ResourceKey key = Key(Kind::kVirtualNode, "", "n");
  const std::string mesh = key.mesh.name;
  const std::string own = "arn:aws:appmesh:r:" + std::string(kOwner) + ":mesh/" + mesh;
  EXPECT_EQ(ArnSpellings(key, "aws", "r", kOwner),
            (std::vector<std::string>{own + "/virtualNode/n", own + "@" + std::string(kOwner) + "/virtualNode/n"}));
  const std::string others = "arn:aws:appmesh:r:" + std::string(kOther) + ":mesh/" + mesh;
  EXPECT_EQ(
      ArnSpellings(key, "aws", "r", kOther),
      (std::vector<std::string>{others + "@" + std::string(kOwner) + "/virtualNode/n", others + "/virtualNode/n"}));
}

TEST(Spec, IsTheMemberOfItsKind) {
  for (const KindDescriptor& kind : AllKinds()) {
    chancery::store::ResourceRecord record;
    google::protobuf::Message* spec = MutableSpecOf(record, kind.kind);
    EXPECT_EQ(spec->GetDescriptor(), kind.spec);
    EXPECT_EQ(&SpecOf(record, kind.kind), spec);
    EXPECT_EQ(record.spec_case(), 16 + static_cast<int>(kind.kind));
  }
}

}  // namespace
}  // namespace chancery::model
