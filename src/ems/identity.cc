#include "ems/identity.h"

#include <fmt/format.h>

#include "model/resource.h"

namespace chancery::ems {
namespace {

using base::Code;
using base::Error;

Error Foreign(std::string_view id, std::string_view what, std::string_view ours) {
  return {Code::kForbidden, fmt::format("node.id '{}' is of another {} than '{}'", id, what, ours), {}};
}

}  // namespace

base::Result<compile::ProxyKey> IdentityOf(std::string_view node_id, const Installation& installation) {
  const auto id = model::ParseNodeId(node_id, installation.account);
  if (!id) return id.error();
  if (node_id.starts_with("arn:")) {
    if (id->partition != installation.partition) return Foreign(node_id, "partition", installation.partition);
    if (id->region != installation.region) return Foreign(node_id, "region", installation.region);
    if (id->account != installation.account) return Foreign(node_id, "account", installation.account);
  }
  return compile::ProxyKey{id->key.mesh, id->key.kind, id->key.name, compile::Profile::kStock};
}

}  // namespace chancery::ems
