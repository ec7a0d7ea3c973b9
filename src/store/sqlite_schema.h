#pragma once

#include <cstdint>

#include "base/result.h"
#include "store/sqlite_connection.h"

// The tables of chancery.db. Persistent: a migration that was released is never edited, a change is
// a new one.
//
//   entry   key BLOB, value BLOB, version       the newest state (keys.h); version is a txn
//   change  id, record BLOB                     TxnRecord of transaction base + id
//   meta    name, value                         'base' and 'epoch' (docs/adr/0005)
//
// PRAGMA user_version is the number of migrations applied, PRAGMA application_id marks the file as ours.
namespace chancery::store {

// The schema that this build writes.
int64_t SchemaVersion();

// Brings the database to SchemaVersion(), each step in a transaction of its own. Refuses, untouched,
// a newer schema (kUnavailable) and a database of another program (kInternal).
base::Status MigrateSchema(Connection& connection);

}  // namespace chancery::store
