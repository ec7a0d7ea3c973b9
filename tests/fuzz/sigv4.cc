#include "iam/sigv4.h"

#include <algorithm>
#include <string>

#include "base/check.h"
#include "base/random.h"
#include "base/utf8.h"
#include "fuzz/targets.h"
#include "fuzz/text.h"

namespace chancery::fuzz {
namespace {

constexpr size_t kSecretBytes = 40;
// The system's clock counts nanoseconds: it begins in 1677 and ends in 2262.
constexpr std::chrono::sys_seconds kFirstTime = std::chrono::sys_days(std::chrono::year(1678) / 1 / 1);
constexpr std::chrono::sys_seconds kLastTime = std::chrono::sys_days(std::chrono::year(2262) / 1 / 1);

void CheckClaim(const iam::SigV4Claim& claim) {
  CHANCERY_CHECK(claim.signature.size() == 64);
  CHANCERY_CHECK(claim.signed_headers.size() <= 64);
  for (size_t i = 1; i < claim.signed_headers.size(); ++i) {
    CHANCERY_CHECK(claim.signed_headers[i - 1] < claim.signed_headers[i]);
  }
  CHANCERY_CHECK(iam::ValidUntil(claim, std::chrono::minutes(5)) >= claim.time);
}

}  // namespace

void FuzzSigV4(std::string_view input) {
  // Nobody can sign with it, whatever the input is.
  static const std::string secret = base::RandomBytes(kSecretBytes);
  const frontend::Request owned = ReadRequest(input);
  const iam::SignedRequest request{owned.method, owned.target, owned.headers, owned.body};
  const auto claim = iam::ReadSigV4(request);
  if (!claim) {
    const base::Code code = claim.error().code;
    CHANCERY_CHECK(code == base::Code::kMissingAuthentication || code == base::Code::kIncompleteSignature);
    CHANCERY_CHECK(!claim.error().message.empty());
    return;
  }
  CheckClaim(*claim);
  for (const auto payload : {iam::SigV4Payload::kBody, iam::SigV4Payload::kStream}) {
    // Place and time are as claimed, the time as far as the clock can be, so that the signature itself must refuse.
    const iam::SigV4Expectation expectation{claim->region, claim->service,
                                            std::clamp(claim->time, kFirstTime, kLastTime), std::chrono::minutes(5),
                                            payload};
    const base::Status status = iam::VerifySigV4(*claim, request, secret, expectation);
    CHANCERY_CHECK(!status);
    CHANCERY_CHECK(status.error().code == base::Code::kInvalidSignature);
  }
}

}  // namespace chancery::fuzz
