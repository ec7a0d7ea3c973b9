#pragma once

#include <string>

#include "frontend/quotas.h"

namespace chancery::frontend {

// Whose API this is: part of every key and ARN. The defaults suit one machine and no account.
struct Settings {
  std::string account = "000000000000";
  std::string region = "us-east-1";
  std::string partition = "aws";
  // Also refuses what only AWS's client-side tools refused (field_rules.h).
  bool strict = false;
  // Null: no quotas.
  QuotasOf quotas_of = nullptr;
};

}  // namespace chancery::frontend
