#include <string>

#include "base/check.h"
#include "base/utf8.h"
#include "frontend/page_token.h"
#include "frontend/url.h"
#include "fuzz/targets.h"
#include "fuzz/text.h"

namespace chancery::fuzz {
namespace {

void CheckPageTokens(std::string_view list, std::string_view text) {
  const auto last = frontend::ParsePageToken(list, text);
  if (last) {
    CHANCERY_CHECK(*frontend::ParsePageToken(list, frontend::ToPageToken(list, *last)) == *last);
    CHANCERY_CHECK(!frontend::ParsePageToken(std::string(list) + "x", text));
  } else {
    CHANCERY_CHECK(last.error().code == base::Code::kBadRequest);
  }
  if (text.empty()) return;  // no name is empty, so that is no token
  const auto own = frontend::ParsePageToken(list, frontend::ToPageToken(list, text));
  CHANCERY_CHECK(own && *own == text);
}

}  // namespace

void FuzzToken(std::string_view input) {
  const Cut cut = CutAt(input, "\n");
  CheckPageTokens(cut.head, cut.rest);
  // One text for each value: two spellings of a token would be two tokens.
  const auto bytes = frontend::FromBase64Url(cut.rest);
  if (bytes) CHANCERY_CHECK(frontend::ToBase64Url(*bytes) == cut.rest);
  CHANCERY_CHECK(frontend::FromBase64Url(frontend::ToBase64Url(cut.rest)) == std::string(cut.rest));
  const auto decoded = frontend::PercentDecode(cut.rest);
  if (decoded) CHANCERY_CHECK(base::IsUtf8(*decoded));
  if (decoded) CHANCERY_CHECK(decoded->size() <= cut.rest.size());
}

}  // namespace chancery::fuzz
