#include "store/sqlite_reader.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "store/batch.h"

namespace chancery::store {
namespace {

// Of change records read at once, so that a watch over large ones stays small.
constexpr size_t kLogBytes = 8 << 20;

}  // namespace

base::Result<std::unique_ptr<SqliteReader>> SqliteReader::Open(const std::filesystem::path& file, Txn base) {
  auto connection = Connection::Open(file, Connection::Mode::kReadOnly);
  if (!connection) return connection.error();
  std::unique_ptr<SqliteReader> reader(new SqliteReader(*std::move(connection), base));
  const std::array<std::pair<Statement*, std::string_view>, 3> statements = {{
      {&reader->get_, "SELECT key, value, version FROM entry WHERE key = ?1"},
      {&reader->scan_, "SELECT key, value, version FROM entry WHERE key >= ?1 ORDER BY key LIMIT ?2"},
      {&reader->log_, "SELECT id, record FROM change WHERE id > ?1 ORDER BY id LIMIT ?2"},
  }};
  for (const auto& [statement, sql] : statements) {
    auto prepared = reader->connection_.Prepare(sql);
    if (!prepared) return prepared.error();
    *statement = *std::move(prepared);
  }
  return reader;
}

base::Result<std::optional<Entry>> SqliteReader::Read(std::string_view key) {
  Cursor cursor(get_, key);
  const auto row = cursor.Step();
  if (!row) return row.error();
  if (!*row) return std::optional<Entry>();
  return std::optional<Entry>(Entry{cursor.Bytes(0), cursor.Bytes(1), static_cast<Txn>(cursor.Int(2))});
}

base::Result<Page> SqliteReader::Scan(std::string_view prefix, std::string_view after, size_t limit) {
  const std::string start = ScanStart(prefix, after);
  Cursor cursor(scan_, start, limit + 1);
  Page page;
  for (;;) {
    const auto row = cursor.Step();
    if (!row) return row.error();
    if (!*row) return page;
    Entry entry{cursor.Bytes(0), cursor.Bytes(1), static_cast<Txn>(cursor.Int(2))};
    if (!entry.key().starts_with(prefix)) return page;
    if (page.entries.size() == limit) {
      page.more = true;
      return page;
    }
    page.entries.push_back(std::move(entry));
  }
}

base::Result<std::vector<TransactionPtr>> SqliteReader::ReadLog(Txn after, size_t limit) {
  Cursor cursor(log_, static_cast<int64_t>(after) - static_cast<int64_t>(base_), limit);
  std::vector<TransactionPtr> transactions;
  for (size_t bytes = 0; bytes < kLogBytes;) {
    const auto row = cursor.Step();
    if (!row) return row.error();
    if (!*row) break;
    auto transaction = ParseRow(cursor);
    if (!transaction) return transaction.error();
    bytes += (*transaction)->record.ByteSizeLong();
    transactions.push_back(*std::move(transaction));
  }
  return transactions;
}

base::Result<TransactionPtr> SqliteReader::ParseRow(const Cursor& row) const {
  auto transaction = std::make_shared<Transaction>();
  transaction->txn = base_ + static_cast<Txn>(row.Int(0));
  if (!transaction->record.ParseFromString(row.Bytes(1))) {
    return base::Error{
        base::Code::kInternal, fmt::format("the change record of transaction {} is damaged", transaction->txn), {}};
  }
  return TransactionPtr(std::move(transaction));
}

ReaderPool::Lease ReaderPool::Take() {
  base::MutexLock lock(mutex_);
  while (idle_.empty()) returned_.Wait(mutex_);
  std::unique_ptr<SqliteReader> reader = std::move(idle_.back());
  idle_.pop_back();
  return {*this, std::move(reader)};
}

void ReaderPool::GiveBack(std::unique_ptr<SqliteReader> reader) {
  base::MutexLock lock(mutex_);
  idle_.push_back(std::move(reader));
  returned_.NotifyOne();
}

}  // namespace chancery::store
