#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "iam/condition_value.h"
#include "iam/context_keys.h"
#include "iam/pattern.h"

namespace chancery::iam {

// One line of a Condition element: an operator, a key and the values to compare it with. The rules are IAM's (the user
// guide's "Condition operators" and "Conditions with multiple context keys or values"):
//
// 1. A condition holds when any value of the request matches any value of the policy; a negated one (…Not…) when none
//    does.
// 2. A key that is absent matches nothing: the condition fails, a negated one holds, and with IfExists each holds.
// 3. ForAllValues holds when the condition holds for each value of the request by itself, so also for none of them;
//    ForAnyValue when it does for at least one, so never for none. Both count a single empty string as none. IfExists
//    adds nothing to them.
// 4. Null asks only whether the key is absent ("true") or there ("false").
// 5. A value of the request that the operator cannot read (a date that is none) matches nothing.
//
// Immutable.
class Condition {
 public:
  // How `name` compares; see kOperators in condition.cc.
  enum class Type {
    kString,
    kStringIgnoringCase,
    kStringLike,
    kArn,
    kBool,
    kNumber,
    kDate,
    kIpAddress,
    kBinary,
    kNull
  };
  enum class Relation { kEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

  struct Operator {
    Type type = Type::kString;
    Relation relation = Relation::kEqual;
    bool negated = false;
    enum class Set { kNone, kAll, kAny } set = Set::kNone;
    bool if_exists = false;
  };

  // "StringEquals", "ForAnyValue:StringLike", "ArnNotLikeIfExists". The message of an error says what is wrong.
  static base::Result<Operator> ParseOperator(std::string_view name);

  // `name` and `key` as the policy writes them; the key has the form service:name.
  Condition(Operator how, std::string_view name, std::string_view key);

  // Adds a value to compare with; `variables` is false in a policy of version 2008-10-17.
  base::Status AddValue(std::string_view text, bool variables);

  bool Holds(const ContextKeys& context) const;

  // "StringEquals aws:username": for people.
  const std::string& label() const { return label_; }

 private:
  using Value = std::variant<Pattern, double, Network, std::string, bool>;

  base::Result<Value> ParseValue(std::string_view text, bool variables) const;
  // Whether any value of the policy matches, before negation.
  bool MatchesAny(std::string_view found, const ContextKeys& context) const;
  bool MatchesText(const Pattern& wanted, std::string_view found, const ContextKeys& context) const;
  bool Compares(double found, double wanted) const;

  Operator how_;
  std::string label_;
  std::string key_;  // as CanonicalKey
  std::vector<Value> values_;
};

}  // namespace chancery::iam
