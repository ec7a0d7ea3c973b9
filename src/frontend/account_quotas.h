#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "frontend/quotas.h"
#include "store/store.h"

namespace chancery::frontend {

// Limits of single accounts, kept in the store. Thread-safe, without state.

// Sets an account's own limit, or takes it back. kBadRequest for no account, a name that is no quota or a negative
// limit.
base::Result<store::Txn> SetQuota(store::Store& store, store::Batch batch, const std::string& account,
                                  const std::string& name, std::optional<int64_t> limit);
// An account's own limits. kBadRequest for no account of 12 digits.
base::Result<QuotaLimits> ReadQuotas(const store::Store& store, std::string_view account);

// The profile's limits, those of the account instead where it has its own. Borrows the store.
QuotasOf QuotasIn(const store::Store& store, QuotaLimits profile);

}  // namespace chancery::frontend
