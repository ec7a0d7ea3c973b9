// TLS of listeners and of client policies.

#include <string_view>

#include "frontend/field_rules/checks.h"

namespace chancery::frontend::field_rules {
namespace {

using google::protobuf::FieldDescriptor;

// A host name, perhaps with a wildcard, or an address.
bool IsHostText(std::string_view text) {
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.*:";
  return text.find_first_not_of(kAllowed) == std::string_view::npos;
}

// scheme://something
bool IsUri(std::string_view text) {
  const size_t colon = text.find("://");
  return colon != std::string_view::npos && colon > 0 && colon + 3 < text.size() &&
         text.find_first_of(" \"<>\\^`{|}") == std::string_view::npos;
}

// arn:partition:service:region:account:resource
bool IsArn(std::string_view text) {
  if (!text.starts_with("arn:")) return false;
  int colons = 0;
  for (char c : text) {
    if (c == ':') ++colons;
    if (c <= ' ') return false;
  }
  return colons >= 5 && !text.ends_with(':');
}

}  // namespace

void CheckSubjectAlternativeNames(const Scope& scope) {
  ForEachString(scope,
                [](const Scope& in, const std::string& path, const FieldDescriptor& field, const std::string& value) {
                  if (field.containing_type() != model::SubjectAlternativeNameMatchers::descriptor()) return;
                  if (!IsHostText(value) && !IsUri(value)) in.Refuse(path, "must be a host name or a URI");
                });
}

void CheckArns(const Scope& scope) {
  ForEachString(scope,
                [](const Scope& in, const std::string& path, const FieldDescriptor& field, const std::string& value) {
                  if (field.name() != "certificate_arn" && field.name() != "certificate_authority_arns") return;
                  if (!IsArn(value)) in.Refuse(path, "must be an ARN");
                });
}

void CheckSecretNames(const Scope& scope) {
  ForEachString(scope,
                [](const Scope& in, const std::string& path, const FieldDescriptor& field, const std::string& value) {
                  if (field.name() == "secret_name" && value.empty()) in.Refuse(path, "must not be empty");
                });
}

}  // namespace chancery::frontend::field_rules
