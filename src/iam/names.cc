#include "iam/names.h"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace chancery::iam {
namespace {

constexpr size_t kMaxName = 128;
constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kNameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+=,.@_-";

constexpr std::string_view kKeyIdCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
constexpr size_t kMinKeyId = 16;
constexpr size_t kMaxKeyId = 32;

constexpr std::string_view kSpiffe = "spiffe://";
constexpr std::string_view kDns = "dns:";
constexpr std::string_view kDomainCharacters = "abcdefghijklmnopqrstuvwxyz0123456789.-_";
constexpr std::string_view kSegmentCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";
// https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md §2
constexpr size_t kMaxDomain = 255;
constexpr size_t kMaxSpiffeId = 2048;

bool IsMadeOf(std::string_view text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

bool IsSegment(std::string_view text) { return text != "." && text != ".." && IsMadeOf(text, kSegmentCharacters); }

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

bool IsAccessKeyId(std::string_view text) {
  return text.size() >= kMinKeyId && text.size() <= kMaxKeyId && IsMadeOf(text, kKeyIdCharacters);
}

bool IsSpiffeId(std::string_view text) {
  if (!text.starts_with(kSpiffe) || text.size() > kMaxSpiffeId) return false;
  text.remove_prefix(kSpiffe.size());
  const std::string_view domain = text.substr(0, text.find('/'));
  if (domain.size() > kMaxDomain || !IsMadeOf(domain, kDomainCharacters)) return false;
  text.remove_prefix(domain.size());
  while (!text.empty()) {
    text.remove_prefix(1);
    const std::string_view segment = text.substr(0, text.find('/'));
    if (!IsSegment(segment)) return false;
    text.remove_prefix(segment.size());
  }
  return true;
}

std::string_view SpiffePathOf(std::string_view user) {
  if (!IsSpiffeId(user)) return {};
  const size_t slash = user.find('/', kSpiffe.size());
  return slash == std::string_view::npos ? std::string_view() : user.substr(slash + 1);
}

bool IsCertificateUser(std::string_view name) {
  if (!name.starts_with(kDns)) return IsSpiffeId(name);
  const std::string_view host = name.substr(kDns.size());
  return host.size() <= kMaxDomain && IsMadeOf(host, kDomainCharacters);
}

base::Status CheckUser(std::string_view field, std::string_view user) {
  if (IsCertificateUser(user)) return base::Status::Ok();
  if (user.find(':') == std::string_view::npos) return CheckName(field, user);
  return Broken(field, "must be a name, a SPIFFE ID (spiffe://...) or dns: and a host name in small letters");
}

base::Result<std::string> CertificateUser(std::span<const std::string> uris, std::span<const std::string> dns_names) {
  const auto denied = [](std::string why) {
    return base::Error{base::Code::kAccessDenied, "client certificate: " + std::move(why), {}};
  };
  if (uris.size() > 1) return denied("has several URIs as subject alternative names");
  if (uris.size() == 1) {
    if (IsSpiffeId(uris.front())) return uris.front();
    return denied("its URI is no SPIFFE ID");
  }
  if (dns_names.size() != 1) return denied("has neither a SPIFFE ID nor exactly one DNS name");
  std::string user(kDns);
  for (const char c : dns_names.front()) user += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (IsCertificateUser(user)) return user;
  return denied("its DNS name has a wildcard or another character that host names have not");
}

}  // namespace chancery::iam
