#include "store/keys.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace chancery::store {
namespace {

using model::Kind;
using model::ResourceKey;

const model::MeshId kMesh{"111122223333", "shop"};

ResourceKey Mesh() { return {kMesh, Kind::kMesh, "", "shop"}; }
ResourceKey Node(std::string name) { return {kMesh, Kind::kVirtualNode, "", std::move(name)}; }
ResourceKey Route(std::string name) { return {kMesh, Kind::kRoute, "router", std::move(name)}; }

TEST(ResourceKeyText, HasItsLiteralBytesAndParsesBack) {
  const std::vector<std::pair<ResourceKey, std::string>> cases = {
      {Mesh(), "res/mesh/111122223333/shop"},
      {Node("cart"), "res/in/111122223333/shop/virtualNode//cart"},
      {Route("all"), "res/in/111122223333/shop/route/router/all"},
      {{kMesh, Kind::kVirtualRouter, "", "router"}, "res/in/111122223333/shop/virtualRouter//router"},
      {{kMesh, Kind::kVirtualService, "", "cart.shop.local"},
       "res/in/111122223333/shop/virtualService//cart.shop.local"},
      {{kMesh, Kind::kVirtualGateway, "", "in"}, "res/in/111122223333/shop/virtualGateway//in"},
      {{kMesh, Kind::kGatewayRoute, "in", "all"}, "res/in/111122223333/shop/gatewayRoute/in/all"},
  };
  for (const auto& [key, text] : cases) {
    EXPECT_EQ(ResourceKeyText(key), text);
    const auto parsed = ParseResourceKeyText(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, key);
  }
}

TEST(ResourceKeyText, RefusesWhatIsNoKey) {
  const std::vector<std::string> refused = {
      "",
      "res",
      "res/",
      "res/mesh/111122223333",
      "res/mesh/111122223333/",
      "res/mesh//shop",
      "res/mesh/111122223333/shop/",
      "res/in/111122223333/shop",
      "res/in/111122223333/shop/mesh//shop",
      "res/in/111122223333/shop/virtualNode/cart",
      "res/in/111122223333/shop/virtualNode//",
      "res/in/111122223333/shop/virtualNode/parent/cart",
      "res/in/111122223333/shop/virtualNode//cart/",
      "res/in/111122223333/shop/route//all",
      "res/in/111122223333/shop/Route/router/all",
      "res/on/111122223333/shop/virtualNode//cart",
      "guard/111122223333/shop/virtualNode//cart",
  };
  for (const std::string& text : refused) {
    const auto parsed = ParseResourceKeyText(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, base::Code::kInternal);
    EXPECT_EQ(parsed.error().message, "'" + text + "' is no key of a resource");
  }
}

TEST(Prefixes, HoldTheKeysBelowThemAndNoOthers) {
  EXPECT_EQ(MeshesPrefix("111122223333"), "res/mesh/111122223333/");
  EXPECT_EQ(SiblingsPrefix(kMesh, Kind::kVirtualNode, ""), "res/in/111122223333/shop/virtualNode//");
  EXPECT_EQ(SiblingsPrefix(kMesh, Kind::kRoute, "router"), "res/in/111122223333/shop/route/router/");
  EXPECT_TRUE(ResourceKeyText(Route("all")).starts_with(SiblingsPrefix(kMesh, Kind::kRoute, "router")));
  // A parent whose name begins like another's is not among its siblings.
  EXPECT_FALSE(ResourceKeyText(Route("all")).starts_with(SiblingsPrefix(kMesh, Kind::kRoute, "route")));
  EXPECT_TRUE(ResourceKeyText(Mesh()).starts_with(kResourcePrefix));
}

TEST(GuardKeyText, HasItsLiteralBytes) {
  EXPECT_EQ(GuardKeyText(Mesh()), "guard/111122223333/shop/mesh//shop");
  EXPECT_EQ(GuardKeyText(Node("cart")), "guard/111122223333/shop/virtualNode//cart");
  EXPECT_EQ(GuardKeyText(Route("all")), "guard/111122223333/shop/route/router/all");
}

TEST(ReferenceKeyText, HasItsLiteralBytesAndGivesTheReferrerBack) {
  const std::string text = ReferenceKeyText(Node("cart"), Route("all"));
  EXPECT_EQ(text, "ref/111122223333/shop/virtualNode//cart/route/router/all");
  EXPECT_EQ(ReferencesPrefix(Node("cart")), "ref/111122223333/shop/virtualNode//cart/");
  const auto referrer = ParseReferrer(text);
  ASSERT_TRUE(referrer);
  EXPECT_EQ(*referrer, Route("all"));
}

TEST(ReferenceKeyText, RefusesWhatIsNoReference) {
  for (const std::string text :
       {"ref/111122223333/shop/virtualNode//cart/", "ref/111122223333/shop/virtualNode//cart/route//all",
        "ref/111122223333/shop/virtualNode//cart/route/router/all/", "ref/111122223333/shop/x//cart/route/router/all",
        "res/111122223333/shop/virtualNode//cart/route/router/all"}) {
    EXPECT_FALSE(ParseReferrer(text)) << text;
  }
}

TEST(ShareKeyText, HasItsLiteralBytesBothWays) {
  EXPECT_EQ(ShareKeyText(kMesh, "444455556666"), "share/111122223333/shop/444455556666");
  EXPECT_EQ(SharesPrefix(kMesh), "share/111122223333/shop/");
  EXPECT_EQ(SharedKeyText("444455556666", kMesh), "shared/444455556666/111122223333/shop");
  EXPECT_EQ(SharedPrefix("444455556666"), "shared/444455556666/");
  const auto parsed = ParseSharedKeyText(SharedKeyText("444455556666", kMesh));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, kMesh);
  for (const std::string text : {"shared/1/2", "shared/1/2/", "shared/1//m", "shared/1/2/m/", "share/1/2/m"}) {
    EXPECT_FALSE(ParseSharedKeyText(text)) << text;
  }
}

