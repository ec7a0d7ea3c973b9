#include "iam/names.h"

#include <gtest/gtest.h>

#include <vector>

namespace chancery::iam {
namespace {

using Texts = std::vector<std::string>;

TEST(Names, SpiffeIdsAreThoseOfTheStandard) {
  for (const std::string good : {"spiffe://td", "spiffe://td.example/ns/shop/sa/cart_1", "spiffe://a-b_c.d/..."}) {
    EXPECT_TRUE(IsSpiffeId(good)) << good;
  }
  for (const std::string bad :
       {"spiffe://", "spiffe:///a", "spiffe://TD/a", "spiffe://td/", "spiffe://td//a", "spiffe://td/a/..",
        "spiffe://td/./a", "spiffe://td/a*", "spiffe://td/a?b", "https://td/a", "spiffe://td:80/a", "spiffe://u@td/a",
        "spiffe://td/%2e", "spiffe://td/a!b"}) {
    EXPECT_FALSE(IsSpiffeId(bad)) << bad;
  }
  EXPECT_FALSE(IsSpiffeId("spiffe://td/" + std::string(2048, 'a')));
  EXPECT_EQ(SpiffePathOf("spiffe://td/mesh/shop/virtualNode/cart"), "mesh/shop/virtualNode/cart");
  EXPECT_EQ(SpiffePathOf("spiffe://td"), "");
  EXPECT_EQ(SpiffePathOf("dns:td"), "");
}

TEST(Names, ACertificateNamesOneUserOrNobody) {
  EXPECT_EQ(*CertificateUser(Texts{"spiffe://td/a"}, Texts{"a.test", "b.test"}), "spiffe://td/a");
  EXPECT_EQ(*CertificateUser(Texts{}, Texts{"Cart.Shop"}), "dns:cart.shop");
  for (const auto& [uris, names] : std::vector<std::pair<Texts, Texts>>{{{"spiffe://td/a", "spiffe://td/b"}, {}},
                                                                        {{"https://td/a"}, {"a.test"}},
                                                                        {{}, {"a.test", "b.test"}},
                                                                        {{}, {"*.test"}},
                                                                        {{}, {}}}) {
    const auto user = CertificateUser(uris, names);
    ASSERT_FALSE(user);
    EXPECT_EQ(user.error().code, base::Code::kAccessDenied);
  }
}

TEST(Names, NobodyElseIsCalledAsACertificatesUser) {
  EXPECT_FALSE(CheckName("user", "dns:cart.shop"));
  EXPECT_FALSE(CheckName("user", "spiffe://td/a"));
  EXPECT_TRUE(CheckUser("user", "dns:cart.shop"));
  EXPECT_TRUE(CheckUser("user", "spiffe://td/a"));
  EXPECT_TRUE(CheckUser("user", "ann"));
  EXPECT_FALSE(CheckUser("user", "spiffe://td/"));
  EXPECT_FALSE(CheckUser("user", "a/b"));
}

}  // namespace
}  // namespace chancery::iam
