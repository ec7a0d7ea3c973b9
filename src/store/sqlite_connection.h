#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

// SQLite's C API as values that clean up after themselves. Every failure is an Error with SQLite's
// message and the file's name: kUnavailable for what may pass (full, busy, input and output),
// kInternal for the rest (a damaged file).
namespace chancery::store {

// A prepared statement. Confined to its connection's thread; dies before its connection.
class Statement {
 public:
  Statement() = default;

 private:
  friend class Connection;
  friend class Cursor;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// One run of a statement, from binding to reset. Bound bytes are borrowed until it ends.
class Cursor {
 public:
  template <typename... Values>
  explicit Cursor(Statement& statement, const Values&... values) : statement_(statement.statement_.get()) {
    int index = 0;
    (Bind(++index, values), ...);
  }
  ~Cursor();
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;

  // True: there is a row to read; false: the end.
  base::Result<bool> Step();
  // Runs to the end.
  base::Status Run();

  // Columns of the current row, from 0.
  int64_t Int(int column) const;
  std::string Bytes(int column) const;

 private:
  void Bind(int index, std::string_view bytes);
  template <std::integral Integer>
  void Bind(int index, Integer value) {
    BindInt(index, static_cast<int64_t>(value));
  }
  void BindInt(int index, int64_t value);

  sqlite3_stmt* const statement_;
  int bind_code_ = 0;
};

// One connection to the database file. Confined to one thread at a time.
class Connection {
 public:
  enum class Mode { kReadOnly, kReadWriteCreate };

  static base::Result<Connection> Open(const std::filesystem::path& file, Mode mode);

  base::Result<Statement> Prepare(std::string_view sql);
  // Runs every statement of `sql`, without results.
  base::Status Execute(const std::string& sql);
  // The first column of the first row; kInternal when there is none.
  base::Result<int64_t> QueryInt(std::string_view sql);
  base::Result<std::string> QueryText(std::string_view sql);

  bool InTransaction() const;
  // Whether the last failure says that the file or the device can no longer be trusted.
  bool LastFailureIsFatal() const;
  int64_t LastInsertId() const;
  sqlite3* handle() const { return database_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  explicit Connection(sqlite3* database) : database_(database) {}

  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace chancery::store
