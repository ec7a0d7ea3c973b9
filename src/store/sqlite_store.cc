#include "store/sqlite_store.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "store/batch.h"
#include "store/sqlite_schema.h"

namespace chancery::store {
namespace {

using base::Code;
using base::Error;

constexpr std::string_view kFile = "chancery.db";
// Rows of the history deleted at once, so that commits wait little.
constexpr size_t kCompactRows = 1000;

base::Status Configure(Connection& connection, const SqliteOptions& options) {
  const auto mode = connection.QueryText("PRAGMA journal_mode = WAL");
  if (!mode) return mode.error();
  if (*mode != "wal") {
    return Error{Code::kUnavailable, "the file system of the data directory cannot hold a write-ahead log", {}};
  }
  CHANCERY_RETURN_IF_ERROR(connection.Execute("PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON"));
  if (options.max_database_bytes == 0) return base::Status::Ok();
  const auto page_size = connection.QueryInt("PRAGMA page_size");
  if (!page_size) return page_size.error();
  const int64_t pages = std::max<int64_t>(1, options.max_database_bytes / *page_size);
  return connection.Execute(fmt::format("PRAGMA max_page_count = {}", pages));
}

}  // namespace

base::Result<std::unique_ptr<SqliteStore>> SqliteStore::Open(const std::filesystem::path& data_dir,
                                                             const SqliteOptions& options) {
  auto dir = DataDir::Open(data_dir);
  if (!dir) return std::move(dir).error();
  const std::filesystem::path file = data_dir / kFile;
  auto connection = OpenWriting(file, options);
  if (!connection) return std::move(connection).error();
  const auto meta = ReadMeta(*connection);
  if (!meta) return meta.error();
  auto writer = SqliteWriter::Create(*std::move(connection), meta->base);
  if (!writer) return std::move(writer).error();
  std::vector<std::unique_ptr<SqliteReader>> readers;
  while (readers.size() < std::max<size_t>(1, options.readers)) {
    auto reader = SqliteReader::Open(file, meta->base);
    if (!reader) return std::move(reader).error();
    readers.push_back(*std::move(reader));
  }
  try {
    std::unique_ptr<SqliteStore> store(
        new SqliteStore(*std::move(dir), *meta, *std::move(writer), std::move(readers), options));
    CHANCERY_RETURN_IF_ERROR(store->LoadReplica());
    return store;
  } catch (const std::system_error& error) {
    return Error{Code::kUnavailable, fmt::format("cannot start the store's thread: {}", error.what()), {}};
  }
}

SqliteStore::SqliteStore(std::unique_ptr<DataDir> dir, Meta meta, std::unique_ptr<SqliteWriter> writer,
                         std::vector<std::unique_ptr<SqliteReader>> readers, const SqliteOptions& options)
    : dir_(std::move(dir)),
      meta_(meta),
      writer_(std::move(writer)),
      readers_(std::move(readers)),
      hub_(options.watch, meta.newest, meta.compacted,
           [this](Txn after, size_t limit) { return readers_.Take()->ReadLog(after, limit); }),
      committer_(
          options.max_waiting, [this](std::vector<Batch> batches) { return CommitGroup(std::move(batches)); },
          [this] { writer_->MaybeCheckpoint(); }) {}

base::Result<Connection> SqliteStore::OpenWriting(const std::filesystem::path& file, const SqliteOptions& options) {
  auto connection = Connection::Open(file, Connection::Mode::kReadWriteCreate);
  if (!connection) return connection;
  CHANCERY_RETURN_IF_ERROR(MigrateSchema(*connection));
  CHANCERY_RETURN_IF_ERROR(Configure(*connection, options));
  return connection;
}

base::Result<SqliteStore::Meta> SqliteStore::ReadMeta(Connection& connection) {
  const auto base = connection.QueryInt("SELECT value FROM meta WHERE name = 'base'");
  if (!base) return base.error();
  const auto epoch = connection.QueryInt("SELECT value FROM meta WHERE name = 'epoch'");
  if (!epoch) return epoch.error();
  const auto newest = connection.QueryInt("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'change'");
  if (!newest) return newest.error();
  const auto oldest = connection.QueryInt(fmt::format("SELECT coalesce(min(id), {}) FROM change", *newest + 1));
  if (!oldest) return oldest.error();
  if (*base < 0 || *newest < 0 || *base + *oldest < 1) {
    return Error{Code::kInternal, "chancery.db holds impossible transaction numbers", {}};
  }
  return Meta{static_cast<Txn>(*base), static_cast<uint64_t>(*epoch), static_cast<Txn>(*base + *newest),
              static_cast<Txn>(*base + *oldest - 1)};
}

base::Result<Txn> SqliteStore::Commit(Batch batch) {
  CHANCERY_RETURN_IF_ERROR(CheckBatch(batch));
  return committer_.Commit(std::move(batch));
}

// Before anybody can commit.
base::Status SqliteStore::LoadReplica() {
  ReaderPool::Lease reader = readers_.Take();
  std::string after;
  for (bool more = true; more;) {
    auto page = reader->Scan("", after, kMaxScan);
    if (!page) return page.error();
    more = page->more;
    if (more) after = page->entries.back().key();
    for (Entry& entry : page->entries) {
      if (Replica::Holds(entry.key())) replica_.Load(std::move(entry));
    }
  }
  replica_.Apply({}, meta_.newest);
  return base::Status::Ok();
}

std::vector<base::Result<Txn>> SqliteStore::CommitGroup(std::vector<Batch> batches) {
  SqliteWriter::Outcome outcome = writer_->Commit(std::move(batches));
  if (!outcome.transactions.empty()) replica_.Apply(std::move(outcome.writes), outcome.transactions.back()->txn);
  // Before anybody is answered, so that Newest() is never behind a commit that has returned.
  for (TransactionPtr& transaction : outcome.transactions) hub_.Publish(std::move(transaction));
  return std::move(outcome.answers);
}

base::Result<std::optional<Entry>> SqliteStore::Read(std::string_view key) const {
  if (Replica::Holds(key)) return replica_.Read(key);
  auto entry = readers_.Take()->Read(key);
  // Whoever has seen one write of a commit sees all of them.
  if (entry && *entry) replica_.WaitFor((*entry)->version());
  return entry;
}

base::Result<Page> SqliteStore::Scan(std::string_view prefix, std::string_view after, size_t limit) const {
  CHANCERY_RETURN_IF_ERROR(CheckLimit(limit));
  if (Replica::HoldsAll(prefix)) return replica_.Scan(prefix, after, limit);
  return readers_.Take()->Scan(prefix, after, limit);
}

base::Result<TransactionPtr> SqliteStore::ReadTransaction(Txn txn) const {
  if (txn == 0 || txn > hub_.Newest()) return NoTransaction(txn);
  if (txn <= hub_.Compacted()) return TransactionCompacted(txn);
  auto transactions = readers_.Take()->ReadLog(txn - 1, 1);
  if (!transactions) return std::move(transactions).error();
  // It was compacted meanwhile.
  if (transactions->empty() || transactions->front()->txn != txn) return TransactionCompacted(txn);
  return std::move(transactions->front());
}

base::Result<std::unique_ptr<Watcher>> SqliteStore::Watch(Txn from,
                                                          std::function<void(const TransactionPtr&)> callback) {
  return hub_.Watch(from, std::move(callback));
}

base::Status SqliteStore::Compact(Txn through) {
  const Txn compacted = hub_.Compact(through);
  bool more = true;
  while (more) {
    CHANCERY_RETURN_IF_ERROR(committer_.Run([this, compacted, &more]() -> base::Status {
      const auto deleted = writer_->DeleteHistory(compacted, kCompactRows);
      if (!deleted) return deleted.error();
      more = *deleted;
      return base::Status::Ok();
    }));
  }
  return base::Status::Ok();
}

base::Status SqliteStore::Backup(const std::filesystem::path& file) const {
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored)) {
    return Error{Code::kBadRequest, fmt::format("'{}' exists already", file.string()), {}};
  }
  auto source = Connection::Open(dir_->path() / kFile, Connection::Mode::kReadOnly);
  if (!source) return source.error();
  auto target = Connection::Open(file, Connection::Mode::kReadWriteCreate);
  if (!target) return target.error();
  ::chmod(file.c_str(), 0600);
  sqlite3_backup* backup = sqlite3_backup_init(target->handle(), "main", source->handle(), "main");
  // All pages in one step: one moment's state, read beside the writer.
  if (backup != nullptr) sqlite3_backup_step(backup, -1);
  const int code = backup == nullptr ? sqlite3_errcode(target->handle()) : sqlite3_backup_finish(backup);
  if (code == SQLITE_OK) return base::Status::Ok();
  return Error{Code::kUnavailable, fmt::format("backup to '{}': {}", file.string(), sqlite3_errstr(code)), {}};
}

}  // namespace chancery::store
