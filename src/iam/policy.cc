#include "iam/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <functional>
#include <initializer_list>
#include <optional>
#include <set>
#include <utility>

#include "iam/ascii.h"
#include "iam/unique_keys.h"
#include "model/path.h"

namespace chancery::iam {
namespace {

namespace json = boost::json;
using base::Code;
using base::Error;
using model::Path;

// Document, Statement, statement, Condition, operator, values, and one to spare, so that a list too deep gets its path.
constexpr size_t kMaxDepth = 8;
constexpr size_t kArnColons = 5;

std::string_view View(json::string_view text) { return {text.data(), text.size()}; }

// A list, or one value that stands for a list of one.
void ForEach(const json::value& value, const Path& path,
             const std::function<void(const json::value&, const Path&)>& visit) {
  const json::array* items = value.if_array();
  if (items == nullptr) return visit(value, path);
  for (size_t i = 0; i < items->size(); ++i) visit((*items)[i], path.Item(i));
}

// The text of a condition's value: a string, a number or a boolean.
std::optional<std::string> ScalarText(const json::value& value) {
  if (const json::string* text = value.if_string()) return std::string(View(*text));
  if (const bool* flag = value.if_bool()) return *flag ? "true" : "false";
  if (const int64_t* number = value.if_int64()) return fmt::format("{}", *number);
  if (const uint64_t* number = value.if_uint64()) return fmt::format("{}", *number);
  if (const double* number = value.if_double()) return fmt::format("{}", *number);
  return std::nullopt;
}

class PolicyReader {
 public:
  PolicyDocument Read(const json::value& value) {
    const Path root;
    const json::object* object = value.if_object();
    if (object == nullptr) {
      Refuse(root, "must be an object");
      return {};
    }
    CheckMembers(*object, {"Version", "Id", "Statement"}, root);
    ReadVersion(*object, root);
    if (const json::value* id = object->if_contains("Id")) document_.id = ReadString(*id, root.Member("Id"));
    ReadStatements(*object, root.Member("Statement"));
    return std::move(document_);
  }

  std::vector<base::Violation>& violations() { return violations_; }

 private:
  void Refuse(const Path& path, std::string text) { violations_.push_back({path.ToString(), std::move(text)}); }
  void Refuse(const Path& path, const base::Status& status) {
    if (!status) Refuse(path, status.error().message);
  }

  std::string ReadString(const json::value& value, const Path& path) {
    const json::string* text = value.if_string();
    if (text == nullptr) Refuse(path, "must be a string");
    return text == nullptr ? std::string() : std::string(View(*text));
  }

  void CheckMembers(const json::object& object, std::initializer_list<std::string_view> known, const Path& path) {
    for (const auto& member : object) {
      const std::string_view name = View(member.key());
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      const bool names_principal = name == "Principal" || name == "NotPrincipal";
      Refuse(path.Member(name), names_principal ? "an identity policy names no principal: it is attached to one"
                                                : "is not an element of a policy");
    }
  }

  void ReadVersion(const json::object& object, const Path& root) {
    const json::value* value = object.if_contains("Version");
    if (value == nullptr) return;  // 2008-10-17
    const Path path = root.Member("Version");
    const std::string version = ReadString(*value, path);
    variables_ = version == "2012-10-17";
    if (value->is_string() && !variables_ && version != "2008-10-17") {
      Refuse(path, "must be 2012-10-17 or 2008-10-17");
    }
  }

  void ReadStatements(const json::object& object, const Path& path) {
    const json::value* value = object.if_contains("Statement");
    if (value == nullptr) return Refuse(path, "is required");
    if (value->is_array() && value->get_array().empty()) return Refuse(path, "must not be empty");
    ForEach(*value, path, [&](const json::value& item, const Path& at) {
      const json::object* statement = item.if_object();
      if (statement == nullptr) return Refuse(at, "must be an object");
      document_.statements.push_back(ReadStatement(*statement, at));
    });
  }

