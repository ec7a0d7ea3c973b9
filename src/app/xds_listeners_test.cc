#include "app/xds_listeners.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chancery::app {
namespace {

using testing::HasSubstr;

TEST(XdsListeners, AddressesAndSocketsInOneTextOrSeveral) {
  const auto parsed =
      ParseXdsListeners({"127.0.0.1:8481 unix:/run/a.sock", "unix:///run/b.sock,mode=0660,owner=12:34"});
  ASSERT_TRUE(parsed) << base::ToString(parsed.error());
  ASSERT_EQ(parsed->size(), 3U);
  EXPECT_FALSE((*parsed)[0].is_unix());
  EXPECT_EQ((*parsed)[1].socket.address, "unix:/run/a.sock");
  EXPECT_EQ((*parsed)[1].socket.mode, 0600U);
  EXPECT_TRUE((*parsed)[1].claims.empty());
  EXPECT_EQ((*parsed)[2].socket.address, "unix:/run/b.sock");
  EXPECT_EQ((*parsed)[2].socket.mode, 0660U);
  EXPECT_EQ((*parsed)[2].socket.uid, 12U);
  EXPECT_EQ((*parsed)[2].socket.gid, 34U);
}

TEST(XdsListeners, ASocketSaysWhatMayBeClaimed) {
  const auto parsed = ParseXdsListeners({"unix:/a,allow=mesh/m/virtualNode/n,allow=mesh/m/virtualGateway/*"});
  ASSERT_TRUE(parsed) << base::ToString(parsed.error());
  const iam::Claims& claims = parsed->front().claims;
  EXPECT_TRUE(claims.Allow({{"1", "m"}, model::Kind::kVirtualNode, "", "n"}, "1"));
  EXPECT_TRUE(claims.Allow({{"1", "m"}, model::Kind::kVirtualGateway, "", "any"}, "1"));
  EXPECT_FALSE(claims.Allow({{"1", "m"}, model::Kind::kVirtualNode, "", "other"}, "1"));
}

TEST(XdsListeners, OwnersAreNamesToo) {
  const auto parsed = ParseXdsListeners({"unix:/a,owner=root", "unix:/b,owner=:root"});
  ASSERT_TRUE(parsed) << base::ToString(parsed.error());
  EXPECT_EQ((*parsed)[0].socket.uid, 0U);
  EXPECT_EQ((*parsed)[0].socket.gid, std::nullopt);
  EXPECT_EQ((*parsed)[1].socket.uid, std::nullopt);
  EXPECT_EQ((*parsed)[1].socket.gid, 0U);
}

TEST(XdsListeners, WhatIsWrongIsNamed) {
  const std::pair<const char*, const char*> cases[] = {{"", "1 to 64"},
                                                       {"localhost:80", "is not IP:PORT"},
                                                       {"unix:run/a", "absolute path"},
                                                       {"unix:/a,mode=0999", "octal"},
                                                       {"unix:/a,mode=07777", "octal"},
                                                       {"unix:/a,owner=nobody-is-called-so", "no such user"},
                                                       {"unix:/a,owner=0:nobody-is-called-so", "no such group"},
                                                       {"unix:/a,allow=mesh/m", "allow: 'mesh/m'"},
                                                       {"unix:/a,allow", "allow: ''"},
                                                       {"unix:/a,secret=x", "'secret' is not mode, owner or allow"}};
  for (const auto& [text, why] : cases) {
    const auto parsed = ParseXdsListeners({text});
    ASSERT_FALSE(parsed) << text;
    EXPECT_THAT(parsed.error().message, HasSubstr(why));
    EXPECT_THAT(parsed.error().message, HasSubstr("--xds"));
  }
}

}  // namespace
}  // namespace chancery::app
