#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "iam/context_keys.h"

namespace chancery::iam {

// A string of a policy that is compared with a string of a request: text, wildcards (`*` any run of characters, `?` one
// character) and policy variables (`${aws:username}`, `${aws:userid, 'default'}`, and `${*}`, `${?}`, `${$}` for the
// characters themselves). Split once, when the policy is read; matching allocates only where a variable is used.
//
// A variable whose key is absent (and that has no default), or that has several values, cannot be resolved: the pattern
// then matches nothing. What a variable stands for is text: a `*` in it is no wildcard.
//
// Immutable.
class Pattern {
 public:
  // What means something in the text; the rest is taken literally. Policies of version 2008-10-17 have no variables.
  struct Syntax {
    bool wildcards = false;
    bool variables = false;
  };
  // Refuses a variable that is malformed; the message says how.
  static base::Result<Pattern> Parse(std::string_view text, Syntax syntax);

  // Wildcards match any character.
  bool Matches(std::string_view subject, const ContextKeys& context) const;

  // Equality but for the case of ASCII letters. REQUIRES: parsed without wildcards.
  bool EqualsIgnoringCase(std::string_view subject, const ContextKeys& context) const;

  // As IAM's Resource element: `*` matches slashes but crosses a colon only where it is the last character of a segment
  // of the ARN (before a colon, or the very last); `?` matches no colon.
  bool MatchesResource(std::string_view arn, const ContextKeys& context) const;

  // As ArnLike: each of the six parts of an ARN by itself. `*` alone matches every ARN; text that is no ARN, nothing.
  bool MatchesArn(std::string_view arn, const ContextKeys& context) const;

  // Whether a variable stands in it, and whether one stands before the `n`th colon of the text.
  bool has_variables() const { return !variables_.empty(); }
  bool HasVariableBeforeColon(size_t n) const;
  // Colons that are text.
  size_t ColonCount() const;

 private:
  struct Variable {
    std::string name;  // as CanonicalKey
    std::optional<std::string> fallback;
  };

  // Pure wildcards, and variables resolved: nullopt when one cannot be. `scratch` holds the result where one is needed.
  std::optional<std::u16string_view> Resolve(const ContextKeys& context, std::u16string& scratch) const;
  base::Status ReadVariable(std::string_view inside);

  // One unit for each byte of text (below 0x100), wildcard or variable.
  std::u16string units_;
  std::vector<Variable> variables_;
};

}  // namespace chancery::iam
