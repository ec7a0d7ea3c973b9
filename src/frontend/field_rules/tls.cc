// TLS of listeners and of client policies.

#include <string_view>

#include "frontend/field_rules/checks.h"

namespace chancery::frontend::field_rules {
namespace {

constexpr std::string_view kHostCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.*:";

// A host name, perhaps with a wildcard, or an address.
bool IsHostText(std::string_view text) { return text.find_first_not_of(kHostCharacters) == std::string_view::npos; }

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
  for (const Text& text : scope.texts) {
    if (text.field->containing_type() != model::SubjectAlternativeNameMatchers::descriptor()) continue;
    if (!IsHostText(text.value) && !IsUri(text.value)) scope.Refuse(text.path, "must be a host name or a URI");
  }
}

void CheckArns(const Scope& scope) {
  for (const Text& text : scope.texts) {
    const std::string& name = text.field->name();
    if (name != "certificate_arn" && name != "certificate_authority_arns") continue;
    if (!IsArn(text.value)) scope.Refuse(text.path, "must be an ARN");
  }
}

void CheckSecretNames(const Scope& scope) {
  for (const Text& text : scope.texts) {
    if (text.field->name() == "secret_name" && text.value.empty()) scope.Refuse(text.path, "must not be empty");
  }
}

}  // namespace chancery::frontend::field_rules
