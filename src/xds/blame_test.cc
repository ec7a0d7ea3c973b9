#include "xds/blame.h"

#include <gtest/gtest.h>

namespace chancery::xds {
namespace {

using Names = std::vector<std::string>;

TEST(Blame, FindsWholeWords) {
  EXPECT_EQ(Blamed("Error adding/updating cluster(s) cds_a: no host, cds_c: no host", {"cds_a", "cds_b", "cds_c"}),
            (Names{"cds_a", "cds_c"}));
  EXPECT_EQ(Blamed("'cds_a'", {"cds_a"}), Names{"cds_a"});
  EXPECT_EQ(Blamed("cds_a.", {"cds_a"}), Names{"cds_a"});
  EXPECT_EQ(Blamed("cds_ab xcds_a cds_a-x cds_a.local a/cds_a", {"cds_a"}), Names{});
  EXPECT_EQ(Blamed("cds_ab, then cds_a", {"cds_a"}), Names{"cds_a"});
}

TEST(Blame, TheLongestNameTakesThePlace) {
  EXPECT_EQ(Blamed("cds_a_b is bad", {"cds_a", "cds_a_b"}), Names{"cds_a_b"});
  EXPECT_EQ(Blamed("a:b is bad", {"a", "a:b", "b"}), Names{"a:b"});
  EXPECT_EQ(Blamed("a:b is bad, and b", {"a", "a:b", "b"}), (Names{"a:b", "b"}));
}

TEST(Blame, NothingIsFoundInNothing) {
  EXPECT_EQ(Blamed("", {"a"}), Names{});
  EXPECT_EQ(Blamed("bad", {""}), Names{});
  EXPECT_EQ(Blamed("bad", {}), Names{});
}

}  // namespace
}  // namespace chancery::xds
