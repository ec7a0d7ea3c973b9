// Random tokens against the verifier: nothing that was not signed as it stands is accepted, and nothing crashes.

#include <gtest/gtest.h>

#include <random>

#include "base/clock.h"
#include "iam/bearer.h"
#include "iam/bearer_testing.h"

namespace chancery::iam {
namespace {

using testing::Base64Url;
using testing::IssuerKey;

class BearerFuzz : public ::testing::Test {
 protected:
  std::string Bytes(size_t most) {
    std::string bytes(random_() % (most + 1), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random_());
    return bytes;
  }
  std::string Disturbed(std::string text) {
    static constexpr std::string_view kAlphabet = "ABCxyz019-_.=+/{}\" \n";
    for (size_t changes = 1 + random_() % 3; changes > 0; --changes) {
      const size_t at = random_() % (text.size() + 1);
      switch (random_() % 4) {
        case 0:
          text.insert(at, 1, kAlphabet[random_() % kAlphabet.size()]);
          break;
        case 1:
          text.erase(at, 1 + random_() % 8);
          break;
        case 2:
          if (at < text.size()) text[at] = kAlphabet[random_() % kAlphabet.size()];
          break;
        default:
          if (at < text.size()) text[at] = static_cast<char>(random_());
      }
    }
    return text;
  }
  bool Accepts(const std::string& token) const {
    const auto jws = Jws::Read(token);
    return jws && VerifyBearer(*jws, keys_, rules_, clock_.WallNow());
  }

  std::mt19937 random_{20261124};
  base::FakeClock clock_;
  const BearerRules rules_{"i", "a", "sub", "account", "groups", ""};
  const IssuerKey rsa_ = IssuerKey::Rsa("r");
  const IssuerKey ec_ = IssuerKey::Ec("e");
  const KeySet keys_ = *KeySet::Parse(testing::KeySetOf(rsa_.Jwk() + "," + ec_.Jwk()));
  const std::string payload_ = R"({"iss":"i","aud":"a","sub":"ann","exp":99999999999,"account":"111122223333"})";
};

TEST_F(BearerFuzz, ADisturbedTokenIsNotAccepted) {
  const std::string good[] = {rsa_.Token("RS256", payload_), rsa_.Token("PS512", payload_),
                              ec_.Token("ES256", payload_)};
  // The bits of the last character that carry nothing, and '=' at the end, may be anything.
  const auto same = [](const std::string& a, const std::string& b) {
    return a.substr(0, a.rfind('.')) == b.substr(0, b.rfind('.')) &&
           a.substr(0, a.size() - 1) == b.substr(0, a.size() - 1);
  };
  for (const std::string& token : good) ASSERT_TRUE(Accepts(token));
  int accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::string& token = good[random_() % std::size(good)];
    const std::string other = Disturbed(token);
    if (!Accepts(other)) continue;
    ++accepted;
    EXPECT_TRUE(same(token, other)) << token << "\n" << other;
  }
  EXPECT_LT(accepted, 1000);
}

TEST_F(BearerFuzz, RandomBytesAreNotAccepted) {
  for (int i = 0; i < 20000; ++i) {
    EXPECT_FALSE(Accepts(Bytes(60)));
    EXPECT_FALSE(Accepts(Base64Url(Bytes(40)) + "." + Base64Url(Bytes(40)) + "." + Base64Url(Bytes(40))));
    const std::string header = Disturbed(R"({"alg":"ES256","kid":"e"})");
    EXPECT_FALSE(Accepts(Base64Url(header) + "." + Base64Url(Disturbed(payload_)) + "." + Base64Url(Bytes(70))));
  }
}

// What an issuer signs is read by the same rules, whatever it is.
TEST_F(BearerFuzz, AnyPayloadIsReadWithoutACrash) {
  for (int i = 0; i < 20000; ++i) {
    const auto read = ReadClaims(Disturbed(payload_), rules_, clock_.WallNow());
    EXPECT_TRUE(read || read.error().code == base::Code::kUnrecognizedClient);
    (void)KeySet::Parse(Disturbed(testing::KeySetOf(ec_.Jwk())));
  }
}

}  // namespace
}  // namespace chancery::iam