  Statement ReadStatement(const json::object& object, const Path& path) {
    CheckMembers(object, {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}, path);
    Statement statement;
    if (const json::value* sid = object.if_contains("Sid")) ReadSid(*sid, statement, path.Member("Sid"));
    ReadEffect(object, statement, path.Member("Effect"));
    ReadActions(object, statement, path);
    ReadResources(object, statement, path);
    if (const json::value* value = object.if_contains("Condition")) {
      ReadConditions(*value, statement, path.Member("Condition"));
    }
    return statement;
  }

  void ReadSid(const json::value& value, Statement& statement, const Path& path) {
    statement.sid = ReadString(value, path);
    const auto is_allowed = [](char c) { return (c >= '0' && c <= '9') || (ToLower(c) >= 'a' && ToLower(c) <= 'z'); };
    if (!std::all_of(statement.sid.begin(), statement.sid.end(), is_allowed)) {
      Refuse(path, "must be of letters A-Z, a-z and digits");
    }
    if (!statement.sid.empty() && !sids_.insert(statement.sid).second) Refuse(path, "must be unique in the policy");
  }

  void ReadEffect(const json::object& object, Statement& statement, const Path& path) {
    const json::value* value = object.if_contains("Effect");
    if (value == nullptr) return Refuse(path, "is required");
    const json::string* effect = value->if_string();
    if (effect == nullptr || (*effect != "Allow" && *effect != "Deny")) return Refuse(path, "must be Allow or Deny");
    statement.effect = *effect == "Allow" ? Effect::kAllow : Effect::kDeny;
  }

  // The one of two elements that is there, as its name; nullptr, and refused, for none or both.
  const char* OneOf(const json::object& object, const char* name, const char* negated, const Path& path) {
    const bool has = object.contains(name);
    const bool has_negated = object.contains(negated);
    if (!has && !has_negated) Refuse(path.Member(name), fmt::format("{} or {} is required", name, negated));
    if (has && has_negated) Refuse(path.Member(negated), fmt::format("must not stand beside {}", name));
    return has == has_negated ? nullptr : has ? name : negated;
  }

  // Each string of an element that is a string or a list of them, at least one.
  void ReadStrings(const json::value& value, const Path& path,
                   const std::function<void(std::string_view, const Path&)>& read) {
    if (value.is_array() && value.get_array().empty()) return Refuse(path, "must not be empty");
    ForEach(value, path, [&](const json::value& item, const Path& at) {
      const json::string* text = item.if_string();
      text == nullptr ? Refuse(at, "must be a string") : read(View(*text), at);
    });
  }

  void ReadActions(const json::object& object, Statement& statement, const Path& path) {
    const char* name = OneOf(object, "Action", "NotAction", path);
    if (name == nullptr) return;
    ReadStrings(object.at(name), path.Member(name), [&](std::string_view pattern, const Path& at) {
      if (!IsActionPattern(pattern)) return Refuse(at, "must be * or service:action, such as appmesh:DescribeMesh");
      const ActionSet actions = ActionsMatching(pattern);
      statement.actions |= actions;
      if (actions.none() && EqualsIgnoringCase(pattern.substr(0, pattern.find(':')), "appmesh")) {
        document_.warnings.push_back({at.ToString(), "names no action of App Mesh"});
      }
    });
    if (std::string_view(name) == "NotAction") statement.actions.flip();
  }

  void ReadResources(const json::object& object, Statement& statement, const Path& path) {
    const char* name = OneOf(object, "Resource", "NotResource", path);
    if (name == nullptr) return;
    statement.is_not_resource = std::string_view(name) == "NotResource";
    ReadStrings(object.at(name), path.Member(name), [&](std::string_view text, const Path& at) {
      base::Result<Pattern> pattern = Pattern::Parse(text, {.wildcards = true, .variables = variables_});
      if (!pattern) return Refuse(at, pattern.error().message);
      CheckResource(text, *pattern, at);
      statement.resources.push_back(std::move(*pattern));
    });
  }

