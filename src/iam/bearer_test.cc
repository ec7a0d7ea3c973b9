#include "iam/bearer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/clock.h"
#include "iam/bearer_testing.h"

namespace chancery::iam {
namespace {

namespace json = boost::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IssuerKey;
using testing::KeySetOf;

const base::FakeClock kClock;

int64_t Now() { return std::chrono::system_clock::to_time_t(kClock.WallNow()); }

BearerRules Rules() {
  BearerRules rules;
  rules.issuer = "https://id.test";
  rules.audience = "chancery";
  rules.account = "111122223333";
  return rules;
}

json::object Claims() {
  return {{"iss", "https://id.test"}, {"aud", "chancery"}, {"sub", "ann"}, {"exp", Now() + 300}};
}

base::Result<BearerIdentity> Read(const json::object& claims, const BearerRules& rules = Rules()) {
  return ReadClaims(json::serialize(claims), rules, kClock.WallNow());
}

json::object With(std::string_view name, json::value value) {
  json::object claims = Claims();
  claims[name] = std::move(value);
  return claims;
}

json::object Without(std::string_view name) {
  json::object claims = Claims();
  claims.erase(name);
  return claims;
}

// Without the time, which has a test of its own.
BearerIdentity WhoIn(const json::object& claims, const BearerRules& rules = Rules()) {
  auto read = Read(claims, rules);
  EXPECT_TRUE(read);
  if (!read) return {};
  read->until = {};
  return *std::move(read);
}

std::string Refusal(const json::object& claims, const BearerRules& rules = Rules()) {
  const auto read = Read(claims, rules);
  if (read) return "accepted";
  EXPECT_EQ(read.error().code, base::Code::kUnrecognizedClient);
  return read.error().message;
}

TEST(Bearer, ClaimsGiveAccountUserAndGroups) {
  json::object claims = Claims();
  EXPECT_EQ(WhoIn(claims), (BearerIdentity{"111122223333", "ann", {}}));
  claims["account"] = "444455556666";
  claims["groups"] = {"ops", "dev", "ops"};
  EXPECT_EQ(WhoIn(claims), (BearerIdentity{"444455556666", "ann", {"dev", "ops"}}));
}

TEST(Bearer, HoldsUntilItsExpiryAndTheLeeway) {
  json::object claims = Claims();
  const BearerRules rules = Rules();
  const auto expires = claims.at("exp").to_number<int64_t>();
  EXPECT_EQ(Read(claims)->until.time_since_epoch(), std::chrono::seconds(expires) + rules.leeway);
  claims["exp"] = 1e300;
  EXPECT_GT(Read(claims)->until.time_since_epoch(), std::chrono::hours(24 * 365 * 200));
}

TEST(Bearer, TheNamesOfClaimsCanBeSet) {
  BearerRules rules = Rules();
  rules.user_claim = "email";
  rules.account_claim = "https://x.test/account";
  rules.groups_claim = "roles";
  json::object claims = Claims();
  claims["email"] = "ann@x.test";
  claims["https://x.test/account"] = "444455556666";
  claims["account"] = "not looked at";
  claims["roles"] = {"dev"};
  EXPECT_EQ(WhoIn(claims, rules), (BearerIdentity{"444455556666", "ann@x.test", {"dev"}}));
  EXPECT_THAT(Refusal(Claims(), rules), HasSubstr("claim email: must be there"));
}

TEST(Bearer, AnEmailThatIsDeniedNamesNobody) {
  BearerRules rules = Rules();
  rules.user_claim = "email";
  json::object claims = With("email", "ann@x.test");
  EXPECT_TRUE(Read(claims, rules));
  claims["email_verified"] = true;
  EXPECT_TRUE(Read(claims, rules));
  for (const json::value& value : {json::value(false), json::value("true"), json::value(nullptr)}) {
    claims["email_verified"] = value;
    EXPECT_THAT(Refusal(claims, rules), HasSubstr("email_verified"));
    EXPECT_TRUE(Read(claims)) << "when sub names the user";
  }
}

TEST(Bearer, IssuerAndAudienceMustBeThose) {
  EXPECT_TRUE(Read(With("aud", {"other", "chancery"})));
  for (const json::value& value : {json::value("https://id.test/"), json::value("https://evil.test"), json::value(1),
                                   json::value(json::array{"https://id.test"}), json::value("")}) {
    EXPECT_THAT(Refusal(With("iss", value)), HasSubstr("claim iss")) << value;
  }
  for (const json::value& value : {json::value("other"), json::value("chancery2"), json::value(json::array{}),
                                   json::value(json::array{"other", 1}), json::value(nullptr), json::value("")}) {
    EXPECT_THAT(Refusal(With("aud", value)), HasSubstr("claim aud")) << value;
  }
  EXPECT_THAT(Refusal(Without("iss")), HasSubstr("claim iss"));
  EXPECT_THAT(Refusal(Without("aud")), HasSubstr("claim aud"));
}

TEST(Bearer, TimesHaveAMinuteOfLeeway) {
  EXPECT_TRUE(Read(With("exp", Now() - 59)));
  EXPECT_TRUE(Read(With("exp", static_cast<double>(Now()) - 59.5)));
  EXPECT_THAT(Refusal(With("exp", Now() - 60)), HasSubstr("expired"));
  EXPECT_TRUE(Read(With("nbf", Now() + 60)));
  EXPECT_THAT(Refusal(With("nbf", Now() + 61)), HasSubstr("not valid yet"));
  EXPECT_TRUE(Read(With("iat", Now() + 60)));
  EXPECT_THAT(Refusal(With("iat", Now() + 61)), HasSubstr("in the future"));
  EXPECT_THAT(Refusal(Without("exp")), HasSubstr("claim exp: is missing"));
  EXPECT_THAT(Refusal(With("exp", -1)), HasSubstr("expired"));
  EXPECT_TRUE(Read(With("exp", 1e300)));
  EXPECT_TRUE(Read(With("exp", std::numeric_limits<uint64_t>::max())));
  for (const std::string name : {"exp", "nbf", "iat"}) {
    for (const json::value& value :
         {json::value("9999999999"), json::value(nullptr), json::value(true), json::value(json::array{1})}) {
      EXPECT_THAT(Refusal(With(name, value)), HasSubstr("claim " + name + ": must be a number")) << value;
    }
  }
}

TEST(Bearer, ANameThatIsNoneIsRefusedNotChanged) {
  for (const std::string user : {"", "auth0|1", "a b", "a/b", "ann\n", "ünal", "*", "${aws:username}"}) {
    EXPECT_THAT(Refusal(With("sub", json::value(user))), HasSubstr("claim sub: must be 1 to 128 letters")) << user;
  }
  EXPECT_THAT(Refusal(With("sub", json::value(std::string(129, 'a')))), HasSubstr("claim sub"));
  EXPECT_TRUE(Read(With("sub", json::value(std::string(128, 'a')))));
  EXPECT_THAT(Refusal(With("sub", 5)), HasSubstr("claim sub"));
  EXPECT_THAT(Refusal(Without("sub")), HasSubstr("claim sub"));
  for (const json::value& account :
       {json::value("12"), json::value(111122223333), json::value(nullptr), json::value("")}) {
    EXPECT_THAT(Refusal(With("account", account)), HasSubstr("claim account: must be an account")) << account;
  }
}

TEST(Bearer, AGroupThatIsNoneIsLeftOut) {
  EXPECT_THAT(Read(With("groups", {"/ops", "dev", "", "a b", std::string(129, 'g')}))->groups, ElementsAre("dev"));
  EXPECT_THAT(Read(With("groups", json::array{}))->groups, IsEmpty());
  for (const json::value& groups :
       {json::value("dev"), json::value(json::array{"dev", 1}), json::value(nullptr), json::value(json::object{})}) {
    EXPECT_THAT(Refusal(With("groups", groups)), HasSubstr("claim groups: must be an array of strings")) << groups;
  }
  json::array many;
  for (size_t i = 0; i < kMaxBearerGroups; ++i) many.push_back(json::value("g" + std::to_string(i)));
  EXPECT_EQ(Read(With("groups", many))->groups.size(), kMaxBearerGroups);
  many.emplace_back("one more");
  EXPECT_THAT(Refusal(With("groups", many)), HasSubstr("more than 256 groups"));
}

TEST(Bearer, APayloadThatIsNoObjectIsRefused) {
  for (const std::string text : {"", "{", "[]", "null", "\xff", "5", R"("x")"}) {
    const auto read = ReadClaims(text, Rules(), kClock.WallNow());
    ASSERT_FALSE(read) << text;
    EXPECT_THAT(read.error().message, HasSubstr("not a JSON object"));
  }
  EXPECT_FALSE(ReadClaims(std::string(10000, '['), Rules(), kClock.WallNow()));
}

TEST(Bearer, SignatureAndClaimsBothCount) {
  const IssuerKey key = IssuerKey::Ec("k");
  const KeySet keys = *KeySet::Parse(KeySetOf(key.Jwk()));
  const auto verify = [&](const std::string& token) {
    return VerifyBearer(*Jws::Read(token), keys, Rules(), kClock.WallNow());
  };
  EXPECT_EQ(verify(key.Token("ES256", json::serialize(Claims())))->user, "ann");
  EXPECT_THAT(verify(key.Token("ES256", json::serialize(Without("exp")))).error().message, HasSubstr("claim exp"));
  EXPECT_THAT(verify(IssuerKey::Ec("k").Token("ES256", json::serialize(Claims()))).error().message,
              HasSubstr("signature"));
  EXPECT_THAT(verify(IssuerKey::Ec("x").Token("ES256", json::serialize(Claims()))).error().message,
              HasSubstr("no key of its kid"));
  EXPECT_THAT(verify(IssuerKey::Rsa("").Token("RS256", json::serialize(Claims()))).error().message,
              HasSubstr("names no key"));
}

}  // namespace
}  // namespace chancery::iam
