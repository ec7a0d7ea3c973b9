#include "xds/subscription.h"

#include <gtest/gtest.h>

#include "xds/test_stream.h"

namespace chancery::xds {
namespace {

using State = Subscription::State;

struct Step {
  std::vector<std::string_view> names;
  State state;
  bool changed;
};

void Walk(bool can_wildcard, const std::vector<Step>& steps) {
  Subscription subscription(can_wildcard);
  EXPECT_EQ(subscription.state(), State::kUnsubscribed);
  EXPECT_FALSE(subscription.active());
  for (size_t i = 0; i < steps.size(); ++i) {
    EXPECT_EQ(subscription.Apply(steps[i].names), steps[i].changed) << "step " << i;
    EXPECT_EQ(subscription.state(), steps[i].state) << "step " << i;
  }
}

TEST(Subscription, ALegacyWildcardEndsWithNamesAndDoesNotComeBack) {
  Walk(true, {{{}, State::kLegacyWildcard, true},
              {{}, State::kLegacyWildcard, false},
              {{"a"}, State::kNames, true},
              {{}, State::kNames, true},
              {{}, State::kNames, false}});
}

TEST(Subscription, AnExplicitWildcardComesAndGoes) {
  Walk(true, {{{"*"}, State::kWildcard, true},
              {{"a", "*"}, State::kNamesOnWildcard, true},
              {{"*", "a"}, State::kNamesOnWildcard, false},
              {{"a"}, State::kNames, true},
              {{"*"}, State::kWildcard, true},
              {{}, State::kNames, true}});
}

TEST(Subscription, TypesWithoutWildcardAskForNothingByAnEmptyList) {
  Walk(false, {{{}, State::kNames, true}, {{"*"}, State::kNames, true}, {{"a"}, State::kNames, true}});
  Subscription subscription(false);
  subscription.Apply({"*"});
  EXPECT_FALSE(subscription.wildcard());
  EXPECT_TRUE(subscription.Covers("*"));
}

TEST(Subscription, NamesAreASet) {
  Subscription subscription(false);
  subscription.Apply({"b", "a", "b"});
  EXPECT_EQ(subscription.names(), (Names{"a", "b"}));
  EXPECT_FALSE(subscription.Apply({"a", "b", "a"}));
}

TEST(Subscription, FilterSharesTheSetWhenAllOfItIsAskedFor) {
  const ResourceSetPtr set = MakeSet(3, {MakeResource("a", "1"), MakeResource("b", "1")});
  Subscription subscription(false);
  subscription.Apply({"a", "b", "c"});
  EXPECT_EQ(subscription.Filter(set), set);
  subscription.Apply({"b", "c"});
  const ResourceSetPtr part = subscription.Filter(set);
  ASSERT_EQ(part->resources().size(), 1U);
  EXPECT_EQ(part->resources()[0]->name, "b");
  EXPECT_EQ(part->txn(), 3U);
  subscription.Apply({});
  EXPECT_TRUE(subscription.Filter(set)->resources().empty());
}

}  // namespace
}  // namespace chancery::xds
