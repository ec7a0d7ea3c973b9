#include "iam/condition.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "iam/ascii.h"

namespace chancery::iam {
namespace {

using base::Code;
using base::Error;
using Operator = Condition::Operator;
using Type = Condition::Type;
using Relation = Condition::Relation;

struct Named {
  std::string_view name;
  Type type;
  Relation relation = Relation::kEqual;
  bool negated = false;
};

constexpr Named kOperators[] = {
    {"StringEquals", Type::kString},
    {"StringNotEquals", Type::kString, Relation::kEqual, true},
    {"StringEqualsIgnoreCase", Type::kStringIgnoringCase},
    {"StringNotEqualsIgnoreCase", Type::kStringIgnoringCase, Relation::kEqual, true},
    {"StringLike", Type::kStringLike},
    {"StringNotLike", Type::kStringLike, Relation::kEqual, true},
    {"ArnEquals", Type::kArn},
    {"ArnNotEquals", Type::kArn, Relation::kEqual, true},
    {"ArnLike", Type::kArn},
    {"ArnNotLike", Type::kArn, Relation::kEqual, true},
    {"NumericEquals", Type::kNumber},
    {"NumericNotEquals", Type::kNumber, Relation::kEqual, true},
    {"NumericLessThan", Type::kNumber, Relation::kLess},
    {"NumericLessThanEquals", Type::kNumber, Relation::kLessOrEqual},
    {"NumericGreaterThan", Type::kNumber, Relation::kGreater},
    {"NumericGreaterThanEquals", Type::kNumber, Relation::kGreaterOrEqual},
    {"DateEquals", Type::kDate},
    {"DateNotEquals", Type::kDate, Relation::kEqual, true},
    {"DateLessThan", Type::kDate, Relation::kLess},
    {"DateLessThanEquals", Type::kDate, Relation::kLessOrEqual},
    {"DateGreaterThan", Type::kDate, Relation::kGreater},
    {"DateGreaterThanEquals", Type::kDate, Relation::kGreaterOrEqual},
    {"Bool", Type::kBool},
    {"IpAddress", Type::kIpAddress},
    {"NotIpAddress", Type::kIpAddress, Relation::kEqual, true},
    {"BinaryEquals", Type::kBinary},
    {"Null", Type::kNull},
};

Error Bad(std::string message) { return {Code::kBadRequest, std::move(message), {}}; }

bool TakePrefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool TakeSuffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

// The rule 3 says what counts as none.
bool IsEmptySet(const std::vector<std::string>* found) {
  return found == nullptr || (found->size() == 1 && found->front().empty());
}

base::Result<bool> ParseBool(std::string_view text) {
  if (EqualsIgnoringCase(text, "true")) return true;
  if (EqualsIgnoringCase(text, "false")) return false;
  return Bad(fmt::format("must be true or false, is {}", text));
}

template <typename Value>
base::Result<Value> Typed(std::optional<Value> value, std::string_view wanted, std::string_view text) {
  if (!value) return Bad(fmt::format("must be {}, is \"{}\"", wanted, text));
  return std::move(*value);
}

}  // namespace

base::Result<Operator> Condition::ParseOperator(std::string_view name) {
  Operator how;
  std::string_view plain = name;
  if (TakePrefix(plain, "ForAllValues:")) how.set = Operator::Set::kAll;
  if (how.set == Operator::Set::kNone && TakePrefix(plain, "ForAnyValue:")) how.set = Operator::Set::kAny;
  how.if_exists = TakeSuffix(plain, "IfExists");
  const auto* known = std::find_if(std::begin(kOperators), std::end(kOperators),
                                   [&](const Named& candidate) { return candidate.name == plain; });
  if (known == std::end(kOperators)) return Bad("is not a condition operator");
  how.type = known->type;
  how.relation = known->relation;
  how.negated = known->negated;
  if (how.type == Type::kNull && plain != name)
    return Bad("Null takes neither IfExists nor ForAllValues or ForAnyValue");
  return how;
}

Condition::Condition(Operator how, std::string_view name, std::string_view key)
    : how_(how), label_(fmt::format("{} {}", name, key)), key_(CanonicalKey(key)) {}

base::Status Condition::AddValue(std::string_view text, bool variables) {
  base::Result<Value> value = ParseValue(text, variables);
  if (!value) return value.error();
  values_.push_back(std::move(*value));
  return base::Status::Ok();
}

base::Result<Condition::Value> Condition::ParseValue(std::string_view text, bool variables) const {
  const auto as_value = [](auto result) -> base::Result<Value> {
    if (!result) return std::move(result).error();
    return Value(std::move(*result));
  };
  switch (how_.type) {
    case Type::kString:
    case Type::kStringIgnoringCase:
      return as_value(Pattern::Parse(text, {.wildcards = false, .variables = variables}));
    case Type::kStringLike:
    case Type::kArn:
      return as_value(Pattern::Parse(text, {.wildcards = true, .variables = variables}));
    case Type::kBool:
      if (variables && text.starts_with("${")) return as_value(Pattern::Parse(text, {false, true}));
      CHANCERY_RETURN_IF_ERROR(ParseBool(text));
      return as_value(Pattern::Parse(text, {}));
    case Type::kNumber:
      return as_value(Typed(ParseNumber(text), "a number", text));
    case Type::kDate:
      return as_value(Typed(ParseDate(text), "a date (ISO 8601) or UNIX time", text));
    case Type::kIpAddress:
      return as_value(Typed(ParseNetwork(text), "an IP address or a range in CIDR form", text));
    case Type::kBinary:
      return as_value(Typed(FromBase64(text), "base64", text));
    case Type::kNull:
      return as_value(ParseBool(text));
  }
  return Bad("is not known");
}

bool Condition::Holds(const ContextKeys& context) const {
  const std::vector<std::string>* found = context.Find(key_);
  const auto matches = [&](const std::string& value) { return MatchesAny(value, context); };
  const auto holds = [&](const std::string& value) { return matches(value) != how_.negated; };
  if (how_.type == Type::kNull) {
    return std::any_of(values_.begin(), values_.end(),
                       [&](const Value& absent) { return std::get<bool>(absent) == (found == nullptr); });
  }
  switch (how_.set) {
    case Operator::Set::kAll:
      return IsEmptySet(found) || std::all_of(found->begin(), found->end(), holds);
    case Operator::Set::kAny:
      return !IsEmptySet(found) && std::any_of(found->begin(), found->end(), holds);
    case Operator::Set::kNone:
      break;
  }
  if (found == nullptr) return how_.if_exists || how_.negated;
  return std::any_of(found->begin(), found->end(), matches) != how_.negated;
}

bool Condition::MatchesAny(std::string_view found, const ContextKeys& context) const {
  const auto any = [&](auto&& matches) { return std::any_of(values_.begin(), values_.end(), matches); };
  switch (how_.type) {
    case Type::kNumber:
    case Type::kDate: {
      const std::optional<double> number = how_.type == Type::kNumber ? ParseNumber(found) : ParseDate(found);
      return number && any([&](const Value& wanted) { return Compares(*number, std::get<double>(wanted)); });
    }
    case Type::kIpAddress: {
      const std::optional<Network> host = ParseNetwork(found);
      return host && any([&](const Value& wanted) { return std::get<Network>(wanted).Contains(*host); });
    }
    case Type::kBinary:
      return any([&](const Value& wanted) { return std::get<std::string>(wanted) == found; });
    default:
      return any([&](const Value& wanted) { return MatchesText(std::get<Pattern>(wanted), found, context); });
  }
}

bool Condition::MatchesText(const Pattern& wanted, std::string_view found, const ContextKeys& context) const {
  switch (how_.type) {
    case Type::kBool:
    case Type::kStringIgnoringCase:
      return wanted.EqualsIgnoringCase(found, context);
    case Type::kArn:
      return wanted.MatchesArn(found, context);
    default:
      return wanted.Matches(found, context);
  }
}

bool Condition::Compares(double found, double wanted) const {
  switch (how_.relation) {
    case Relation::kEqual:
      return found == wanted;
    case Relation::kLess:
      return found < wanted;
    case Relation::kLessOrEqual:
      return found <= wanted;
    case Relation::kGreater:
      return found > wanted;
    case Relation::kGreaterOrEqual:
      return found >= wanted;
  }
  return false;
}

}  // namespace chancery::iam
