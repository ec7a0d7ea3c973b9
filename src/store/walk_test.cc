#include "store/walk.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "store/conformance_suite.h"
#include "store/memory_store.h"

namespace chancery::store {
namespace {

class WalkTest : public testing::Test {
 protected:
  // The keys that are seen, up to `last`, where the walk is ended by an error.
  std::vector<std::string> Walk(std::string_view prefix, std::string_view last = "") {
    std::vector<std::string> keys;
    ended_ = ForEachEntry(store_, prefix, [&](const Entry& entry) -> base::Status {
      keys.push_back(entry.key());
      if (entry.key() == last) return base::Error{base::Code::kInternal, "enough", {}};
      return base::Status::Ok();
    });
    return keys;
  }

  MemoryStore store_;
  base::Status ended_ = base::Status::Ok();
};

TEST_F(WalkTest, SeesWhatIsBelowThePrefixInOrderOverPages) {
  Batch batch;
  std::vector<std::string> expected;
  for (int i = 0; i < 2'500; ++i) {
    batch.writes.push_back(Put(fmt::format("p/{:04}", i), "v"));
    expected.push_back(batch.writes.back().key);
  }
  batch.writes.push_back(Put("o/other", "v"));
  batch.writes.push_back(Put("q/other", "v"));
  ASSERT_TRUE(store_.Commit(std::move(batch)));
  EXPECT_EQ(Walk("p/"), expected);
  EXPECT_TRUE(ended_);
  EXPECT_EQ(Walk("r/").size(), 0u);
}

TEST_F(WalkTest, EndsWithTheFirstError) {
  MustCommit(store_, {Put("a", "1"), Put("b", "2"), Put("c", "3")});
  EXPECT_EQ(Walk("", "b"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(ended_.error().message, "enough");
  store_.FailNextReads(1);
  EXPECT_EQ(Walk("").size(), 0u);
  EXPECT_EQ(ended_.error().code, base::Code::kUnavailable);
}

}  // namespace
}  // namespace chancery::store
