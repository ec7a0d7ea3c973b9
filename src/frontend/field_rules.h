#pragma once

#include <google/protobuf/message.h>

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/kind.h"

namespace chancery::frontend {

// The field rules of contract/api.md §4.6, beyond the shapes: one table (field_rules/table.cc) that
// names every rule with its number, its grade and what is done about it. Rules of one spec are
// checked here; rules that need other resources are in the same table and are checked by
// mesh_rules.h inside the commit. Pure.

// How sure the contract is of a rule.
enum class Grade {
  kHard,      // a refusal or an acceptance by the real service is on record
  kDoc,       // AWS's documentation says so
  kModel,     // the API's model says so
  kCli,       // only client-side tools enforce it
  kInferred,  // our own decision
  kSilent,    // no source says anything
  kEnvoy,     // not of §4.6: an Envoy refuses the configuration otherwise (contract/envoy.md §7.1)
};

enum class Enforced {
  kAlways,
  kStrict,    // only with Settings::strict
  kShape,     // by the constraints of the model, before any rule of this table
  kQuota,     // where a quota is in force (quotas.h)
  kAccepted,  // such requests are accepted on purpose
};

struct RuleInfo {
  // Of contract/api.md §4.6; 0 for a rule that is not there.
  int number;
  // Unique.
  std::string_view name;
  Grade grade;
  Enforced enforced;
  // One sentence.
  std::string_view rule;
};

// In the order of their numbers, those without one last.
const std::vector<RuleInfo>& AllRules();
// "HARD", "DOC", "M", "CLI", "INF", "silent", "Envoy".
std::string_view ToString(Grade grade);
// "always", "strict", "shape", "quota", "accepted".
std::string_view ToString(Enforced enforced);

// As of the shapes (model/codec.h): a body of 1 MiB could break a hundred thousand, with a path each.
inline constexpr size_t kMaxViolations = 100;

// Every rule of single requests that `input` breaks, up to kMaxViolations in all. `kind` is null for the tag
// operations. What the shapes refuse already may be missing or of any value.
void CheckFieldRules(const model::KindDescriptor* kind, const google::protobuf::Message& input, bool strict,
                     std::vector<base::Violation>& violations);

}  // namespace chancery::frontend
