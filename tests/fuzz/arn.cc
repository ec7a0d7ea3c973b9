#include "base/check.h"
#include "base/utf8.h"
#include "fuzz/targets.h"
#include "model/resource.h"

namespace chancery::fuzz {
namespace {

constexpr std::string_view kAccount = "111122223333";

// An ARN has many spellings; the one that we write reads as the same resource, and is written the same again.
void CheckArn(const model::ParsedArn& parsed) {
  const std::string arn = model::ArnOf(parsed.key, parsed.partition, parsed.region, parsed.account);
  const auto again = model::ParseArn(arn);
  CHANCERY_CHECK(again);
  CHANCERY_CHECK(again->key == parsed.key);
  CHANCERY_CHECK(again->account == parsed.account);
  CHANCERY_CHECK(model::ArnOf(again->key, again->partition, again->region, again->account) == arn);
}

void CheckRefusal(const base::Error& error) {
  CHANCERY_CHECK(error.code == base::Code::kBadRequest);
  CHANCERY_CHECK(!error.message.empty());
}

}  // namespace

void FuzzArn(std::string_view input) {
  const auto arn = model::ParseArn(input);
  arn ? CheckArn(*arn) : CheckRefusal(arn.error());
  const auto id = model::ParseNodeId(input, kAccount);
  if (!id) return CheckRefusal(id.error());
  CHANCERY_CHECK(id->key.kind == model::Kind::kVirtualNode || id->key.kind == model::Kind::kVirtualGateway);
  CHANCERY_CHECK(!id->key.name.empty() && !id->key.mesh.name.empty());
  const auto path = model::ParseResourcePath(input, kAccount);
  if (path && !arn) CHANCERY_CHECK(path->mesh == id->key.mesh);
}

}  // namespace chancery::fuzz
