#include "model/node_id.h"

#include <fmt/format.h>

#include <utility>

namespace chancery::model {
namespace {

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

base::Result<NodeId> Parse(std::string_view id, const std::string& account) {
  if (!id.starts_with("arn:")) {
    auto key = ParseResourcePath(CutPath(id), account);
    if (!key) return key.error();
    return NodeId{*std::move(key), "", "", ""};
  }
  const size_t path = id.find(":mesh/");
  if (path == std::string_view::npos) return base::Error{base::Code::kBadRequest, "", {}};
  auto arn = ParseArn(id.substr(0, path + 1 + CutPath(id.substr(path + 1)).size()));
  if (!arn) return arn.error();
  return NodeId{std::move(arn->key), std::move(arn->partition), std::move(arn->region), std::move(arn->account)};
}

}  // namespace

base::Result<NodeId> ParseNodeId(std::string_view id, const std::string& account) {
  auto parsed = Parse(id, account);
  if (parsed && (parsed->key.kind == Kind::kVirtualNode || parsed->key.kind == Kind::kVirtualGateway)) return parsed;
  return base::Error{base::Code::kBadRequest,
                     fmt::format("node.id '{}' names no proxy: expected an ARN or path such as "
                                 "mesh/<mesh>/virtualNode/<name> or mesh/<mesh>/virtualGateway/<name>",
                                 id),
                     {}};
}

}  // namespace chancery::model