TEST(GuardKeyText, HasOneForTheMeshesOfAnAccount) {
  EXPECT_EQ(GuardKeyText({{"111122223333", ""}, Kind::kMesh, "", ""}), "guard/111122223333//mesh//");
}

// The hashes are the first 32 hexadecimal digits of SHA-256.
TEST(IdempotencyKeyText, HashesTheTargetAndUnusualTokens) {
  EXPECT_EQ(IdempotencyKeyText("111122223333", "CreateMesh", "abc", "Token_1-a"),
            "idem/111122223333/CreateMesh/ba7816bf8f01cfea414140de5dae2223/Token_1-a");
  const std::string hashed = "idem/111122223333/CreateMesh/ba7816bf8f01cfea414140de5dae2223/~";
  EXPECT_EQ(IdempotencyKeyText("111122223333", "CreateMesh", "abc", ""), hashed + "e3b0c44298fc1c149afbf4c8996fb924");
  EXPECT_EQ(IdempotencyKeyText("111122223333", "CreateMesh", "abc", "a/b"),
            hashed + "c14cddc033f64b9dea80ea675cf280a0");
  const std::string longest(64, 'a');
  EXPECT_TRUE(IdempotencyKeyText("1", "Op", "t", longest).ends_with("/" + longest));
  EXPECT_FALSE(IdempotencyKeyText("1", "Op", "t", longest + "a").ends_with("a/" + longest + "a"));
  EXPECT_NE(IdempotencyKeyText("1", "Op", "t", std::string("a\0b", 3)), IdempotencyKeyText("1", "Op", "t", "a"));
}

TEST(IamKeys, HaveTheirLiteralBytesAndParseBack) {
  EXPECT_EQ(AccessKeyText("CHKA1"), "iam/key/CHKA1");
  EXPECT_EQ(SecretKeyText("CHKA1"), "secret/CHKA1");
  EXPECT_EQ(QuotaKeyText("111122223333", "q"), "quota/111122223333/q");
  EXPECT_EQ(PolicyKeyText("111122223333", "read"), "iam/policy/111122223333/read");
  EXPECT_EQ(AttachedKeyText("111122223333", AttachedTo::kUser, "ann", "read"),
            "iam/attached/111122223333/user/ann/read");
  EXPECT_EQ(AttachedKeyText("111122223333", AttachedTo::kGroup, "ops", "read"),
            "iam/attached/111122223333/group/ops/read");
  EXPECT_EQ(AttachedKeyText("111122223333", AttachedTo::kAccount, "", "read"),
            "iam/attached/111122223333/account//read");
  EXPECT_EQ(MemberKeyText("111122223333", "ops", "ann"), "iam/member/111122223333/ops/ann");
  EXPECT_EQ(*ParseIamKeyText("iam/attached/1/account//read"),
            (std::vector<std::string>{"attached", "1", "account", "", "read"}));
  EXPECT_EQ(*ParseIamKeyText("iam/key/CHKA1"), (std::vector<std::string>{"key", "CHKA1"}));
  for (const std::string text :
       {"iam/key", "iam/key/a/b", "iam/policy/1", "iam/other/1/2", "secret/CHKA1", "iam", ""}) {
    EXPECT_FALSE(ParseIamKeyText(text)) << text;
  }
}

TEST(IsRecorded, HoldsForResourcesKeysPoliciesAndSharesAlone) {
  EXPECT_TRUE(IsRecorded("share/1/m/2"));
  EXPECT_FALSE(IsRecorded("shared/2/1/m"));
  EXPECT_TRUE(IsRecorded("res/mesh/1/m"));
  EXPECT_TRUE(IsRecorded(AccessKeyText("CHKA1")));
  EXPECT_FALSE(IsRecorded(SecretKeyText("CHKA1")));
  EXPECT_FALSE(IsRecorded("guard/1/m/mesh//m"));
  EXPECT_FALSE(IsRecorded("idem/1/Op/t/x"));
}

}  // namespace
}  // namespace chancery::store
