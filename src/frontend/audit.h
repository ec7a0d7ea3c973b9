#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/store.h"

namespace chancery::frontend {

// One call, or one command of an administrator, as the audit log tells it: who, from where, what, on what, with what
// result. Never a secret, token or signature.
struct AuditEvent {
  int64_t time_ms = 0;
  std::string request_id;
  // Empty before it was made out who asks.
  std::string actor;
  std::string access_key_id;
  // Of a call whose sender was not made out: the key that it names, which proves nothing.
  std::string claimed_access_key_id;
  std::string source;
  // The operation; empty when the path has none.
  std::string operation;
  // ARNs, the own one first.
  std::vector<std::string> resources;
  // Of a command, by name; of those that are files, nothing.
  std::vector<std::pair<std::string, std::string>> arguments;
  std::optional<store::Txn> txn;
  int status = 0;
  // Name of the error, empty for a success.
  std::string error;
};

// Called on many threads at once, after each answer is made.
using AuditLog = std::function<void(const AuditEvent&)>;

}  // namespace chancery::frontend
