#include "iam/managed_policies.h"

#include <map>

#include "base/check.h"

namespace chancery::iam {
namespace {

constexpr ManagedPolicy kPolicies[] = {
    {"AWSAppMeshFullAccess",
     R"({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "appmesh:*", "Resource": "*"}]})"},
    {"AWSAppMeshReadOnly",
     R"({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["appmesh:Describe*", "appmesh:List*"],
         "Resource": "*"}]})"},
    {"AWSAppMeshEnvoyAccess",
     R"({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "appmesh:StreamAggregatedResources",
         "Resource": "*"}]})"},
};

std::map<std::string_view, std::shared_ptr<const PolicyDocument>> ParseAll() {
  std::map<std::string_view, std::shared_ptr<const PolicyDocument>> parsed;
  for (const ManagedPolicy& policy : kPolicies) {
    auto document = ParsePolicy(policy.document);
    CHANCERY_CHECK(document.has_value());
    parsed[policy.name] = std::make_shared<const PolicyDocument>(*std::move(document));
  }
  return parsed;
}

}  // namespace

std::span<const ManagedPolicy> ManagedPolicies() { return kPolicies; }

std::shared_ptr<const PolicyDocument> FindManagedPolicy(std::string_view name) {
  static const auto kParsed = ParseAll();
  const auto found = kParsed.find(name);
  return found == kParsed.end() ? nullptr : found->second;
}

}  // namespace chancery::iam
