#include "iam/names.h"

#include <fmt/format.h>

#include <string>

namespace chancery::iam {
namespace {

constexpr size_t kMaxName = 128;
constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kNameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+=,.@_-";

base::Error Broken(std::string_view field, std::string text) {
  return {base::Code::kBadRequest, "invalid request", {{std::string(field), std::move(text)}}};
}

}  // namespace

bool IsAccount(std::string_view text) {
  return text.size() == 12 && text.find_first_not_of(kDigits) == std::string_view::npos;
}

base::Status CheckAccount(std::string_view field, std::string_view account) {
  if (IsAccount(account)) return base::Status::Ok();
  return Broken(field, "must be an account of 12 digits");
}

base::Status CheckName(std::string_view field, std::string_view name) {
  if (!name.empty() && name.size() <= kMaxName && name.find_first_not_of(kNameCharacters) == std::string_view::npos) {
    return base::Status::Ok();
  }
  return Broken(field, fmt::format("must be 1 to {} letters, digits and any of +=,.@_-", kMaxName));
}

}  // namespace chancery::iam
