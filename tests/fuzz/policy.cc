#include "iam/policy.h"

#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/utf8.h"
#include "fuzz/targets.h"
#include "fuzz/text.h"
#include "iam/evaluate.h"

namespace chancery::fuzz {
namespace {

constexpr size_t kMaxKeys = 16;

iam::AccessRequest ReadAccess(std::string_view text) {
  const std::vector<std::string_view> lines = Split(text, "\n", kMaxKeys);
  iam::AccessRequest request;
  request.principal = {"111122223333", "ada", "arn:aws:iam::111122223333:user/ada", "AKIDEXAMPLE"};
  request.context = iam::PrincipalKeys(request.principal);
  request.action = lines[0];
  if (lines.size() > 1) request.resource = lines[1];
  for (size_t i = 2; i < lines.size(); ++i) {
    const Cut pair = CutAt(lines[i], "=");
    request.context.Add(pair.head, std::string(pair.rest));
  }
  return request;
}

std::shared_ptr<const iam::PolicyDocument> DenyAll() {
  auto document = iam::ParsePolicy(R"({"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}})");
  CHANCERY_CHECK(document);
  return std::make_shared<const iam::PolicyDocument>(*std::move(document));
}

void CheckRefusal(const base::Error& error) {
  CHANCERY_CHECK(error.code == base::Code::kBadRequest);
  CHANCERY_CHECK(base::IsUtf8(base::ToString(error)));
}

}  // namespace

void FuzzPolicy(std::string_view input) {
  static const std::shared_ptr<const iam::PolicyDocument> deny_all = DenyAll();
  const Cut cut = CutAt(input, "\n---\n");
  auto document = iam::ParsePolicy(cut.head);
  if (!document) return CheckRefusal(document.error());
  const iam::AccessRequest request = ReadAccess(cut.rest);
  std::vector<iam::AttachedPolicy> policies;
  policies.push_back({"fuzz", "user ada", std::make_shared<const iam::PolicyDocument>(*std::move(document))});
  const iam::Decision decision = iam::Evaluate(policies, request);
  const bool decided = decision.outcome != iam::Decision::Outcome::kImplicitDeny;
  if (decided && decision.policy != nullptr) {
    CHANCERY_CHECK(decision.statement < decision.policy->document->statements.size());
  }
  CHANCERY_CHECK(!decision.allowed() || decision.policy == policies.data());
  CHANCERY_CHECK(!iam::Explain(decision, policies, request).empty());
  policies.push_back({"deny", "account", deny_all});
  CHANCERY_CHECK(!iam::Evaluate(policies, request).allowed());
}

}  // namespace chancery::fuzz
