#include "intercept/apply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <utility>

#include "intercept/rules.h"

namespace chancery::intercept {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kSaved = "*nat\n:APPMESH_EGRESS - [0:0]\nCOMMIT\n";

// A host with some programs, that remembers which were run with which input.
struct FakeHost {
  std::set<std::string> programs;
  std::vector<std::pair<std::string, std::string>> ran;
  // Programs that are there and fail.
  std::set<std::string> broken = {};
  // Whether nft lists a table of ours.
  bool has_table = false;

  Host host() {
    return {[this](const std::string& program) { return programs.contains(program); },
            [this](const std::vector<std::string>& words, const std::string& input) -> base::Result<std::string> {
              if (!programs.contains(words.front())) return base::Error{base::Code::kNotFound, words.front(), {}};
              if (broken.contains(words.front())) return base::Error{base::Code::kInternal, words.front(), {}};
              if (words.size() > 1 && words[1] == "list") {
                return has_table ? base::Result<std::string>("table inet chancery_intercept {}")
                                 : base::Error{base::Code::kInternal, "No such file or directory", {}};
              }
              ran.emplace_back(words.front(), input);
              return std::string(words.front().ends_with("-save") ? kSaved : "");
            }};
  }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& [name, input] : ran) all.push_back(name);
    return all;
  }
};

const std::set<std::string> kIptables{"iptables-save", "iptables-restore"};
const std::set<std::string> kBothFamilies{"iptables-save", "iptables-restore", "ip6tables-save", "ip6tables-restore"};

const std::set<std::string> kAll{"nft", "iptables-save", "iptables-restore", "ip6tables-save", "ip6tables-restore"};

InterceptOptions Options(bool ipv6, Tool tool = Tool::kAuto) {
  InterceptOptions options;
  options.ignore_uid = 1337;
  options.ipv6 = ipv6;
  options.tool = tool;
  return options;
}

TEST(ChooseToolTest, NftIfItIsThereElseIptables) {
  FakeHost both{{"nft", "iptables-save", "iptables-restore"}, {}};
  EXPECT_EQ(*ChooseTool(Options(false), both.host()), Tool::kNft);
  EXPECT_EQ(*ChooseTool(Options(false, Tool::kIptables), both.host()), Tool::kIptables);
  FakeHost old{kIptables, {}};
  EXPECT_EQ(*ChooseTool(Options(false), old.host()), Tool::kIptables);
  EXPECT_THAT(ChooseTool(Options(false, Tool::kNft), old.host()).error().message, HasSubstr("nft is not installed"));
  EXPECT_THAT(ChooseTool(Options(false), FakeHost().host()).error().message, HasSubstr("neither nft nor iptables"));
}

TEST(SetRulesTest, NftTakesBothFamiliesAtOnce) {
  FakeHost host{{"nft"}, {}};
  ASSERT_TRUE(SetRules(Options(true), Tool::kNft, host.host()));
  EXPECT_THAT(host.names(), ElementsAre("nft"));
}

TEST(SetRulesTest, IptablesTakesEachFamily) {
  FakeHost host{kBothFamilies, {}};
  ASSERT_TRUE(SetRules(Options(true), Tool::kIptables, host.host()));
  EXPECT_THAT(host.names(), ElementsAre("ip6tables-save", "ip6tables-restore", "iptables-save", "iptables-restore"));
  EXPECT_THAT(host.ran[1].second, HasSubstr("REDIRECT --to-ports 15001"));
}

TEST(SetRulesTest, WithoutIpv6EarlierRulesForItGo) {
  FakeHost host{kBothFamilies, {}};
  ASSERT_TRUE(SetRules(Options(false), Tool::kIptables, host.host()));
  EXPECT_THAT(host.ran[1].second, HasSubstr("-X APPMESH_EGRESS"));
  EXPECT_THAT(host.ran[3].second, HasSubstr("REDIRECT --to-ports 15001"));
}

TEST(SetRulesTest, Ipv6ThatCannotBeSetChangesNothing) {
  FakeHost host{kIptables, {}};
  EXPECT_FALSE(SetRules(Options(true), Tool::kIptables, host.host()));
  EXPECT_THAT(host.ran, IsEmpty());
}

