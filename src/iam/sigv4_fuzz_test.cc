#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <functional>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "iam/sigv4_canonical.h"
#include "iam/sigv4_testing.h"

namespace chancery::iam {
namespace {

using testing::Decide;
using testing::OwnedRequest;
using testing::Signer;
using testing::SigV4Case;

using Random = std::mt19937;

size_t Below(Random& random, size_t bound) { return std::uniform_int_distribution<size_t>(0, bound - 1)(random); }

const std::chrono::sys_seconds kNow{std::chrono::sys_days(std::chrono::year(2026) / 11 / 24)};

// Adds, drops or changes one byte, mostly to one that means something.
void Disturb(std::string& text, Random& random) {
  constexpr std::string_view telling = " ,;:/?&=%+.-_~@aZ09\t\n\"";
  const char c = Below(random, 4) == 0 ? static_cast<char>(Below(random, 256)) : telling[Below(random, telling.size())];
  const size_t at = Below(random, text.size() + 1);
  const size_t what = Below(random, 3);
  if (what == 0 || at == text.size()) {
    text.insert(at, 1, c);
  } else if (what == 1) {
    text.erase(at, 1);
  } else {
    text[at] = c;
  }
}

SigV4Case ValidCase(Random& random) {
  const char* const targets[] = {"/v20190125/meshes", "/v20190125/meshes/my%20mesh%2Fx%401/virtualNodes/%2A?limit=3",
                                 "/v20190125/tags?resourceArn=arn%3Aaws%3Aappmesh&nextToken=a%2Bb%3D%2F",
                                 "/a/./b//../c?x"};
  SigV4Case test;
  test.region = "us-east-1";
  test.service = "appmesh";
  test.now = kNow;
  test.request.method = Below(random, 2) == 0 ? "DELETE" : "PUT";
  test.request.target = targets[Below(random, std::size(targets))];
  test.request.Header("Host") = Below(random, 2) == 0 ? "localhost:8080" : "example.com:443";
  if (Below(random, 2) == 0) test.request.Header("X-Amz-Security-Token") = "token+/=";
  if (Below(random, 2) == 0) test.request.headers.emplace_back("X-Twice", "a  b");
  if (Below(random, 2) == 0) test.request.headers.emplace_back("X-Twice", " c ");
  if (test.request.method == "PUT") test.request.body = R"({"meshName":"m"})";
  const Signer signer{.time = kNow};
  test.secret = signer.secret;
  if (Below(random, 3) == 0) {
    PresignSigV4(signer, std::chrono::minutes(1), test.request);
  } else {
    SignSigV4(signer, test.request);
  }
  return test;
}

void Mutate(SigV4Case& test, Random& random) {
  const size_t what = Below(random, 10);
  if (what == 0) Disturb(test.request.method, random);
  if (what == 1) Disturb(test.request.target, random);
  if (what == 2) Disturb(test.request.headers[Below(random, test.request.headers.size())].first, random);
  if (what == 3) Disturb(test.request.headers[Below(random, test.request.headers.size())].second, random);
  if (what == 4) Disturb(test.request.body, random);
  if (what == 5) Disturb(test.secret, random);
  if (what == 6) Disturb(test.region, random);
  if (what == 7) Disturb(test.service, random);
  if (what == 8) test.now += std::chrono::seconds(Below(random, 1200)) - std::chrono::seconds(600);
  if (what == 9) std::ranges::shuffle(test.request.headers, random);
}

// Everything that a signature stands for, and the signature; nothing when it cannot be read.
std::vector<std::string> MeaningOf(const SigV4Case& test, bool without_default_port = false) {
  const SignedRequest request = test.request.View();
  const auto claim = ReadSigV4(request);
  const auto hosts = HeaderValues(request, "host");
  if (!claim || hosts.size() != 1) return {};
  std::string host = CanonicalValue(hosts.front());
  for (const std::string_view port : {":443", ":80"}) {
    if (without_default_port && host.ends_with(port)) host.resize(host.size() - port.size());
  }
  return {CanonicalRequest(request, claim->signed_headers, host, HexSha256(test.request.body)),
          claim->date,
          claim->region,
          claim->service,
          claim->terminator,
          claim->timestamp,
          claim->signature};
}

// Whether the time, which no mutation of the request moves unseen, still fits.
bool IsInTime(const SigV4Case& test) {
  const bool presigned = test.request.target.find("X-Amz-Algorithm=") != std::string::npos;
  const auto late = presigned ? std::chrono::minutes(1) : std::chrono::minutes(5);
  return kNow - std::chrono::minutes(5) <= test.now && test.now <= kNow + late;
}

// A header that only the mutation made one that must be signed.
bool HasUnsignedAmzHeader(const SigV4Case& test) {
  const auto claim = ReadSigV4(test.request.View());
  return claim && std::ranges::any_of(test.request.headers, [&](const auto& header) {
           std::string name = header.first;
           std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
           return name.starts_with("x-amz-") && name != "x-amz-security-token" &&
                  std::ranges::find(claim->signed_headers, name) == claim->signed_headers.end();
         });
}

// Accepted is exactly what means the same, under the same key, here and now.
TEST(SigV4Fuzz, NoMutationIsAcceptedThatChangesTheMeaning) {
  Random random(20261124);
  int accepted = 0;
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    const SigV4Case valid = ValidCase(random);
    ASSERT_EQ(Decide(valid), "Ok") << valid.request.target;
    SigV4Case changed = valid;
    for (size_t n = Below(random, 3) + 1; n > 0; --n) Mutate(changed, random);
    const std::vector<std::string> meaning = MeaningOf(valid);
    const bool same = (MeaningOf(changed) == meaning || MeaningOf(changed, true) == meaning) &&
                      changed.secret == valid.secret && changed.region == valid.region &&
                      changed.service == valid.service && IsInTime(changed) && !HasUnsignedAmzHeader(changed);
    ASSERT_EQ(Decide(changed) == "Ok", same) << "seed case " << i << ": " << changed.request.method << ' '
                                             << changed.request.target << ' ' << Decide(changed);
    ++(same ? accepted : refused);
  }
  EXPECT_GE(refused, 10'000);
  EXPECT_GE(accepted, 100);
}

TEST(SigV4Fuzz, EveryDigitOfTheSignatureCounts) {
  Random random(7);
  for (int round = 0; round < 20; ++round) {
    const SigV4Case valid = ValidCase(random);
    const std::string signature = ReadSigV4(valid.request.View())->signature;
    for (size_t digit = 0; digit < 64; ++digit) {
      SigV4Case changed = valid;
      for (std::string* text : {&changed.request.target, &changed.request.headers.back().second}) {
        const size_t at = text->find(signature);
        if (at == std::string::npos) continue;
        char& c = (*text)[at + digit];
        c = c == '0' ? '1' : '0';
      }
      ASSERT_EQ(Decide(changed), "InvalidSignature") << digit;
    }
  }
}

}  // namespace
}  // namespace chancery::iam
