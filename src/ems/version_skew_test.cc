#include "ems/version_skew.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chancery::ems {
namespace {

using compile::Profile;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

xds::Node Envoy(uint32_t minor) {
  xds::Node node;
  node.envoy_version = xds::SoftwareVersion{1, minor, 3};
  return node;
}

TEST(VersionSkew, TheProfileIsThatOfTheReportedVersion) {
  EXPECT_EQ(ProfileOf(Envoy(22)), Profile::kOld);
  EXPECT_EQ(ProfileOf(Envoy(29)), Profile::kOld);
  EXPECT_EQ(ProfileOf(Envoy(34)), Profile::kStock);
  EXPECT_EQ(ProfileOf(Envoy(40)), Profile::kStock);
}

TEST(VersionSkew, WhoSaysNoVersionIsSentWhatEveryEnvoyUnderstands) {
  EXPECT_EQ(ProfileOf(xds::Node{}), Profile::kOld);
  EXPECT_THAT(SkewWarnings(xds::Node{}), ElementsAre(HasSubstr("no version")));
}

TEST(VersionSkew, WarnsOfWhatTheVersionCannotDo) {
  EXPECT_THAT(SkewWarnings(Envoy(22)), IsEmpty());
  EXPECT_THAT(SkewWarnings(Envoy(21)), ElementsAre(HasSubstr("Envoy 1.21.3 is older than 1.22")));
  xds::Node bound = Envoy(23);
  bound.bind_egress = "127.0.0.2";
  EXPECT_THAT(SkewWarnings(bound), ElementsAre(HasSubstr("chancery.bind needs 1.24")));
  bound.envoy_version->minor_number = 24;
  EXPECT_THAT(SkewWarnings(bound), IsEmpty());
}

}  // namespace
}  // namespace chancery::ems
