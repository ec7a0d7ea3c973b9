#include "frontend/account_quotas.h"

#include <charconv>

#include "iam/names.h"
#include "store/keys.h"

namespace chancery::frontend {

base::Result<store::Txn> SetQuota(store::Store& store, store::Batch batch, const std::string& account,
                                  const std::string& name, std::optional<int64_t> limit) {
  CHANCERY_RETURN_IF_ERROR(iam::CheckAccount("account", account));
  CHANCERY_RETURN_IF_ERROR(CheckLimits({{name, limit.value_or(0)}}));
  batch.writes.push_back(
      {store::QuotaKeyText(account, name), limit ? std::optional(std::to_string(*limit)) : std::nullopt});
  return store.Commit(std::move(batch));
}

base::Result<QuotaLimits> ReadQuotas(const store::Store& store, std::string_view account) {
  CHANCERY_RETURN_IF_ERROR(iam::CheckAccount("account", account));
  const std::string prefix = store::QuotaKeyText(account, "");
  const auto page = store.Scan(prefix, "", AllQuotas().size());
  if (!page) return page.error();
  QuotaLimits limits;
  for (const store::Entry& entry : page->entries) {
    int64_t limit = 0;
    std::from_chars(entry.value().data(), entry.value().data() + entry.value().size(), limit);
    limits[entry.key().substr(prefix.size())] = limit;
  }
  return limits;
}

QuotasOf QuotasIn(const store::Store& store, QuotaLimits profile) {
  return [&store, profile = std::move(profile)](std::string_view account) -> base::Result<QuotaLimits> {
    auto limits = ReadQuotas(store, account);
    if (limits) limits->insert(profile.begin(), profile.end());
    return limits;
  };
}

}  // namespace chancery::frontend