  // IAM's own rules: an ARN or *, variables in its last part only, and no wildcard for the service.
  void CheckResource(std::string_view text, const Pattern& pattern, const Path& path) {
    if (!text.empty() && text.find_first_not_of('*') == text.npos) return;
    const bool crosses_colons = text.ends_with('*') || text.find("*:") != text.npos;
    const bool is_short = pattern.ColonCount() >= 3 && crosses_colons;
    if (!text.starts_with("arn:") || (pattern.ColonCount() < kArnColons && !is_short)) {
      return Refuse(path, "must be * or an ARN, such as arn:aws:appmesh:*:111122223333:mesh/my-mesh");
    }
    if (pattern.HasVariableBeforeColon(kArnColons)) {
      return Refuse(path, "must have its variables behind the fifth colon");
    }
    const size_t service = text.find(':', 4) + 1;
    const std::string_view name = text.substr(service, text.find(':', service) - service);
    if (name.empty() || name.find_first_of("*?") != name.npos) {
      Refuse(path, "must name its service, without wildcards");
    }
  }

  void ReadConditions(const json::value& value, Statement& statement, const Path& path) {
    const json::object* operators = value.if_object();
    if (operators == nullptr) return Refuse(path, "must be an object");
    for (const auto& member : *operators) ReadOperator(member, statement, path.Member(View(member.key())));
  }

  void ReadOperator(const json::key_value_pair& member, Statement& statement, const Path& path) {
    const auto how = Condition::ParseOperator(View(member.key()));
    if (!how) return Refuse(path, how.error().message);
    const json::object* keys = member.value().if_object();
    if (keys == nullptr) return Refuse(path, "must be an object of condition keys");
    for (const auto& key : *keys) {
      const std::string_view name = View(key.key());
      const Path at = path.Member(name);
      const size_t colon = name.find(':');
      if (colon == name.npos || colon == 0 || colon + 1 == name.size()) {
        Refuse(at, "must be a condition key, such as aws:username");
        continue;
      }
      Condition condition(*how, View(member.key()), name);
      ReadValues(key.value(), condition, at);
      if (how->type == Condition::Type::kArn) WarnOfNoArns(key.value(), at);
      statement.conditions.push_back(std::move(condition));
    }
  }

  void ReadValues(const json::value& value, Condition& condition, const Path& path) {
    if (value.is_array() && value.get_array().empty()) return Refuse(path, "must not be empty");
    ForEach(value, path, [&](const json::value& item, const Path& at) {
      const std::optional<std::string> text = ScalarText(item);
      if (!text) return Refuse(at, "must be a string, a number or a boolean");
      Refuse(at, condition.AddValue(*text, variables_));
    });
  }

  // Allowed, as by IAM, but such a value can match nothing.
  void WarnOfNoArns(const json::value& value, const Path& path) {
    ForEach(value, path, [&](const json::value& item, const Path& at) {
      const std::string text = ScalarText(item).value_or("*");
      const auto colons = static_cast<size_t>(std::count(text.begin(), text.end(), ':'));
      if (text == "*" || colons >= kArnColons || text.find("${") != text.npos) return;
      document_.warnings.push_back({at.ToString(), "is no ARN of six parts: it matches nothing"});
    });
  }

  PolicyDocument document_;
  std::vector<base::Violation> violations_;
  std::set<std::string> sids_;
  bool variables_ = false;
};

Error Refusal(std::string message, std::vector<base::Violation> violations = {}) {
  return {Code::kBadRequest, std::move(message), std::move(violations)};
}

}  // namespace

base::Result<PolicyDocument> ParsePolicy(std::string_view text) {
  if (text.size() > kMaxPolicyBytes) {
    return Refusal(fmt::format("the policy is {} bytes long, more than {}", text.size(), kMaxPolicyBytes));
  }
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::error_code error;
  const json::value value = json::parse({text.data(), text.size()}, error, {}, options);
  if (error) return Refusal(fmt::format("the policy is not valid JSON: {}", error.message()));
  PolicyReader reader;
  PolicyDocument document = reader.Read(value);
  std::vector<base::Violation> violations = RepeatedKeys(text, kMaxDepth);
  violations.insert(violations.end(), reader.violations().begin(), reader.violations().end());
  if (!violations.empty()) return Refusal("the policy is not valid", std::move(violations));
  return document;
}

}  // namespace chancery::iam
