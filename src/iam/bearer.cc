#include "iam/bearer.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <optional>
#include <utility>

#include "iam/names.h"

namespace chancery::iam {
namespace {

namespace json = boost::json;
using base::Code;
using base::Error;

Error Refused(std::string_view why) { return {Code::kUnrecognizedClient, fmt::format("bearer token: {}", why), {}}; }

Error Claim(std::string_view name, std::string_view rule) { return Refused(fmt::format("claim {}: {}", name, rule)); }

std::optional<std::string> StringOf(const json::object& claims, std::string_view name) {
  const json::value* value = claims.if_contains(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}

// A NumericDate: seconds, perhaps with a fraction. Nothing when it is no finite number.
std::optional<double> DateOf(const json::value& value) {
  if (!value.is_number()) return std::nullopt;
  const auto seconds = value.to_number<double>();
  return std::isfinite(seconds) ? std::optional(seconds) : std::nullopt;
}

base::Status CheckTimes(const json::object& claims, const BearerRules& rules, double now) {
  const auto leeway = static_cast<double>(rules.leeway.count());
  for (const std::string_view name : {"exp", "nbf", "iat"}) {
    const json::value* value = claims.if_contains(name);
    if (value == nullptr && name == "exp") return Claim(name, "is missing");
    if (value == nullptr) continue;
    const std::optional<double> date = DateOf(*value);
    if (!date) return Claim(name, "must be a number of seconds");
    if (name == "exp" && now >= *date + leeway) return Claim(name, "the token has expired");
    if (name == "nbf" && now < *date - leeway) return Claim(name, "the token is not valid yet");
    if (name == "iat" && now < *date - leeway) return Claim(name, "the token was issued in the future");
  }
  return base::Status::Ok();
}

// REQUIRES: CheckTimes found nothing wrong.
std::chrono::system_clock::time_point UntilOf(const json::object& claims, const BearerRules& rules) {
  constexpr double kLatest = 8e9;  // the year 2223: 64 bits of nanoseconds end in 2262
  const double expires = std::min(*DateOf(claims.at("exp")), kLatest);
  return std::chrono::system_clock::time_point(std::chrono::seconds(static_cast<int64_t>(expires))) + rules.leeway;
}

bool IsFor(const json::value* claim, std::string_view audience) {
  if (claim == nullptr) return false;
  if (claim->is_string()) return claim->get_string() == audience;
  return claim->is_array() && std::ranges::any_of(claim->get_array(), [&](const json::value& one) {
           return one.is_string() && one.get_string() == audience;
         });
}

base::Result<std::string> UserOf(const json::object& claims, const BearerRules& rules) {
  auto user = StringOf(claims, rules.user_claim);
  if (!user) return Claim(rules.user_claim, "must be there and a string: it names the user");
  if (const auto named = CheckName("user", *user); !named) {
    return Claim(rules.user_claim, named.error().violations.front().text + " to name a user");
  }
  const json::value* verified = claims.if_contains("email_verified");
  if (rules.user_claim == "email" && verified != nullptr && *verified != json::value(true)) {
    return Claim("email_verified", "the issuer has not verified the email");
  }
  return *std::move(user);
}

base::Result<std::string> AccountOf(const json::object& claims, const BearerRules& rules) {
  if (!claims.contains(rules.account_claim)) return rules.account;
  auto account = StringOf(claims, rules.account_claim);
  if (account && IsAccount(*account)) return *std::move(account);
  return Claim(rules.account_claim, "must be an account of 12 digits, as a string");
}

base::Result<std::vector<std::string>> GroupsOf(const json::object& claims, const BearerRules& rules) {
  std::vector<std::string> groups;
  const json::value* value = claims.if_contains(rules.groups_claim);
  if (value == nullptr) return groups;
  if (!value->is_array()) return Claim(rules.groups_claim, "must be an array of strings");
  if (value->get_array().size() > kMaxBearerGroups) {
    return Claim(rules.groups_claim, fmt::format("has more than {} groups", kMaxBearerGroups));
  }
  for (const json::value& group : value->get_array()) {
    if (!group.is_string()) return Claim(rules.groups_claim, "must be an array of strings");
    if (CheckName("group", group.get_string())) groups.emplace_back(group.get_string());
  }
  std::ranges::sort(groups);
  groups.erase(std::ranges::unique(groups).begin(), groups.end());
  return groups;
}

}  // namespace

base::Result<BearerIdentity> ReadClaims(std::string_view payload, const BearerRules& rules,
                                        std::chrono::system_clock::time_point now) {
  json::error_code error;
  const json::value value = json::parse({payload.data(), payload.size()}, error);
  if (error || !value.is_object()) return Refused("its payload is not a JSON object");
  const json::object& claims = value.get_object();
  if (StringOf(claims, "iss") != rules.issuer) return Claim("iss", "is not the issuer that is trusted here");
  if (!IsFor(claims.if_contains("aud"), rules.audience)) return Claim("aud", "does not contain this installation");
  CHANCERY_RETURN_IF_ERROR(CheckTimes(claims, rules, std::chrono::duration<double>(now.time_since_epoch()).count()));
  auto account = AccountOf(claims, rules);
  if (!account) return account.error();
  auto user = UserOf(claims, rules);
  if (!user) return user.error();
  auto groups = GroupsOf(claims, rules);
  if (!groups) return groups.error();
  return BearerIdentity{*std::move(account), *std::move(user), *std::move(groups), UntilOf(claims, rules)};
}

base::Result<BearerIdentity> VerifyBearer(const Jws& token, const KeySet& keys, const BearerRules& rules,
                                          std::chrono::system_clock::time_point now) {
  const KeySet::Key* key = keys.Find(token.algorithm(), token.key_id());
  if (key == nullptr && token.key_id().empty()) {
    return Refused("names no key (kid), and the issuer has not exactly one for its algorithm");
  }
  if (key == nullptr) return Refused("the issuer has no key of its kid and algorithm");
  auto payload = token.Verify(*key);
  if (!payload) return payload.error();
  return ReadClaims(*payload, rules, now);
}

}  // namespace chancery::iam
