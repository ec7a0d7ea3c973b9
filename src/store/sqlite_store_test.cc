#include "store/sqlite_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <limits>
#include <string>
#include <thread>

#include "store/conformance_suite.h"
#include "store/sqlite_schema.h"

namespace chancery::store {
namespace {

using base::Code;

StoreMaker SqliteMaker(std::string name, WatchHubOptions watch) {
  return {std::move(name), [watch](const std::filesystem::path& dir) -> std::unique_ptr<Store> {
            auto store = SqliteStore::Open(dir, {.watch = watch});
            EXPECT_TRUE(store) << base::ToString(store.error());
            return store ? *std::move(store) : nullptr;
          }};
}

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreConformance,
                         testing::Values(SqliteMaker("Plain", {}), SqliteMaker("TinyWatchMemory", kTinyWatchMemory)),
                         MakerName);

class SqliteStoreTest : public testing::Test {
 protected:
  std::filesystem::path dir() const { return temp_.path() / "a" / "data"; }
  std::filesystem::path file() const { return dir() / "chancery.db"; }
  std::unique_ptr<SqliteStore> MustOpen(const SqliteOptions& options = {}) const {
    auto store = SqliteStore::Open(dir(), options);
    EXPECT_TRUE(store) << base::ToString(store.error());
    return store ? *std::move(store) : nullptr;
  }
  base::Error OpenFails() const {
    const auto store = SqliteStore::Open(dir());
    EXPECT_FALSE(store);
    return store ? base::Error{} : store.error();
  }
  void Sql(const std::string& sql) const {
    auto connection = Connection::Open(file(), Connection::Mode::kReadWriteCreate);
    ASSERT_TRUE(connection);
    const base::Status done = connection->Execute(sql);
    ASSERT_TRUE(done) << done.error().message;
  }

