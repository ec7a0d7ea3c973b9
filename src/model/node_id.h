#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/resource.h"

namespace chancery::model {

// The id of an Envoy's node (contract/envoy.md §1.1): the ARN of a virtual node or gateway, or its bare path
// mesh/<mesh>[@<owner>]/virtualNode/<name>; what follows the name is ignored.
struct NodeId {
  ResourceKey key;
  // Of an ARN; empty for a bare path.
  std::string partition;
  std::string region;
  std::string account;
};
// `account` owns the meshes of bare paths. kBadRequest for another form.
base::Result<NodeId> ParseNodeId(std::string_view id, const std::string& account);

}  // namespace chancery::model
