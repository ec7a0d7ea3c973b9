#include "store/sqlite_schema.h"

#include <fmt/format.h>

#include <array>
#include <string>

namespace chancery::store {
namespace {

using base::Code;
using base::Error;

// "CHNC"
constexpr int64_t kApplicationId = 0x43484E43;

// The key is a BLOB for its order: by bytes. AUTOINCREMENT, because a plain rowid is given again
// once the newest row is gone.
constexpr std::array kMigrations = {
    R"(CREATE TABLE entry (key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL, version INTEGER NOT NULL);
       CREATE TABLE change (id INTEGER PRIMARY KEY AUTOINCREMENT, record BLOB NOT NULL);
       CREATE TABLE meta (name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL) WITHOUT ROWID;
       INSERT INTO meta VALUES ('base', 0), ('epoch', 1);)",
};

base::Status CheckOurs(Connection& connection, int64_t version) {
  const auto id = connection.QueryInt("PRAGMA application_id");
  if (!id) return id.error();
  const auto tables = connection.QueryInt("SELECT count(*) FROM sqlite_master");
  if (!tables) return tables.error();
  const bool is_empty = version == 0 && *id == 0 && *tables == 0;
  if (is_empty || *id == kApplicationId) return base::Status::Ok();
  return Error{Code::kInternal, "chancery.db is a database of another program", {}};
}

base::Status ApplyMigration(Connection& connection, size_t index) {
  CHANCERY_RETURN_IF_ERROR(connection.Execute("BEGIN IMMEDIATE"));
  base::Status applied = connection.Execute(kMigrations[index]);
  if (applied) {
    applied = connection.Execute(
        fmt::format("PRAGMA user_version = {}; PRAGMA application_id = {}; COMMIT", index + 1, kApplicationId));
  }
  if (!applied && connection.InTransaction()) {
    // The first failure is the one to report.
    static_cast<void>(connection.Execute("ROLLBACK"));
  }
  return applied;
}

}  // namespace

int64_t SchemaVersion() { return kMigrations.size(); }

base::Status MigrateSchema(Connection& connection) {
  const auto version = connection.QueryInt("PRAGMA user_version");
  if (!version) return version.error();
  CHANCERY_RETURN_IF_ERROR(CheckOurs(connection, *version));
  if (*version < 0 || *version > SchemaVersion()) {
    return Error{Code::kUnavailable,
                 fmt::format("chancery.db has schema {}, this build knows up to {}: run the newer build", *version,
                             SchemaVersion()),
                 {}};
  }
  for (size_t index = static_cast<size_t>(*version); index < kMigrations.size(); ++index) {
    CHANCERY_RETURN_IF_ERROR(ApplyMigration(connection, index));
  }
  return base::Status::Ok();
}

}  // namespace chancery::store
