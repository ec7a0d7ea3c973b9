#include "ems/identity.h"

#include <fmt/format.h>

#include "model/resource.h"

namespace chancery::ems {
namespace {

using base::Code;
using base::Error;

// The text up to the fourth part of the resource path: mesh/M/virtualNode/N.
std::string_view CutPath(std::string_view path) {
  size_t at = 0;
  for (int i = 0; i < 4; ++i) {
    at = path.find('/', at);
    if (at == std::string_view::npos) return path;
    ++at;
  }
  return path.substr(0, at - 1);
}

Error Foreign(std::string_view id, std::string_view what, std::string_view ours) {
  return {
      Code::kForbidden, fmt::format("node.id '{}' is of another {} than this installation's '{}'", id, what, ours), {}};
}

base::Result<model::ResourceKey> KeyOf(std::string_view id, const Installation& installation) {
  if (!id.starts_with("arn:")) return model::ParseResourcePath(CutPath(id), installation.account);
  const size_t path = id.find(":mesh/");
  if (path == std::string_view::npos) return Error{Code::kBadRequest, "", {}};
  auto arn = model::ParseArn(id.substr(0, path + 1 + CutPath(id.substr(path + 1)).size()));
  if (!arn) return arn.error();
  if (arn->partition != installation.partition) return Foreign(id, "partition", installation.partition);
  if (arn->region != installation.region) return Foreign(id, "region", installation.region);
  if (arn->account != installation.account) return Foreign(id, "account", installation.account);
  return std::move(arn->key);
}

}  // namespace

base::Result<compile::ProxyKey> IdentityOf(std::string_view node_id, const Installation& installation) {
  auto key = KeyOf(node_id, installation);
  if (!key && key.error().code == Code::kForbidden) return key.error();
  if (!key || (key->kind != model::Kind::kVirtualNode && key->kind != model::Kind::kVirtualGateway)) {
    return Error{Code::kBadRequest,
                 fmt::format("node.id '{}' names no proxy: expected an ARN or path such as "
                             "mesh/<mesh>/virtualNode/<name> or mesh/<mesh>/virtualGateway/<name>",
                             node_id),
                 {}};
  }
  return compile::ProxyKey{key->mesh, key->kind, key->name, compile::Profile::kStock};
}

}  // namespace chancery::ems
