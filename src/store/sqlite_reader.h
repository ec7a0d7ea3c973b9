#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "store/sqlite_connection.h"
#include "store/store.h"

namespace chancery::store {

// One connection that reads. Each call sees the newest commit. Confined to one thread at a time.
class SqliteReader {
 public:
  static base::Result<std::unique_ptr<SqliteReader>> Open(const std::filesystem::path& file, Txn base);

  base::Result<std::optional<Entry>> Read(std::string_view key);
  base::Result<Page> Scan(std::string_view prefix, std::string_view after, size_t limit);
  // Transactions after `after`, in order: at most `limit`, fewer when they are large, at least one
  // when there is one.
  base::Result<std::vector<TransactionPtr>> ReadLog(Txn after, size_t limit);

 private:
  SqliteReader(Connection connection, Txn base) : connection_(std::move(connection)), base_(base) {}
  base::Result<TransactionPtr> ParseRow(const Cursor& row) const;

  // The statements die before the connection.
  Connection connection_;
  const Txn base_;
  Statement get_;
  Statement scan_;
  Statement log_;
};

// A fixed number of readers, lent to one caller at a time. Thread-safe.
class ReaderPool {
 public:
  // A borrowed reader; goes back when this dies.
  class Lease {
   public:
    Lease(ReaderPool& pool, std::unique_ptr<SqliteReader> reader) : pool_(pool), reader_(std::move(reader)) {}
    ~Lease() { pool_.GiveBack(std::move(reader_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    SqliteReader* operator->() { return reader_.get(); }

   private:
    ReaderPool& pool_;
    std::unique_ptr<SqliteReader> reader_;
  };

  // REQUIRES: `readers` is not empty.
  explicit ReaderPool(std::vector<std::unique_ptr<SqliteReader>> readers) : idle_(std::move(readers)) {}

  // Waits until a reader is free.
  Lease Take() EXCLUDES(mutex_);

 private:
  void GiveBack(std::unique_ptr<SqliteReader> reader) EXCLUDES(mutex_);

  base::Mutex mutex_;
  base::CondVar returned_;
  std::vector<std::unique_ptr<SqliteReader>> idle_ GUARDED_BY(mutex_);
};

}  // namespace chancery::store
