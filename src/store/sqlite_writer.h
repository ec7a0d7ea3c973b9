#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/replica.h"
#include "store/sqlite_connection.h"
#include "store/store.h"

namespace chancery::store {

// The one connection that writes: applies groups of batches, deletes old history, checkpoints the
// write-ahead log. After a failure that leaves doubt whether bytes reached the disk (input/output,
// a damaged file) it refuses every write until it is opened anew: SQLite's recovery then decides what
// is there. Confined to one thread.
class SqliteWriter {
 public:
  // What became of a group: an answer for each batch, and what was committed, in order, with all its writes.
  struct Outcome {
    std::vector<base::Result<Txn>> answers;
    std::vector<TransactionPtr> transactions;
    std::vector<Applied> writes = {};
  };

  // REQUIRES: `connection` has the newest schema and nobody else writes.
  static base::Result<std::unique_ptr<SqliteWriter>> Create(Connection connection, Txn base);

  // All batches in one durable transaction of the database. One whose precondition fails is kLostRace
  // and leaves the others alone; any other failure rolls all of them back, each kUnavailable.
  Outcome Commit(std::vector<Batch> batches);
  // Deletes at most `limit` rows of the history up to `through`; true when there may be more.
  base::Result<bool> DeleteHistory(Txn through, size_t limit);
  // Moves the write-ahead log into the database file once it is long enough. Takes a while: call it when
  // nobody waits for an answer.
  void MaybeCheckpoint();

 private:
  SqliteWriter(Connection connection, Txn base) : connection_(std::move(connection)), base_(base) {}

  base::Status PrepareAll();
  base::Status ApplyAll(std::vector<Batch>& batches, Outcome& outcome);
  // kLostRace: nothing was written; any other error: the whole group is to be rolled back.
  base::Result<TransactionPtr> Apply(Batch batch, std::vector<Applied>& applied);
  base::Status CheckPreconditions(const Batch& batch);
  base::Status WriteEntry(std::string_view key, const std::optional<std::string>& value, Txn txn);
  // Ends a transaction of the database that failed, and latches when the failure is of that kind.
  void Abandon(const base::Error& error);
  void Latch(const std::string& why);

  // The statements die before the connection.
  Connection connection_;
  const Txn base_;
  Statement begin_;
  Statement commit_;
  Statement read_version_;
  Statement read_value_;
  Statement put_;
  Statement erase_;
  Statement log_;
  Statement delete_history_;
  // Why nothing is written any more.
  std::optional<base::Error> latched_;
  // Pages in the write-ahead log, counted by SQLite's hook.
  int wal_pages_ = 0;
};

}  // namespace chancery::store