 private:
  TempDir temp_;
};

TEST_F(SqliteStoreTest, MakesItsDirectoryForItsOwnerAlone) {
  const auto store = MustOpen();
  struct stat status{};
  ASSERT_EQ(::stat(dir().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0700u);
}

TEST_F(SqliteStoreTest, RefusesADirectoryThatCannotBe) {
  std::filesystem::create_directories(dir().parent_path());
  std::ofstream(dir()) << "a file";
  EXPECT_EQ(OpenFails().code, Code::kUnavailable);
  EXPECT_EQ(OpenFails().message, "data directory '" + dir().string() + "': cannot be used: Not a directory");
}

TEST_F(SqliteStoreTest, RefusesASecondOpener) {
  const auto store = MustOpen();
  const base::Error error = OpenFails();
  EXPECT_EQ(error.code, Code::kUnavailable);
  EXPECT_EQ(error.message,
            "data directory '" + dir().string() + "' is in use by process " + std::to_string(::getpid()));
}

TEST_F(SqliteStoreTest, KeepsEverythingWhenOpenedAgain) {
  std::vector<TransactionPtr> history;
  {
    const auto store = MustOpen();
    CommitMany(*store, 20);
    MustCommit(*store, {Put("guard/a", "")});
    history = ReadHistory(*store, 1);
  }
  const auto store = MustOpen();
  EXPECT_EQ(store->Newest(), 21u);
  EXPECT_EQ(VersionOf(*store, "guard/a"), 21u);
  ExpectSame(ReadHistory(*store, 1), history);
  Collector collector;
  const auto watcher = store->Watch(0, collector.Callback());
  ASSERT_TRUE(watcher);
  EXPECT_EQ(MustCommit(*store, {}), 22u);
  ExpectSame(collector.WaitFor(22), ReadHistory(*store, 1));
}

TEST_F(SqliteStoreTest, ClosesWithAnEmptyWriteAheadLog) {
  {
    const auto store = MustOpen();
    CommitMany(*store, 3);
    EXPECT_TRUE(std::filesystem::exists(dir() / "chancery.db-wal"));
  }
  EXPECT_FALSE(std::filesystem::exists(dir() / "chancery.db-wal"));
}

TEST_F(SqliteStoreTest, BoundsItsWriteAheadLog) {
  const auto store = MustOpen();
  for (int i = 0; i < 400; ++i) {
    // Each time another one: SQLite does not write pages that stay as they are.
    MustCommit(*store, {Put("a", std::string(64 << 10, static_cast<char>('a' + i % 26)))});
  }
  // 400 commits of 16 pages and more would be 26 MB.
  EXPECT_LT(std::filesystem::file_size(dir() / "chancery.db-wal"), 8u << 20);
}

TEST_F(SqliteStoreTest, NumbersGoOnAfterAllHistoryIsGone) {
  {
    const auto store = MustOpen();
    CommitMany(*store, 1500);
    ASSERT_TRUE(store->Compact(std::numeric_limits<Txn>::max()));
  }
  {
    const auto store = MustOpen();
    EXPECT_EQ(store->Newest(), 1500u);
    EXPECT_EQ(store->ReadTransaction(1499).error().code, Code::kCompacted);
    EXPECT_EQ(ReadHistory(*store, 1500).size(), 1u);
    EXPECT_EQ(store->Watch(1498, [](const TransactionPtr&) {}).error().code, Code::kCompacted);
  }
  // Not even an empty log gives a number again.
  Sql("DELETE FROM change");
  const auto store = MustOpen();
  EXPECT_EQ(store->Newest(), 1500u);
  EXPECT_EQ(store->ReadTransaction(1500).error().code, Code::kCompacted);
  EXPECT_EQ(MustCommit(*store, {}), 1501u);
}

TEST_F(SqliteStoreTest, AddsTheBaseToItsOwnNumbers) {
  MustOpen().reset();
  Sql("UPDATE meta SET value = 1000 WHERE name = 'base'; UPDATE meta SET value = 7 WHERE name = 'epoch'");
  const auto store = MustOpen();
  EXPECT_EQ(store->Newest(), 1000u);
  EXPECT_EQ(store->Epoch(), 7u);
  EXPECT_EQ(MustCommit(*store, {Put("a", "")}), 1001u);
  EXPECT_EQ(VersionOf(*store, "a"), 1001u);
  EXPECT_EQ(ReadHistory(*store, 1001).size(), 1u);
  EXPECT_EQ(store->ReadTransaction(1000).error().code, Code::kCompacted);
  CommitMany(*store, 3);
  ASSERT_TRUE(store->Compact(1003));
  EXPECT_EQ(ReadHistory(*store, 1004).size(), 1u);
}

// What an import will write: numbers that were given elsewhere are ids of zero and less.
TEST_F(SqliteStoreTest, ReadsHistoryFromBelowItsBase) {
  MustOpen().reset();
  Sql("UPDATE meta SET value = 1000 WHERE name = 'base'; INSERT INTO change VALUES (-1, x''), (0, x'1a0141')");
  const auto store = MustOpen();
  EXPECT_EQ(store->Newest(), 1000u);
  EXPECT_EQ(store->ReadTransaction(998).error().code, Code::kCompacted);
  EXPECT_EQ(MustCommit(*store, {}), 1001u);
  const std::vector<TransactionPtr> history = ReadHistory(*store, 999);
  ASSERT_EQ(history.size(), 3u);
  EXPECT_EQ(history[1]->record.operation(), "A");
  Collector collector;
  const auto watcher = store->Watch(998, collector.Callback());
  ASSERT_TRUE(watcher);
  ExpectSame(collector.WaitFor(3), history);
}

TEST_F(SqliteStoreTest, RefusesANewerSchemaUntouched) {
  MustOpen().reset();
  Sql("PRAGMA user_version = 99");
  const base::Error error = OpenFails();
  EXPECT_EQ(error.code, Code::kUnavailable);
  EXPECT_EQ(error.message, "chancery.db has schema 99, this build knows up to " + std::to_string(SchemaVersion()) +
                               ": run the newer build");
  Sql("PRAGMA user_version = " + std::to_string(SchemaVersion()));
  EXPECT_NE(MustOpen(), nullptr);
}

TEST_F(SqliteStoreTest, RefusesTheDatabaseOfAnotherProgram) {
  std::filesystem::create_directories(dir());
  Sql("CREATE TABLE entry (x)");
  EXPECT_EQ(OpenFails().message, "chancery.db is a database of another program");
}

TEST_F(SqliteStoreTest, AFileThatIsNoDatabaseIsAnError) {
  std::filesystem::create_directories(dir());
  std::ofstream(file()) << std::string(10000, 'x');
  const base::Error error = OpenFails();
  EXPECT_EQ(error.code, Code::kInternal);
  EXPECT_NE(error.message.find("file is not a database"), std::string::npos) << error.message;
  EXPECT_NE(error.message.find(file().string()), std::string::npos) << error.message;
}

// Each page is damaged in turn: opening, reading and committing may fail, with an error.
TEST_F(SqliteStoreTest, ADamagedPageIsAnErrorNotACrash) {
  {
    const auto store = MustOpen();
    for (int i = 0; i < 50; ++i) MustCommit(*store, {Put("res/" + std::to_string(i), std::string(500, 'v'))});
  }
  std::ifstream in(file(), std::ios::binary);
  const std::string good((std::istreambuf_iterator<char>(in)), {});
  constexpr size_t kPage = 4096;
  size_t failures = 0;
  for (size_t page = 0; page * kPage < good.size(); ++page) {
    std::string bad = good;
    bad.replace(page * kPage + (page == 0 ? 100 : 0), 300, 300, '\x5a');
    std::ofstream(file(), std::ios::binary | std::ios::trunc) << bad;
    std::filesystem::remove(dir() / "chancery.db-wal");
    std::filesystem::remove(dir() / "chancery.db-shm");
    auto store = SqliteStore::Open(dir());
    bool failed = !store;
    if (store) {
      failed |= !(*store)->Scan("", "", 1000);
      for (Txn txn = 1; txn <= 50; ++txn) failed |= !(*store)->ReadTransaction(txn);
      for (int i = 0; i < 50; ++i) failed |= !(*store)->Commit(BatchOf({Put("res/" + std::to_string(i), "w")}));
    }
    failures += failed ? 1 : 0;
  }
  EXPECT_GE(failures, good.size() / kPage / 2);
}

TEST_F(SqliteStoreTest, ATruncatedFileIsAnError) {
  {
    const auto store = MustOpen();
    for (int i = 0; i < 50; ++i) MustCommit(*store, {Put("res/" + std::to_string(i), std::string(500, 'v'))});
  }
  std::filesystem::resize_file(file(), std::filesystem::file_size(file()) / 2);
  auto store = SqliteStore::Open(dir());
  EXPECT_FALSE(store && (*store)->Scan("", "", 1000));
}

TEST_F(SqliteStoreTest, BackupCopiesTheStateWhileCommitsGoOn) {
  TempDir other;
  const auto store = MustOpen();
  CommitMany(*store, 100);
  std::thread writer([&] { CommitMany(*store, 100); });
  ASSERT_TRUE(store->Backup(other.path() / "chancery.db"));
  writer.join();
  EXPECT_EQ(store->Backup(other.path() / "chancery.db").error().code, Code::kBadRequest);
  auto copy = SqliteStore::Open(other.path());
  ASSERT_TRUE(copy);
  EXPECT_GE((*copy)->Newest(), 100u);
  const std::vector<TransactionPtr> history = ReadHistory(*store, 1);
  ExpectSame(ReadHistory(**copy, 1), {history.begin(), history.begin() + static_cast<int>((*copy)->Newest())});
}

}  // namespace
}  // namespace chancery::store
