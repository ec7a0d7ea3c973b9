#include "store/sqlite_writer.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sqlite3.h>

#include <array>
#include <map>
#include <utility>

#include "base/check.h"
#include "store/batch.h"
#include "store/keys.h"

namespace chancery::store {
namespace {

using base::Code;
using base::Error;

// 4 MiB: the point up to which checkpoints wait for no reader.
constexpr int kCheckpointPages = 1000;
// 64 MiB: the log is then started anew, if need be after a wait for readers.
constexpr int kRestartPages = 16000;

int CountPages(void* pages, sqlite3*, const char*, int in_log) {
  *static_cast<int*>(pages) = in_log;
  return SQLITE_OK;
}

}  // namespace

base::Result<std::unique_ptr<SqliteWriter>> SqliteWriter::Create(Connection connection, Txn base) {
  std::unique_ptr<SqliteWriter> writer(new SqliteWriter(std::move(connection), base));
  CHANCERY_RETURN_IF_ERROR(writer->PrepareAll());
  // Replaces the automatic checkpoint, which would hide a failed fsync of the database file.
  sqlite3_wal_hook(writer->connection_.handle(), &CountPages, &writer->wal_pages_);
  return writer;
}

base::Status SqliteWriter::PrepareAll() {
  const std::array<std::pair<Statement*, std::string_view>, 8> statements = {{
      {&begin_, "BEGIN IMMEDIATE"},
      {&commit_, "COMMIT"},
      {&read_version_, "SELECT version FROM entry WHERE key = ?1"},
      {&read_value_, "SELECT value FROM entry WHERE key = ?1"},
      {&put_,
       "INSERT INTO entry (key, value, version) VALUES (?1, ?2, ?3) "
       "ON CONFLICT (key) DO UPDATE SET value = ?2, version = ?3"},
      {&erase_, "DELETE FROM entry WHERE key = ?1"},
      {&log_, "INSERT INTO change (record) VALUES (?1)"},
      {&delete_history_, "DELETE FROM change WHERE id IN (SELECT id FROM change WHERE id <= ?1 ORDER BY id LIMIT ?2)"},
  }};
  for (const auto& [statement, sql] : statements) {
    auto prepared = connection_.Prepare(sql);
    if (!prepared) return prepared.error();
    *statement = *std::move(prepared);
  }
  return base::Status::Ok();
}

SqliteWriter::Outcome SqliteWriter::Commit(std::vector<Batch> batches) {
  const size_t count = batches.size();
  Outcome outcome;
  base::Status done = latched_ ? base::Status(*latched_) : ApplyAll(batches, outcome);
  if (done) return outcome;
  if (!latched_) Abandon(done.error());
  const Error answer{Code::kUnavailable, fmt::format("nothing was written: {}", done.error().message), {}};
  return {std::vector<base::Result<Txn>>(count, answer), {}, {}};
}

base::Status SqliteWriter::ApplyAll(std::vector<Batch>& batches, Outcome& outcome) {
  CHANCERY_RETURN_IF_ERROR(Cursor(begin_).Run());
  for (Batch& batch : batches) {
    auto transaction = Apply(std::move(batch), outcome.writes);
    if (!transaction) {
      if (transaction.error().code != Code::kLostRace) return transaction.error();
      outcome.answers.emplace_back(std::move(transaction).error());
      continue;
    }
    outcome.answers.emplace_back((*transaction)->txn);
    outcome.transactions.push_back(*std::move(transaction));
  }
  return Cursor(commit_).Run();
}

base::Result<TransactionPtr> SqliteWriter::Apply(Batch batch, std::vector<Applied>& applied) {
  CHANCERY_RETURN_IF_ERROR(CheckPreconditions(batch));
  auto transaction = std::make_shared<Transaction>();
  transaction->record = RecordOf(batch);
  auto writes = LastWrites(std::move(batch.writes));
  for (const auto& [key, value] : writes) {
    if (!IsRecorded(key)) continue;
    Cursor cursor(read_value_, key);
    const auto row = cursor.Step();
    if (!row) return row.error();
    const std::string before = *row ? cursor.Bytes(0) : "";
    AddChange(key, *row ? &before : nullptr, value ? &*value : nullptr, transaction->record);
  }
  const std::string record = transaction->record.SerializeAsString();
  CHANCERY_RETURN_IF_ERROR(Cursor(log_, record).Run());
  transaction->txn = base_ + static_cast<Txn>(connection_.LastInsertId());
  for (const auto& [key, value] : writes) {
    CHANCERY_RETURN_IF_ERROR(WriteEntry(key, value, transaction->txn));
  }
  for (auto& [key, value] : writes) applied.push_back({key, std::move(value), transaction->txn});
  return TransactionPtr(std::move(transaction));
}

base::Status SqliteWriter::CheckPreconditions(const Batch& batch) {
  for (const Precondition& precondition : batch.preconditions) {
    Cursor cursor(read_version_, precondition.key);
    const auto row = cursor.Step();
    if (!row) return row.error();
    const Txn version = *row ? static_cast<Txn>(cursor.Int(0)) : 0;
    if (version != precondition.version) return LostRace(precondition, version);
  }
  return base::Status::Ok();
}

base::Status SqliteWriter::WriteEntry(std::string_view key, const std::optional<std::string>& value, Txn txn) {
  if (!value) return Cursor(erase_, key).Run();
  return Cursor(put_, key, *value, txn).Run();
}

void SqliteWriter::Abandon(const Error& error) {
  // Asked before the rollback, which is a success of its own.
  const bool is_fatal = connection_.LastFailureIsFatal();
  spdlog::error("a commit failed, nothing was written: {}", error.message);
  if (is_fatal) Latch(error.message);
  // SQLite has rolled back by itself after some failures.
  if (!connection_.InTransaction()) return;
  const base::Status rolled_back = connection_.Execute("ROLLBACK");
  if (!rolled_back) Latch(rolled_back.error().message);
}

void SqliteWriter::Latch(const std::string& why) {
  if (latched_) return;
  latched_ = Error{Code::kUnavailable, fmt::format("writing has stopped until a restart, after: {}", why), {}};
  // Closing must not empty the write-ahead log into a file that cannot be trusted.
  sqlite3_db_config(connection_.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  spdlog::error("the store takes no more writes until the process is restarted: {}", why);
}

base::Result<bool> SqliteWriter::DeleteHistory(Txn through, size_t limit) {
  if (latched_) return *latched_;
  const int64_t id = static_cast<int64_t>(through) - static_cast<int64_t>(base_);
  const base::Status done = Cursor(delete_history_, id, limit).Run();
  if (!done) {
    Abandon(done.error());
    return done.error();
  }
  return sqlite3_changes64(connection_.handle()) == static_cast<int64_t>(limit);
}

void SqliteWriter::MaybeCheckpoint() {
  if (latched_ || wal_pages_ < kCheckpointPages) return;
  const int mode = wal_pages_ < kRestartPages ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_RESTART;
  const int code = sqlite3_wal_checkpoint_v2(connection_.handle(), nullptr, mode, nullptr, nullptr);
  // Busy: a reader holds old pages; the next checkpoint takes them.
  if (code == SQLITE_OK || (code & 0xFF) == SQLITE_BUSY) return;
  const std::string why = sqlite3_errmsg(connection_.handle());
  spdlog::error("a checkpoint of the write-ahead log failed: {}", why);
  if (connection_.LastFailureIsFatal()) Latch(why);
}

}  // namespace chancery::store
