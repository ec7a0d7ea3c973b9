#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "compile/compile.h"

namespace chancery::ems {

// Whose installation this is; part of every ARN.
struct Installation {
  std::string partition;
  std::string region;
  std::string account;
};

// Which proxy a node id names (contract/envoy.md §1.1): the ARN of a virtual node or gateway, or its
// bare path mesh/<mesh>[@<owner>]/virtualNode/<name>; what follows the name is ignored. Bare ids belong
// to the installation's account. The profile is for the caller to set. Errors: kBadRequest for another form, kForbidden
// for an ARN of another partition, region or account.
base::Result<compile::ProxyKey> IdentityOf(std::string_view node_id, const Installation& installation);

}  // namespace chancery::ems
