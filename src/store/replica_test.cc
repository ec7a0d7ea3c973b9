#include "store/replica.h"

#include <gtest/gtest.h>

#include <thread>

// That the store with a replica keeps its contract is the conformance suite's; here is what it alone could get wrong.
namespace chancery::store {
namespace {

TEST(Replica, HoldsAllButClientTokensAndSecrets) {
  for (const char* key : {"res/a", "share/a", "shared/a", "iam/key/a", "guard/a", "quota/a", "idem", "secre"}) {
    EXPECT_TRUE(Replica::Holds(key)) << key;
  }
  for (const char* key : {"idem/a", "secret/a"}) EXPECT_FALSE(Replica::Holds(key)) << key;
}

TEST(Replica, AScanIsItsOwnWhenNothingBelowThePrefixIsElsewhere) {
  for (const char* prefix : {"res/", "share", "iam/", "sh", "quota/"}) EXPECT_TRUE(Replica::HoldsAll(prefix)) << prefix;
  for (const char* prefix : {"", "i", "idem", "idem/", "idem/a", "s", "se", "secret/"}) {
    EXPECT_FALSE(Replica::HoldsAll(prefix)) << prefix;
  }
}

TEST(Replica, AppliesAGroupInOrder) {
  Replica replica;
  replica.Load({"res/a", "old", 1});
  replica.Apply(
      {{"res/a", "1", 2}, {"res/b", "1", 2}, {"res/a", std::nullopt, 3}, {"idem/t", "x", 3}, {"res/b", "2", 3}}, 3);
  EXPECT_EQ(replica.Read("res/a"), std::nullopt);
  EXPECT_EQ(replica.Read("res/b"), (Entry{"res/b", "2", 3}));
  EXPECT_EQ(replica.Read("idem/t"), std::nullopt);
}

TEST(Replica, PagesEndAtThePrefix) {
  Replica replica;
  for (const char* key : {"ra", "rb", "rc", "s"}) replica.Load({key, "v", 1});
  const Page first = replica.Scan("r", "", 2);
  ASSERT_EQ(first.entries.size(), 2u);
  EXPECT_TRUE(first.more);
  const Page rest = replica.Scan("r", "rb", 2);
  ASSERT_EQ(rest.entries.size(), 1u);
  EXPECT_EQ(rest.entries[0].key(), "rc");
  EXPECT_FALSE(rest.more);
}

TEST(Replica, WaitsForTheTransactionThatSomebodyHasSeen) {
  Replica replica;
  replica.Apply({}, 4);
  replica.WaitFor(4);
  std::thread writer([&replica] { replica.Apply({{"res/a", "5", 5}}, 5); });
  replica.WaitFor(5);
  EXPECT_EQ(replica.Read("res/a"), (Entry{"res/a", "5", 5}));
  writer.join();
}

}  // namespace
}  // namespace chancery::store
