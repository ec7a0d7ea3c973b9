#include "iam/pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/utf8.h"
#include "iam/ascii.h"

namespace chancery::iam {
namespace {

using base::Code;
using base::Error;
using Units = std::u16string_view;

constexpr char16_t kAnyRun = 0x100;
constexpr char16_t kAnyOne = 0x101;
// The variables of a pattern follow one another: the nth of these is the nth variable.
constexpr char16_t kVariable = 0x102;
constexpr size_t kArnParts = 6;

char16_t Unit(char c) { return static_cast<unsigned char>(c); }

// Length of the character at `at`: `?` is one character, not one byte. A byte that begins none counts as one.
size_t CharacterLength(std::string_view text, size_t at) {
  return std::max<size_t>(1, base::Utf8Length(text.substr(at)));
}

// A place to come back to: the pattern behind a `*`, and how far into the subject that `*` reaches.
struct Retry {
  size_t pattern = Units::npos;
  size_t subject = 0;
  bool set() const { return pattern != Units::npos; }
};

// Matches with a place to come back to for the last `*` of each sort. The last is enough: what an earlier one of
// the same or a narrower sort could take, the later can take as well. `wide` crosses everything, `narrow` no colon.
class Matcher {
 public:
  Matcher(Units pattern, std::string_view subject, bool in_segments)
      : pattern_(pattern), subject_(subject), in_segments_(in_segments) {}

  bool Run() {
    while (p_ < pattern_.size() || s_ < subject_.size()) {
      if (!Step() && !Reconsider()) return false;
    }
    return true;
  }

 private:
  bool Step() {
    if (p_ == pattern_.size()) return false;
    if (pattern_[p_] == kAnyRun) return Remember();
    if (s_ == subject_.size()) return false;
    if (pattern_[p_] == kAnyOne) {
      if (in_segments_ && subject_[s_] == ':') return false;
      s_ += CharacterLength(subject_, s_);
    } else if (pattern_[p_] == Unit(subject_[s_])) {
      ++s_;
    } else {
      return false;
    }
    ++p_;
    return true;
  }

  bool Remember() {
    ++p_;
    if (in_segments_ && p_ < pattern_.size() && pattern_[p_] != ':') {
      narrow_ = {p_, s_};
    } else {
      wide_ = {p_, s_};
      narrow_ = {};
    }
    return true;
  }

  bool Reconsider() {
    if (narrow_.set() && narrow_.subject < subject_.size() && subject_[narrow_.subject] != ':') return Extend(narrow_);
    narrow_ = {};
    return wide_.set() && wide_.subject < subject_.size() && Extend(wide_);
  }

  bool Extend(Retry& retry) {
    retry.subject += CharacterLength(subject_, retry.subject);
    p_ = retry.pattern;
    s_ = retry.subject;
    return true;
  }

