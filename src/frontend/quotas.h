#pragma once

#include <google/protobuf/message.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "frontend/unit_of_work.h"
#include "model/resource.h"

namespace chancery::frontend {

// Quotas (contract/api.md §4.8): one table, and limits that each account may have. Counted inside the
// commit, under the guard of what the counted hang under, so that racing creates cannot exceed them;
// without a limit nothing is read. Thread-safe, without state.
struct QuotaInfo {
  // Unique, such as virtual-nodes-per-mesh.
  std::string_view name;
  // "Virtual nodes per mesh".
  std::string_view title;
  // AWS's code, which LimitExceededException names.
  std::string_view code;
  int64_t aws_default;
  // False for those of EnvoyLimit, which the proxies' side counts.
  bool counted_here = true;
};
const std::vector<QuotaInfo>& AllQuotas();

// By name; a quota that is not in it has no limit.
using QuotaLimits = std::map<std::string, int64_t, std::less<>>;

// "unlimited" or "aws". Error: kBadRequest for another name.
base::Result<QuotaLimits> QuotaProfile(std::string_view name);
// kBadRequest for a name that is no quota, or a negative limit.
base::Status CheckLimits(const QuotaLimits& limits);

// The limits in force for an account. Thread-safe.
using QuotasOf = std::function<base::Result<QuotaLimits>(std::string_view account)>;

// How many Envoys may be connected as one resource of `kind` in a mesh of the account; nothing: any number, or limits
// that cannot be read now, for no proxy is to starve for that.
std::optional<size_t> EnvoyLimit(const QuotasOf& quotas_of, std::string_view mesh_owner, model::Kind kind);

// A resource that is about to be written. In a shared mesh the limits are those of the mesh's owner,
// whoever creates.
struct QuotaRequest {
  UnitOfWork& work;
  const model::ResourceKey& key;
  const google::protobuf::Message& spec;
  bool creates;
};
// kLimitExceeded naming the quota, its code and its limit.
base::Status CheckQuotas(const QuotaRequest& request, const QuotasOf& quotas_of);

}  // namespace chancery::frontend
