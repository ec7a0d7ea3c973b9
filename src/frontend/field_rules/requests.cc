// Names of resources, tokens and accounts.

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "frontend/field_rules/checks.h"
#include "frontend/reflect.h"
#include "frontend/rules.h"

namespace chancery::frontend::field_rules {
namespace {

using model::Kind;
using model::KindDescriptor;

constexpr std::string_view kNameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr size_t kMaxName = 255;
constexpr size_t kMaxToken = 64;

bool OnlyOf(std::string_view text, std::string_view extra) {
  for (char c : text) {
    if (kNameCharacters.find(c) == std::string_view::npos && extra.find(c) == std::string_view::npos) return false;
  }
  return true;
}

// An absent, empty or long name is told by its shape; only the service's has no length there.
void CheckName(const Scope& scope, Kind kind, std::string_view path, std::string_view name) {
  const bool service = kind == Kind::kVirtualService;
  if (service && name.size() > kMaxName) scope.Refuse(std::string(path), "must have 1 to 255 characters");
  if (!service && !OnlyOf(name, "")) scope.Refuse(std::string(path), "may hold letters, digits, '-' and '_' only");
  // In a path these would be steps, which SigV4 takes out before it signs: who has a signature for the one could ask
  // for the other.
  if (name == "." || name == "..") scope.Refuse(std::string(path), "must not be '.' or '..'");
  if (service && !OnlyOf(name, ".")) scope.Refuse(std::string(path), "may hold letters, digits, '-', '_' and '.' only");
}

bool WasSent(const Scope& scope, std::string_view member) {
  const auto* field = FindMember(scope.input, member);
  return field != nullptr && scope.input.GetReflection()->HasField(scope.input, field);
}

}  // namespace

void CheckNames(const Scope& scope) {
  for (const KindDescriptor& named : model::AllKinds()) {
    if (!WasSent(scope, named.name_member)) continue;
    const std::string name = StringMember(scope.input, named.name_member);
    if (name.empty() && named.kind == Kind::kVirtualService) {
      scope.Refuse(std::string(named.name_member), "must have 1 to 255 characters");
    }
    CheckName(scope, named.kind, named.name_member, name);
  }
  if (scope.kind == nullptr || scope.spec == nullptr) return;
  for (const Reference& reference : ReferencesOf({}, scope.kind->kind, *scope.spec)) {
    CheckName(scope, reference.target.kind, reference.path, reference.target.name);
  }
}

void CheckClientToken(const Scope& scope) {
  if (!WasSent(scope, "clientToken")) return;
  const std::string token = StringMember(scope.input, "clientToken");
  if (token.empty() || token.size() > kMaxToken || !OnlyOf(token, "")) {
    scope.Refuse("clientToken", "must be 1 to 64 letters, digits, '-' and '_'");
  }
}

void CheckMeshOwner(const Scope& scope) {
  const std::string owner = StringMember(scope.input, "meshOwner");
  if (owner.find_first_not_of("0123456789") == std::string::npos) return;
  scope.Refuse("meshOwner", "must be an account of 12 digits");
}

}  // namespace chancery::frontend::field_rules
