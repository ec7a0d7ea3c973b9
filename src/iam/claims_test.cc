#include "iam/claims.h"

#include <gtest/gtest.h>

namespace chancery::iam {
namespace {

using model::Kind;

constexpr char kAccount[] = "000000000000";

bool Allows(const std::vector<std::string>& patterns, const model::ResourceKey& key) {
  const auto claims = Claims::Parse(patterns);
  EXPECT_TRUE(claims);
  return claims && claims->Allow(key, kAccount);
}

TEST(Claims, WhatIsNotNamedIsNotAllowed) {
  const model::ResourceKey cart{{kAccount, "shop"}, Kind::kVirtualNode, "", "cart"};
  const model::ResourceKey edge{{kAccount, "shop"}, Kind::kVirtualGateway, "", "edge"};
  EXPECT_FALSE(Allows({}, cart));
  EXPECT_TRUE(Allows({"mesh/shop/virtualNode/cart"}, cart));
  EXPECT_FALSE(Allows({"mesh/shop/virtualNode/car"}, cart));
  EXPECT_FALSE(Allows({"mesh/shop/virtualGateway/cart"}, cart));
  EXPECT_FALSE(Allows({"mesh/shop/virtualNode/*"}, edge));
  EXPECT_TRUE(Allows({"mesh/other/*", "mesh/shop/virtual*"}, edge));
  EXPECT_TRUE(Allows({"*"}, edge));
}

TEST(Claims, AnotherOwnersMeshIsNamedWithItsOwner) {
  const model::ResourceKey theirs{{"111122223333", "shop"}, Kind::kVirtualNode, "", "cart"};
  EXPECT_FALSE(Allows({"mesh/shop/virtualNode/cart"}, theirs));
  EXPECT_TRUE(Allows({"mesh/shop@111122223333/virtualNode/cart"}, theirs));
  const model::ResourceKey ours{{kAccount, "shop"}, Kind::kVirtualNode, "", "cart"};
  EXPECT_TRUE(Allows({"mesh/shop@000000000000/virtualNode/cart"}, ours));
}

TEST(Claims, WhatCouldMatchNothingIsRefused) {
  for (const char* pattern : {"", "shop", "mesh/shop", "mesh/shop/virtualRouter/r", "virtualNode/*", "arn:aws:*"}) {
    const auto claims = Claims::Parse({pattern});
    ASSERT_FALSE(claims) << pattern;
    EXPECT_EQ(claims.error().code, base::Code::kBadRequest);
  }
}

}  // namespace
}  // namespace chancery::iam