  Units pattern_;
  std::string_view subject_;
  bool in_segments_;
  size_t p_ = 0;
  size_t s_ = 0;
  Retry wide_;
  Retry narrow_;
};

bool GlobMatches(Units pattern, std::string_view subject) { return Matcher(pattern, subject, false).Run(); }

// Cuts at the first five colons; false when there are fewer.
template <typename View, typename Char>
bool CutArn(View text, Char colon, std::array<View, kArnParts>& parts) {
  for (size_t i = 0; i + 1 < kArnParts; ++i) {
    const size_t at = text.find(colon);
    if (at == View::npos) return false;
    parts[i] = text.substr(0, at);
    text.remove_prefix(at + 1);
  }
  parts.back() = text;
  return true;
}

std::string_view Trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

Error Malformed(std::string_view inside, std::string_view why) {
  return {Code::kBadRequest, fmt::format("the policy variable ${{{}}} {}", inside, why), {}};
}

}  // namespace

base::Result<Pattern> Pattern::Parse(std::string_view text, Syntax syntax) {
  Pattern pattern;
  pattern.units_.reserve(text.size());
  while (!text.empty()) {
    if (syntax.variables && text.starts_with("${")) {
      const size_t end = text.find('}');
      if (end == text.npos) return Malformed(text.substr(2), "has no closing brace");
      CHANCERY_RETURN_IF_ERROR(pattern.ReadVariable(text.substr(2, end - 2)));
      text.remove_prefix(end + 1);
      continue;
    }
    const bool wild = syntax.wildcards && (text.front() == '*' || text.front() == '?');
    pattern.units_ += !wild ? Unit(text.front()) : text.front() == '*' ? kAnyRun : kAnyOne;
    text.remove_prefix(1);
  }
  return pattern;
}

base::Status Pattern::ReadVariable(std::string_view inside) {
  if (inside == "*" || inside == "?" || inside == "$") {
    units_ += Unit(inside.front());
    return base::Status::Ok();
  }
  const size_t comma = inside.find(',');
  const std::string_view name = inside.substr(0, comma);
  const size_t colon = name.find(':');
  if (colon == name.npos || colon == 0 || colon + 1 == name.size() || name.find(' ') != name.npos) {
    return Malformed(inside, "must name a condition key, such as aws:username");
  }
  Variable variable{CanonicalKey(name), std::nullopt};
  if (comma != inside.npos) {
    const std::string_view quoted = Trim(inside.substr(comma + 1));
    if (quoted.size() < 2 || !quoted.starts_with('\'') || !quoted.ends_with('\'')) {
      return Malformed(inside, "must have its default between single quotes");
    }
    variable.fallback = quoted.substr(1, quoted.size() - 2);
  }
  units_ += kVariable;
  variables_.push_back(std::move(variable));
  return base::Status::Ok();
}

std::optional<Units> Pattern::Resolve(const ContextKeys& context, std::u16string& scratch) const {
  if (variables_.empty()) return Units(units_);
  auto variable = variables_.begin();
  for (const char16_t unit : units_) {
    if (unit != kVariable) {
      scratch += unit;
      continue;
    }
    const std::vector<std::string>* values = context.Find(variable->name);
    const bool resolved = values != nullptr && values->size() == 1;
    if (!resolved && (values != nullptr || !variable->fallback)) return std::nullopt;
    for (const char c : resolved ? values->front() : *variable->fallback) scratch += Unit(c);
    ++variable;
  }
  return Units(scratch);
}

bool Pattern::Matches(std::string_view subject, const ContextKeys& context) const {
  std::u16string scratch;
  const std::optional<Units> units = Resolve(context, scratch);
  return units && GlobMatches(*units, subject);
}

bool Pattern::EqualsIgnoringCase(std::string_view subject, const ContextKeys& context) const {
  std::u16string scratch;
  const std::optional<Units> units = Resolve(context, scratch);
  return units && std::equal(units->begin(), units->end(), subject.begin(), subject.end(), [](char16_t unit, char c) {
           return Unit(ToLower(static_cast<char>(unit))) == Unit(ToLower(c));
         });
}

bool Pattern::MatchesResource(std::string_view arn, const ContextKeys& context) const {
  std::u16string scratch;
  const std::optional<Units> units = Resolve(context, scratch);
  return units && Matcher(*units, arn, true).Run();
}

bool Pattern::MatchesArn(std::string_view arn, const ContextKeys& context) const {
  std::u16string scratch;
  const std::optional<Units> units = Resolve(context, scratch);
  std::array<Units, kArnParts> wanted;
  std::array<std::string_view, kArnParts> found;
  if (!units || !CutArn(arn, ':', found)) return false;
  if (*units == Units(&kAnyRun, 1)) return true;
  if (!CutArn(*units, u':', wanted)) return false;
  return std::equal(wanted.begin(), wanted.end(), found.begin(), GlobMatches);
}

bool Pattern::HasVariableBeforeColon(size_t n) const {
  size_t colons = 0;
  for (const char16_t unit : units_) {
    if (unit == kVariable) return true;
    if (unit == u':' && ++colons == n) return false;
  }
  return false;
}

size_t Pattern::ColonCount() const { return static_cast<size_t>(std::count(units_.begin(), units_.end(), u':')); }

}  // namespace chancery::iam
