#include "frontend/page_token.h"

#include <optional>

#include "base/hash.h"
#include "frontend/url.h"

namespace chancery::frontend {
namespace {

std::string IdentityOf(std::string_view list) { return base::HashOf(list).ToHex().substr(0, 16); }

}  // namespace

std::string ToPageToken(std::string_view list, std::string_view last) {
  return ToBase64Url(IdentityOf(list) + std::string(last));
}

base::Result<std::string> ParsePageToken(std::string_view list, std::string_view token) {
  const std::optional<std::string> bytes = FromBase64Url(token);
  const std::string identity = IdentityOf(list);
  if (!bytes || !bytes->starts_with(identity) || bytes->size() == identity.size()) {
    return base::Error{base::Code::kBadRequest, "invalid request", {{"nextToken", "is no token of this list"}}};
  }
  return bytes->substr(identity.size());
}

}  // namespace chancery::frontend
