#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "iam/sigv4.h"
#include "iam/sigv4_canonical.h"

namespace chancery::iam {
namespace {

using base::Code;
using base::Error;
using base::Result;
using base::Status;

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
// Between the parts of Authorization, as tolerant as AWS.
constexpr std::string_view kSeparators = " \t,";
constexpr std::string_view kPrefix = "X-Amz-";
constexpr std::string_view kHeaderParts[] = {"Credential", "SignedHeaders", "Signature"};
constexpr std::string_view kQueryParts[] = {"Credential", "Date", "Expires", "SignedHeaders", "Signature"};
constexpr size_t kMaxHeaders = 256;
constexpr size_t kMaxTarget = 64 << 10;
constexpr size_t kMaxAuthorization = 16 << 10;
constexpr size_t kMaxSignedHeaders = 64;
constexpr size_t kMaxScopePart = 128;
constexpr std::chrono::seconds kMaxExpires = std::chrono::days(7);

// Parts by name, each once. Of the Authorization header, or of the query.
using Parts = std::map<std::string, std::string, std::less<>>;

Error Incomplete(std::string message) { return {Code::kIncompleteSignature, std::move(message)}; }

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsWord(char c) { return IsDigit(c) || IsLower(c) || (c >= 'A' && c <= 'Z') || c == '_'; }
// What RFC 9110 allows in a field name, in lower case.
bool IsNameChar(char c) {
  return IsDigit(c) || IsLower(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

template <typename Allowed>
bool IsAll(std::string_view text, Allowed allowed) {
  return !text.empty() && std::ranges::all_of(text, allowed);
}

// What could be passed off as something else, or costs too much.
Status CheckBounds(const SignedRequest& request) {
  if (request.method.size() > 32 || !IsAll(request.method, IsWord)) return Incomplete("The method is not a word.");
  if (request.headers.size() > kMaxHeaders) return Incomplete("The request has more than 256 headers.");
  if (request.target.size() > kMaxTarget) return Incomplete("The request target is longer than 64 KiB.");
  return Status::Ok();
}

Result<Parts> ReadAuthorization(std::string_view text) {
  if (text.size() > kMaxAuthorization) return Incomplete("The Authorization header is longer than 16 KiB.");
  text.remove_prefix(std::min(text.find_first_not_of(kSeparators), text.size()));
  const size_t end = std::min(text.find_first_of(" \t"), text.size());
  if (text.substr(0, end) != kAlgorithm) return Incomplete("Authorization is not of the scheme AWS4-HMAC-SHA256.");
  text.remove_prefix(end);
  Parts parts;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(kSeparators), text.size()));
    if (text.empty()) return parts;
    const std::string_view part = text.substr(0, text.find_first_of(kSeparators));
    text.remove_prefix(part.size());
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos) return Incomplete("Authorization has a part without '='.");
    const std::string_view name = part.substr(0, equals);
    if (!parts.emplace(name, part.substr(equals + 1)).second) return Incomplete("Authorization has a part twice.");
  }
}

// The query's X-Amz-* parameters, by what follows the prefix; nothing when they are no signature.
Result<Parts> ReadPresigned(const SignedRequest& request) {
  Parts parts;
  for (auto& [name, value] : ReadQuery(SplitTarget(request.target).second)) {
    if (!name.starts_with(kPrefix)) continue;
    const std::string rest = name.substr(kPrefix.size());
    if (!parts.emplace(rest, std::move(value)).second) return Incomplete("The query has an X-Amz-* parameter twice.");
  }
  if (!parts.contains("Algorithm") && !parts.contains("Signature")) return Parts();
  if (parts["Algorithm"] != kAlgorithm) return Incomplete("X-Amz-Algorithm is not AWS4-HMAC-SHA256.");
  return parts;
}

Status RequireParts(const Parts& parts, std::span<const std::string_view> names, std::string_view sentence) {
  std::string message;
  for (const std::string_view name : names) {
    if (parts.contains(name)) continue;
    message.append(message.empty() ? "" : " ").append(fmt::format(fmt::runtime(sentence), name));
  }
  if (message.empty()) return Status::Ok();
  return Incomplete(std::move(message));
}

Status ReadCredential(std::string_view text, SigV4Claim& claim) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == '/') {
      parts.emplace_back();
    } else if (IsWord(c) || c == '-') {
      parts.back().push_back(c);
    } else {
      return Incomplete("Credential has a character that is not allowed in it.");
    }
  }
  const bool fits =
      std::ranges::all_of(parts, [](const std::string& part) { return !part.empty() && part.size() <= kMaxScopePart; });
  if (parts.size() != 5 || !fits) {
    return Incomplete("Credential must have 5 elements between slashes: keyid/yyyymmdd/region/service/aws4_request.");
  }
  claim.access_key_id = std::move(parts[0]);
  claim.date = std::move(parts[1]);
  claim.region = std::move(parts[2]);
  claim.service = std::move(parts[3]);
  claim.terminator = std::move(parts[4]);
  return Status::Ok();
}

