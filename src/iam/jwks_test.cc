#include "iam/jwks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <map>
#include <semaphore>
#include <vector>

#include "iam/bearer_testing.h"
#include "iam/token_verifier.h"

namespace chancery::iam {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IssuerKey;
using testing::KeySetOf;
using ::testing::SizeIs;

const std::string kPayload = R"({"iss":"https://id.test","aud":"a","sub":"ann","exp":99999999999})";

// Keys behind a fake web, polled by the test.
class JwksTest : public ::testing::Test {
 protected:
  static JwksOptions Options(std::string location) {
    JwksOptions options;
    options.location = std::move(location);
    options.issuer = "https://id.test";
    options.patience = std::chrono::milliseconds(0);
    return options;
  }
  FetchFunction Web() {
    return [this](const std::string& location, const std::stop_token&) -> base::Result<std::string> {
      fetched_.push_back(location);
      const auto found = web_.find(location);
      if (found == web_.end()) return base::Error{base::Code::kUnavailable, location + ": nobody answers", {}};
      return found->second;
    };
  }
  void Serve(const std::string& keys) { web_["https://id.test/keys"] = KeySetOf(keys); }
  // What comes of a token: the user, or the error.
  std::string Ask(const IssuerKey& key) {
    const auto identity = verifier_.Verify(key.Token("ES256", kPayload));
    return identity ? identity->user : identity.error().message;
  }

  base::FakeClock clock_;
  std::map<std::string, std::string> web_;
  std::vector<std::string> fetched_;
  Jwks jwks_{Options("https://id.test/keys"), Web(), clock_};
  const BearerRules rules_{"https://id.test", "a", "sub", "account", "groups", "111122223333"};
  TokenVerifier verifier_{rules_, jwks_, clock_};
  const IssuerKey old_ = IssuerKey::Ec("old");
  const IssuerKey new_ = IssuerKey::Ec("new");
};

TEST_F(JwksTest, KeysAreFetchedAtOnceAndThenAtTheInterval) {
  EXPECT_EQ(jwks_.keys(), nullptr);
  Serve(old_.Jwk());
  EXPECT_TRUE(jwks_.Poll());
  ASSERT_NE(jwks_.keys(), nullptr);
  EXPECT_EQ(Ask(old_), "ann");
  clock_.Advance(minutes(5) - seconds(1));
  EXPECT_TRUE(jwks_.Poll());
  EXPECT_THAT(fetched_, SizeIs(1));
  clock_.Advance(seconds(1));
  EXPECT_TRUE(jwks_.Poll());
  EXPECT_THAT(fetched_, SizeIs(2));
}

TEST_F(JwksTest, AKeyThatWasTakenAwayEndsWithTheNextFetch) {
  Serve(old_.Jwk() + "," + new_.Jwk());
  ASSERT_TRUE(jwks_.Poll());
  EXPECT_EQ(Ask(old_), "ann");
  Serve(new_.Jwk());
  EXPECT_EQ(Ask(old_), "ann");
  clock_.Advance(minutes(5));
  ASSERT_TRUE(jwks_.Poll());
  EXPECT_THAT(Ask(old_), HasSubstr("no key of its kid"));
  EXPECT_EQ(Ask(new_), "ann");
  // All of them: an empty set is an answer, not a failure.
  Serve("");
  clock_.Advance(minutes(5));
  ASSERT_TRUE(jwks_.Poll());
  EXPECT_THAT(Ask(new_), HasSubstr("no key of its kid"));
}

TEST_F(JwksTest, AnUnknownKeyCausesAFetchButNotAStorm) {
  Serve(old_.Jwk());
  ASSERT_TRUE(jwks_.Poll());
  Serve(old_.Jwk() + "," + new_.Jwk());
  for (int i = 0; i < 10; ++i) EXPECT_THAT(Ask(new_), HasSubstr("no key of its kid"));
  ASSERT_TRUE(jwks_.Poll());
  EXPECT_EQ(Ask(new_), "ann");
  EXPECT_THAT(fetched_, SizeIs(2));
  const IssuerKey invented = IssuerKey::Ec("invented");
  for (int i = 0; i < 9; ++i) {
    EXPECT_THAT(Ask(invented), HasSubstr("no key of its kid"));
    clock_.Advance(seconds(1));
    ASSERT_TRUE(jwks_.Poll());
  }
  EXPECT_THAT(fetched_, SizeIs(2));
  clock_.Advance(seconds(1));
  EXPECT_THAT(Ask(invented), HasSubstr("no key of its kid"));
  ASSERT_TRUE(jwks_.Poll());
  EXPECT_THAT(fetched_, SizeIs(3));
}

TEST_F(JwksTest, AKnownKeyWithAWrongSignatureCausesNoFetch) {
  Serve(old_.Jwk());
  ASSERT_TRUE(jwks_.Poll());
  EXPECT_THAT(Ask(IssuerKey::Ec("old")), HasSubstr("signature"));
  EXPECT_FALSE(verifier_.Verify("a.b.c"));
  ASSERT_TRUE(jwks_.Poll());
  EXPECT_THAT(fetched_, SizeIs(1));
}

TEST_F(JwksTest, OldKeysStayWhileFetchingFails) {
  Serve(old_.Jwk());
  ASSERT_TRUE(jwks_.Poll());
  clock_.Advance(minutes(5));
  web_.clear();
  EXPECT_THAT(jwks_.Poll().error().message, HasSubstr("nobody answers"));
  EXPECT_EQ(Ask(old_), "ann");
  web_["https://id.test/keys"] = "<html>maintenance</html>";
  clock_.Advance(seconds(29));
  EXPECT_TRUE(jwks_.Poll());
  EXPECT_THAT(fetched_, SizeIs(2));
  clock_.Advance(seconds(1));
  EXPECT_THAT(jwks_.Poll().error().message, HasSubstr("not valid JSON"));
  EXPECT_EQ(Ask(old_), "ann");
  Serve(new_.Jwk());
  clock_.Advance(seconds(30));
  EXPECT_TRUE(jwks_.Poll());
  EXPECT_EQ(Ask(new_), "ann");
}

TEST_F(JwksTest, WithoutAnyKeysTheServiceIsUnavailable) {
  EXPECT_FALSE(jwks_.Poll());
  const auto refused = verifier_.Verify(old_.Token("ES256", kPayload));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::kUnavailable);
  EXPECT_EQ(verifier_.Verify("").error().code, base::Code::kMissingAuthentication);
  EXPECT_EQ(verifier_.Verify("x").error().code, base::Code::kUnrecognizedClient);
}

