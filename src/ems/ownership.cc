#include "ems/ownership.h"

#include <fmt/format.h>

#include "store/keys.h"

namespace chancery::ems {

using base::Code;
using base::Error;

base::Result<store::ResourceRecord> RecordOf(const store::Store& store, const model::ResourceKey& key) {
  const auto entry = store.Read(store::ResourceKeyText(key));
  if (!entry) return entry.error();
  store::ResourceRecord record;
  if (entry->has_value() && !record.ParseFromString((*entry)->value())) {
    return Error{Code::kInternal, fmt::format("the record at {} is damaged", (*entry)->key()), {}};
  }
  return record;
}

base::Status CheckOwner(const store::Store& store, const std::string& account, const model::ResourceKey& key,
                        const std::string& resource_owner) {
  if (!resource_owner.empty() && resource_owner != account) {
    return Error{Code::kAccessDenied,
                 fmt::format("{} {} of mesh {}@{} is not of account {}", model::DescriptorOf(key.kind).segment,
                             key.name, key.mesh.name, key.mesh.owner, account),
                 {}};
  }
  if (key.mesh.owner == account) return base::Status::Ok();
  // A share that has ended gives no more configuration (contract/api.md §4.4).
  const auto share = store.Read(store::ShareKeyText(key.mesh, account));
  if (!share) return share.error();
  if (share->has_value()) return base::Status::Ok();
  return Error{Code::kAccessDenied,
               fmt::format("mesh {}@{} is not shared with account {}", key.mesh.name, key.mesh.owner, account),
               {}};
}

}  // namespace chancery::ems