Status ReadSignedHeaders(std::string_view text, SigV4Claim& claim) {
  std::vector<std::string>& names = claim.signed_headers;
  names.emplace_back();
  for (const char c : text) {
    if (c != ';') {
      names.back().push_back(c);
    } else if (names.size() < kMaxSignedHeaders) {
      names.emplace_back();
    } else {
      return Incomplete("SignedHeaders has more than 64 names.");
    }
  }
  const bool named = std::ranges::all_of(names, [](const std::string& name) { return IsAll(name, IsNameChar); });
  // Greater or equal to the next: out of order, or twice.
  const bool sorted = std::ranges::adjacent_find(names, std::ranges::greater_equal()) == names.end();
  if (!named || !sorted) {
    return Incomplete("SignedHeaders must be names of headers in lower case, sorted, each once, between semicolons.");
  }
  return Status::Ok();
}

Status ReadSignature(std::string_view text, SigV4Claim& claim) {
  const auto is_hex = [](char c) { return IsDigit(c) || (c >= 'a' && c <= 'f'); };
  if (text.size() != 64 || !IsAll(text, is_hex)) {
    return Incomplete("Signature must be 64 hexadecimal digits in lower case.");
  }
  claim.signature = text;
  return Status::Ok();
}

// yyyymmddThhmmssZ.
Status ReadTimestamp(std::string_view text, SigV4Claim& claim) {
  const Error broken = Incomplete("X-Amz-Date must be a time such as 20150830T123600Z.");
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return broken;
  if (!IsAll(text.substr(0, 8), IsDigit) || !IsAll(text.substr(9, 6), IsDigit)) return broken;
  const auto number = [text](size_t at, size_t digits) {
    unsigned value = 0;
    std::from_chars(text.data() + at, text.data() + at + digits, value);
    return value;
  };
  const std::chrono::year_month_day day(std::chrono::year(static_cast<int>(number(0, 4))),
                                        std::chrono::month(number(4, 2)), std::chrono::day(number(6, 2)));
  const std::chrono::hours hours(number(9, 2));
  const std::chrono::minutes minutes(number(11, 2));
  const std::chrono::seconds seconds(number(13, 2));
  if (!day.ok() || hours.count() > 23 || minutes.count() > 59 || seconds.count() > 59) return broken;
  claim.timestamp = text;
  claim.time = std::chrono::sys_days(day) + hours + minutes + seconds;
  return Status::Ok();
}

Status ReadExpires(std::string_view text, SigV4Claim& claim) {
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 1 || seconds > kMaxExpires.count()) {
    return Incomplete("X-Amz-Expires must be a number of seconds from 1 to 604800.");
  }
  claim.expires = std::chrono::seconds(seconds);
  return Status::Ok();
}

// The canonical value of a header that may be there once; empty when it is not.
Result<std::string> SingleHeader(const SignedRequest& request, std::string_view name) {
  const std::vector<std::string_view> values = HeaderValues(request, name);
  if (values.size() > 1) return Incomplete(fmt::format("The request has the header {} twice.", name));
  return values.empty() ? std::string() : CanonicalValue(values.front());
}

Status ReadCommon(const Parts& parts, SigV4Claim& claim) {
  CHANCERY_RETURN_IF_ERROR(ReadCredential(parts.at("Credential"), claim));
  CHANCERY_RETURN_IF_ERROR(ReadSignedHeaders(parts.at("SignedHeaders"), claim));
  return ReadSignature(parts.at("Signature"), claim);
}

Result<SigV4Claim> ReadHeaderForm(const SignedRequest& request, const Parts& parts) {
  CHANCERY_RETURN_IF_ERROR(RequireParts(parts, kHeaderParts, "Authorization header requires '{}' parameter."));
  SigV4Claim claim;
  CHANCERY_RETURN_IF_ERROR(ReadCommon(parts, claim));
  const Result<std::string> date = SingleHeader(request, "x-amz-date");
  if (!date) return date.error();
  if (date->empty()) return Incomplete("Authorization header requires existence of an 'X-Amz-Date' header.");
  CHANCERY_RETURN_IF_ERROR(ReadTimestamp(*date, claim));
  Result<std::string> token = SingleHeader(request, "x-amz-security-token");
  if (!token) return token.error();
  claim.security_token = *std::move(token);
  return claim;
}

Result<SigV4Claim> ReadQueryForm(Parts parts) {
  CHANCERY_RETURN_IF_ERROR(RequireParts(parts, kQueryParts, "A presigned request requires 'X-Amz-{}'."));
  SigV4Claim claim;
  CHANCERY_RETURN_IF_ERROR(ReadCommon(parts, claim));
  CHANCERY_RETURN_IF_ERROR(ReadTimestamp(parts["Date"], claim));
  CHANCERY_RETURN_IF_ERROR(ReadExpires(parts["Expires"], claim));
  claim.security_token = parts["Security-Token"];
  return claim;
}

}  // namespace

Result<SigV4Claim> ReadSigV4(const SignedRequest& request) {
  CHANCERY_RETURN_IF_ERROR(CheckBounds(request));
  const std::vector<std::string_view> authorization = HeaderValues(request, "authorization");
  if (authorization.size() > 1) return Incomplete("The request has the header Authorization twice.");
  Result<Parts> presigned = ReadPresigned(request);
  if (!presigned) return presigned.error();
  if (authorization.empty() && presigned->empty()) {
    return Error{Code::kMissingAuthentication, "Missing Authentication Token"};
  }
  if (authorization.empty()) return ReadQueryForm(*std::move(presigned));
  if (!presigned->empty()) return Incomplete("The request is signed twice: in its header and in its query.");
  const Result<Parts> parts = ReadAuthorization(authorization.front());
  if (!parts) return parts.error();
  return ReadHeaderForm(request, *parts);
}

}  // namespace chancery::iam