TEST(SetRulesTest, WithoutIpv6ItsToolMayFail) {
  FakeHost host{kBothFamilies, {}, {"ip6tables-save"}};
  const auto set = SetRules(Options(false), Tool::kIptables, host.host());
  ASSERT_TRUE(set) << base::ToString(set.error());
  EXPECT_THAT(host.names(), ElementsAre("iptables-save", "iptables-restore"));
  EXPECT_FALSE(SetRules(Options(true), Tool::kIptables, host.host())) << "it was asked for";
}

TEST(SetRulesTest, RulesThatAreThereAndCannotGoAreAnError) {
  FakeHost host{kBothFamilies, {}, {"ip6tables-restore"}};
  EXPECT_FALSE(SetRules(Options(false), Tool::kIptables, host.host()));
}

TEST(SetRulesTest, WhatTheOtherToolSetGoesFirst) {
  FakeHost nft{kAll, {}};
  ASSERT_TRUE(SetRules(Options(false), Tool::kNft, nft.host()));
  EXPECT_THAT(nft.names(),
              ElementsAre("ip6tables-save", "ip6tables-restore", "iptables-save", "iptables-restore", "nft"));
  EXPECT_THAT(nft.ran[3].second, HasSubstr("-X APPMESH_EGRESS"));
  FakeHost iptables{kAll, {}, {}, true};
  ASSERT_TRUE(SetRules(Options(false), Tool::kIptables, iptables.host()));
  EXPECT_EQ(iptables.ran.front(), std::pair(std::string("nft"), NftRemoval()));
}

TEST(SetRulesTest, AnotherToolThatCannotListIsLeftAlone) {
  FakeHost nft{kAll, {}, {"iptables-save", "ip6tables-save"}};
  EXPECT_TRUE(SetRules(Options(false), Tool::kNft, nft.host()));
  FakeHost iptables{kAll, {}, {"nft"}};
  EXPECT_TRUE(SetRules(Options(false), Tool::kIptables, iptables.host()));
}

TEST(RemoveRulesTest, TakesWhatEitherToolSet) {
  for (const Tool chosen : {Tool::kNft, Tool::kIptables}) {
    FakeHost host{kAll, {}, {}, true};
    ASSERT_TRUE(RemoveRules(chosen, host.host()));
    EXPECT_THAT(host.names(),
                ElementsAre("nft", "ip6tables-save", "ip6tables-restore", "iptables-save", "iptables-restore"));
    EXPECT_EQ(host.ran[0].second, NftRemoval());
    EXPECT_THAT(host.ran[4].second, HasSubstr("-X APPMESH_EGRESS"));
  }
}

TEST(RemoveRulesTest, RulesThatStayAreNoSuccess) {
  for (const char* broken : {"iptables-save", "iptables-restore", "ip6tables-restore"}) {
    FakeHost host{kBothFamilies, {}, {broken}};
    EXPECT_FALSE(RemoveRules(Tool::kIptables, host.host())) << broken;
  }
  FakeHost other{kAll, {}, {"iptables-restore"}};
  EXPECT_FALSE(RemoveRules(Tool::kNft, other.host()));
  EXPECT_THAT(other.names(), ElementsAre("nft", "ip6tables-save", "ip6tables-restore", "iptables-save"));
  FakeHost none{kAll, {}, {"iptables-save", "ip6tables-save"}};
  EXPECT_TRUE(RemoveRules(Tool::kNft, none.host())) << "a tool that is just installed too";
}

TEST(RemoveRulesTest, TakesWhatIsThere) {
  FakeHost host{kIptables, {}};
  ASSERT_TRUE(RemoveRules(Tool::kIptables, host.host()));
  EXPECT_THAT(host.names(), ElementsAre("iptables-save", "iptables-restore"));
}

TEST(PrintedRulesTest, NameTheProgramOfEachFamily) {
  EXPECT_THAT(PrintedRules(Options(true), Tool::kIptables), HasSubstr("# ip6tables-restore --noflush\n*nat\n"));
  EXPECT_THAT(PrintedRules(Options(true), Tool::kNft), HasSubstr("table inet chancery_intercept {"));
}

}  // namespace
}  // namespace chancery::intercept
