#include "base/check.h"
#include "base/utf8.h"
#include "fuzz/targets.h"
#include "xds/wire.h"

namespace chancery::fuzz {
namespace {

// Small, so that short inputs reach them.
constexpr xds::RequestLimits kLimits{.max_names = 4, .max_name_bytes = 16};

bool IsWithin(std::string_view part, std::string_view whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

void FuzzXds(std::string_view input) {
  xds::Request request;
  const xds::Refusal refusal = xds::DecodeRequest(input, kLimits, request);
  if (refusal.code != xds::StatusCode::kOk) {
    CHANCERY_CHECK(refusal.code == xds::StatusCode::kInvalidArgument ||
                   refusal.code == xds::StatusCode::kResourceExhausted);
    CHANCERY_CHECK(!refusal.message.empty() && base::IsUtf8(refusal.message));
    return;
  }
  CHANCERY_CHECK(request.names.size() <= kLimits.max_names);
  for (const std::string_view name : request.names) {
    CHANCERY_CHECK(name.size() <= kLimits.max_name_bytes && IsWithin(name, input));
  }
  CHANCERY_CHECK(IsWithin(request.node, input) && IsWithin(request.nonce, input) && IsWithin(request.type_url, input));
  const std::string shown = xds::Printable(input, 32);
  CHANCERY_CHECK(base::IsUtf8(shown) && shown.size() <= 32);
}

}  // namespace chancery::fuzz
