#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "store/data_dir.h"
#include "store/group_committer.h"
#include "store/replica.h"
#include "store/sqlite_reader.h"
#include "store/sqlite_writer.h"
#include "store/store.h"
#include "store/watch_hub.h"

namespace chancery::store {

struct SqliteOptions {
  // Commits that may wait for the disk; one more is kUnavailable.
  size_t max_waiting = 10000;
  // Connections that read.
  size_t readers = 4;
  // The file grows no further: commits are then kUnavailable, as on a full disk. 0: no limit.
  int64_t max_database_bytes = 0;
  WatchHubOptions watch = {};
};

// The embedded store: one SQLite file, DATA_DIR/chancery.db, in WAL mode with synchronous=FULL, held
// by one process under an exclusive lock. Commits of many callers share one fsync (GroupCommitter); reads come from
// memory (Replica), those of client tokens, secrets and the history from the file beside the commits (ReaderPool);
// watches are fed after the commit (WatchHub). Not for more than one machine. Thread-safe. Every watcher is destroyed
// before the store.
class SqliteStore : public Store {
 public:
  // kUnavailable when the directory is held by another process, cannot be used, or holds a newer
  // schema; kInternal when the file is damaged or none of ours.
  static base::Result<std::unique_ptr<SqliteStore>> Open(const std::filesystem::path& data_dir,
                                                         const SqliteOptions& options = {});

  base::Result<Txn> Commit(Batch batch) override;
  base::Result<std::optional<Entry>> Read(std::string_view key) const override;
  base::Result<Page> Scan(std::string_view prefix, std::string_view after, size_t limit) const override;
  Txn Newest() const override { return hub_.Newest(); }
  base::Result<TransactionPtr> ReadTransaction(Txn txn) const override;
  base::Result<std::unique_ptr<Watcher>> Watch(Txn from, std::function<void(const TransactionPtr&)> callback) override;
  base::Status Compact(Txn through) override;
  uint64_t Epoch() const override { return meta_.epoch; }

  // Writes a copy of the state at this moment to `file`, which must not exist, while commits go on.
  base::Status Backup(const std::filesystem::path& file) const;

 private:
  // Read when the file is opened.
  struct Meta {
    Txn base = 0;
    uint64_t epoch = 0;
    Txn newest = 0;
    Txn compacted = 0;
  };

  SqliteStore(std::unique_ptr<DataDir> dir, Meta meta, std::unique_ptr<SqliteWriter> writer,
              std::vector<std::unique_ptr<SqliteReader>> readers, const SqliteOptions& options);

  static base::Result<Connection> OpenWriting(const std::filesystem::path& file, const SqliteOptions& options);
  static base::Result<Meta> ReadMeta(Connection& connection);
  base::Status LoadReplica();
  std::vector<base::Result<Txn>> CommitGroup(std::vector<Batch> batches);

  // In order of construction. Backwards: the committer's thread ends first, the connection that writes
  // closes after those that read and so can empty the write-ahead log, the lock is given up last.
  const std::unique_ptr<DataDir> dir_;
  const Meta meta_;
  // Used on the committer's thread alone.
  const std::unique_ptr<SqliteWriter> writer_;
  mutable ReaderPool readers_;
  Replica replica_;
  WatchHub hub_;
  GroupCommitter committer_;
};

}  // namespace chancery::store
