#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "store/conformance_suite.h"
#include "store/sqlite_schema.h"
#include "store/sqlite_store.h"
#include "store/sqlite_writer.h"

// The disk fills up, the device fails, the process is killed.
namespace chancery::store {
namespace {

using base::Code;

std::unique_ptr<SqliteStore> MustOpen(const std::filesystem::path& dir, const SqliteOptions& options = {}) {
  auto store = SqliteStore::Open(dir, options);
  EXPECT_TRUE(store) << base::ToString(store.error());
  return store ? *std::move(store) : nullptr;
}

TEST(SqliteWriter, AFailedPreconditionDoesNotDisturbItsGroup) {
  const TempDir dir;
  auto connection = Connection::Open(dir.path() / "x.db", Connection::Mode::kReadWriteCreate);
  ASSERT_TRUE(connection);
  ASSERT_TRUE(MigrateSchema(*connection));
  auto writer = SqliteWriter::Create(*std::move(connection), 0);
  ASSERT_TRUE(writer);
  std::vector<Batch> group;
  group.push_back(BatchOf({Put("res/a", "1")}, {{"res/a", 0}}));
  group.push_back(BatchOf({Put("res/a", "2"), Put("res/b", "2")}, {{"res/a", 0}}));
  group.push_back(BatchOf({Put("res/a", "3")}, {{"res/a", 1}}));
  const SqliteWriter::Outcome outcome = (*writer)->Commit(std::move(group));
  ASSERT_EQ(outcome.answers.size(), 3u);
  EXPECT_EQ(*outcome.answers[0], 1u);
  EXPECT_EQ(outcome.answers[1].error().code, Code::kLostRace);
  EXPECT_EQ(*outcome.answers[2], 2u);
  ASSERT_EQ(outcome.transactions.size(), 2u);
  EXPECT_EQ(outcome.transactions[1]->record.changes(0).before(), "1");
}

TEST(SqliteFailure, AFullFileRefusesCommitsAndKeepsTheRest) {
  const TempDir dir;
  const auto store = MustOpen(dir.path(), {.max_database_bytes = 200 << 10});
  MustCommit(*store, {Put("res/a", "1")});
  Collector collector;
  const auto watcher = store->Watch(0, collector.Callback());
  const auto full = store->Commit(BatchOf({Put("res/a", "2"), Put("res/big", std::string(400 << 10, 'v'))}));
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Code::kUnavailable);
  EXPECT_NE(full.error().message.find("database or disk is full"), std::string::npos) << full.error().message;
  EXPECT_EQ(MustRead(*store, "res/a"), (Entry{"res/a", "1", 1}));
  // It is no reason to stop: what fits is written, under the next number.
  EXPECT_EQ(MustCommit(*store, {Put("res/a", "3")}), 2u);
  EXPECT_EQ(collector.WaitFor(2)[1]->record.changes(0).after(), "3");
}

// Lets no file of this process grow beyond a size while it lives: writing fails with EFBIG, which
// SQLite reports as an input/output error.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : old_action_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    rlimit limit = old_;
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    ::signal(SIGXFSZ, old_action_);
  }

 private:
  rlimit old_{};
  sighandler_t old_action_;
};

TEST(SqliteFailure, AfterAnInputOutputErrorNothingIsWrittenUntilARestart) {
  const TempDir dir;
  auto store = MustOpen(dir.path());
  CommitMany(*store, 3);
  const std::string big(4 << 20, 'v');
  {
    const FileSizeLimit limit(2 << 20);
    const auto failed = store->Commit(BatchOf({Put("res/1", "new"), Put("res/big", big)}));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, Code::kUnavailable);
    EXPECT_NE(failed.error().message.find("disk I/O error"), std::string::npos) << failed.error().message;
  }
  // The device is well again, but nobody knows what it has lost.
  const auto latched = store->Commit(BatchOf({Put("res/1", "new")}));
  ASSERT_FALSE(latched);
  EXPECT_EQ(latched.error().code, Code::kUnavailable);
  EXPECT_NE(latched.error().message.find("until a restart"), std::string::npos) << latched.error().message;
  EXPECT_EQ(store->Compact(1).error().code, Code::kUnavailable);
  EXPECT_EQ(MustRead(*store, "res/1")->value(), "value 1");
  EXPECT_EQ(store->Newest(), 3u);
  store.reset();
  store = MustOpen(dir.path());
  EXPECT_EQ(store->Newest(), 3u);
  EXPECT_EQ(MustRead(*store, "res/1")->value(), "value 1");
  EXPECT_EQ(MustCommit(*store, {Put("res/big", big)}), 4u);
}

// A child process that commits until it is killed (sqlite_crash_helper.cc).
class Committer {
 public:
  explicit Committer(const std::filesystem::path& dir) {
    std::array<int, 2> pipe{};
    EXPECT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO);
    // Built beside this test.
    std::string program =
        std::filesystem::read_symlink("/proc/self/exe").replace_filename("store_crash_helper").string();
    std::string argument = dir.string();
    std::array<char*, 3> arguments = {program.data(), argument.data(), nullptr};
    EXPECT_EQ(::posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments.data(), environ), 0);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(pipe[1]);
    out_ = ::fdopen(pipe[0], "r");
  }
  ~Committer() { ::fclose(out_); }
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  // The next transaction that it says is durable; nothing when it is gone.
  std::optional<Txn> Next() {
    unsigned long long txn = 0;
    if (::fscanf(out_, "%llu\n", &txn) != 1) return std::nullopt;
    return txn;
  }
  void Kill() {
    ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
  }

 private:
  pid_t pid_ = 0;
  FILE* out_ = nullptr;
};

TEST(SqliteFailure, EveryAcknowledgedCommitSurvivesAKill) {
  const TempDir dir;
  Txn highest = 0;
  for (size_t round = 0; round < 20; ++round) {
    std::vector<Txn> acknowledged;
    {
      Committer committer(dir.path());
      while (acknowledged.size() < 5 + 13 * round) {
        const auto txn = committer.Next();
        ASSERT_TRUE(txn) << "the helper ended by itself";
        acknowledged.push_back(*txn);
      }
      committer.Kill();
      // What it said before it died counts too.
      while (const auto txn = committer.Next()) acknowledged.push_back(*txn);
    }
    // Numbers never go back; four threads write, so they may be told out of order.
    for (const Txn txn : acknowledged) EXPECT_GT(txn, highest);
    const auto store = MustOpen(dir.path());
    ASSERT_NE(store, nullptr);
    for (const Txn txn : acknowledged) {
      const auto transaction = store->ReadTransaction(txn);
      ASSERT_TRUE(transaction) << "transaction " << txn << " is lost";
      const TxnRecord::Change& change = (*transaction)->record.changes(0);
      const std::optional<Entry> entry = MustRead(*store, change.key());
      ASSERT_TRUE(entry);
      EXPECT_GE(entry->version(), txn);
      // Its twin was written in the same commit.
      EXPECT_EQ(VersionOf(*store, "twin/" + change.key()), entry->version());
    }
    EXPECT_GE(store->Newest(), *std::max_element(acknowledged.begin(), acknowledged.end()));
    highest = store->Newest();
  }
}

}  // namespace
}  // namespace chancery::store