TEST_F(JwksTest, TheIssuerTellsWhereItsKeysAre) {
  Jwks found(Options(""), Web(), clock_);
  web_["https://id.test/.well-known/openid-configuration"] =
      R"({"issuer":"https://id.test","jwks_uri":"https://id.test/keys"})";
  Serve(old_.Jwk());
  ASSERT_TRUE(found.Poll());
  EXPECT_EQ(found.keys()->size(), 1u);
  EXPECT_THAT(fetched_, ElementsAre("https://id.test/.well-known/openid-configuration", "https://id.test/keys"));
}

TEST_F(JwksTest, ADiscoveryThatIsNoneIsRefused) {
  const std::pair<std::string, std::string> cases[] = {
      {"<html>", "not a JSON object"},
      {"[]", "not a JSON object"},
      {R"({"issuer":"https://evil.test","jwks_uri":"https://id.test/keys"})", "issuer is not https://id.test"},
      {R"({"jwks_uri":"https://id.test/keys"})", "issuer is not"},
      {R"({"issuer":"https://id.test"})", "jwks_uri is not a URL"},
      {R"({"issuer":"https://id.test","jwks_uri":"/etc/passwd"})", "jwks_uri is not a URL"},
      {R"({"issuer":"https://id.test","jwks_uri":"file:///etc/passwd"})", "jwks_uri is not a URL"},
  };
  for (const auto& [document, why] : cases) {
    Jwks found(Options(""), Web(), clock_);
    web_["https://id.test/.well-known/openid-configuration"] = document;
    EXPECT_THAT(found.Poll().error().message, HasSubstr(why)) << document;
    EXPECT_EQ(found.keys(), nullptr);
  }
}

// The thread: a call whose key is not there yet waits for the fetch that it asked for, and no more than four do.
TEST(JwksThread, ACallWaitsForTheKeyThatIsFetched) {
  base::FakeClock clock;
  const IssuerKey key = IssuerKey::Ec("k");
  std::atomic<int> fetches{0};
  std::counting_semaphore<> go(1);
  JwksOptions options;
  options.location = "x";
  options.patience = minutes(1);
  Jwks jwks(
      options,
      [&](const std::string&, const std::stop_token&) -> base::Result<std::string> {
        go.acquire();
        return KeySetOf(fetches++ == 0 ? "" : key.Jwk());
      },
      clock);
  ASSERT_TRUE(jwks.Poll());
  ASSERT_EQ(jwks.keys()->size(), 0u);
  jwks.Start();
  std::vector<std::future<size_t>> waiting;
  for (int i = 0; i < 8; ++i) waiting.push_back(std::async(std::launch::async, [&] { return jwks.Fresher()->size(); }));
  // Four of the eight come back with what there is while nothing was fetched.
  size_t early = 0;
  const auto deadline = std::chrono::steady_clock::now() + minutes(1);
  while (early < 4 && std::chrono::steady_clock::now() < deadline) {
    early = std::count_if(waiting.begin(), waiting.end(), [](auto& w) {
      return w.wait_for(std::chrono::milliseconds(1)) == std::future_status::ready;
    });
  }
  EXPECT_EQ(early, 4u);
  go.release();
  std::vector<size_t> sizes;
  for (auto& one : waiting) sizes.push_back(one.get());
  EXPECT_EQ(std::count(sizes.begin(), sizes.end(), 1u), 4);
  EXPECT_EQ(fetches, 2);
}

TEST(JwksThread, AFetchGivesUpWhenItEnds) {
  base::FakeClock clock;
  JwksOptions options;
  options.location = "x";
  std::promise<void> begun;
  {
    Jwks jwks(
        options,
        [&](const std::string&, const std::stop_token& stop) -> base::Result<std::string> {
          begun.set_value();
          while (!stop.stop_requested()) std::this_thread::yield();
          return base::Error{base::Code::kUnavailable, "stopped", {}};
        },
        clock);
    jwks.Start();
    begun.get_future().wait();
  }
}

}  // namespace
}  // namespace chancery::iam
