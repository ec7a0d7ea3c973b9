#include "store/sqlite_connection.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <utility>

namespace chancery::store {
namespace {

using base::Code;
using base::Error;

// How long a connection waits for a lock that another one holds.
constexpr int kBusyTimeoutMs = 5000;

Code CodeOf(int sqlite_code) {
  switch (sqlite_code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
      return Code::kUnavailable;
    default:
      return Code::kInternal;
  }
}

Error ErrorOf(sqlite3* database, int code) {
  if (database == nullptr) return {CodeOf(code), sqlite3_errstr(code), {}};
  const char* file = sqlite3_db_filename(database, "main");
  return {CodeOf(code),
          fmt::format("'{}': {} (SQLite code {})", file == nullptr ? "" : file, sqlite3_errmsg(database), code),
          {}};
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Cursor::~Cursor() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void Cursor::Bind(int index, std::string_view bytes) {
  // A null pointer would bind NULL instead of no bytes.
  const char* data = bytes.data() == nullptr ? "" : bytes.data();
  const int code = sqlite3_bind_blob64(statement_, index, data, bytes.size(), SQLITE_STATIC);
  if (bind_code_ == SQLITE_OK) bind_code_ = code;
}

void Cursor::BindInt(int index, int64_t value) {
  const int code = sqlite3_bind_int64(statement_, index, value);
  if (bind_code_ == SQLITE_OK) bind_code_ = code;
}

base::Result<bool> Cursor::Step() {
  const int code = bind_code_ == SQLITE_OK ? sqlite3_step(statement_) : bind_code_;
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return ErrorOf(sqlite3_db_handle(statement_), code);
}

base::Status Cursor::Run() {
  for (;;) {
    const auto row = Step();
    if (!row) return row.error();
    if (!*row) return base::Status::Ok();
  }
}

int64_t Cursor::Int(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Cursor::Bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (data == nullptr) return "";
  return {static_cast<const char*>(data), static_cast<size_t>(size)};
}

void Connection::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

base::Result<Connection> Connection::Open(const std::filesystem::path& file, Mode mode) {
  const int access = mode == Mode::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(file.c_str(), &handle, access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  // There is a handle to close even when opening failed.
  Connection connection(handle);
  if (code != SQLITE_OK) return ErrorOf(handle, code);
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  return connection;
}

base::Result<Statement> Connection::Prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                      &statement, nullptr);
  if (code != SQLITE_OK) return ErrorOf(handle(), code);
  return Statement(statement);
}

base::Status Connection::Execute(const std::string& sql) {
  const int code = sqlite3_exec(handle(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return ErrorOf(handle(), code);
  return base::Status::Ok();
}

base::Result<int64_t> Connection::QueryInt(std::string_view sql) {
  auto statement = Prepare(sql);
  if (!statement) return statement.error();
  Cursor cursor(*statement);
  const auto row = cursor.Step();
  if (!row) return row.error();
  if (!*row) return Error{Code::kInternal, fmt::format("no row from: {}", sql), {}};
  return cursor.Int(0);
}

base::Result<std::string> Connection::QueryText(std::string_view sql) {
  auto statement = Prepare(sql);
  if (!statement) return statement.error();
  Cursor cursor(*statement);
  const auto row = cursor.Step();
  if (!row) return row.error();
  if (!*row) return Error{Code::kInternal, fmt::format("no row from: {}", sql), {}};
  return cursor.Bytes(0);
}

bool Connection::InTransaction() const { return sqlite3_get_autocommit(handle()) == 0; }

bool Connection::LastFailureIsFatal() const {
  const int code = sqlite3_extended_errcode(handle()) & 0xFF;
  return code == SQLITE_IOERR || code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

int64_t Connection::LastInsertId() const { return sqlite3_last_insert_rowid(handle()); }

}  // namespace chancery::store
