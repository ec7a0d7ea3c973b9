// Random policies and requests against a second evaluator that is as plain as can be: it walks the JSON of the policy,
// matches wildcards by recursion and knows nothing of the code under test. Alphabets are small so that things meet.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <boost/json.hpp>
#include <functional>
#include <map>
#include <set>
#include <sstream>

#include "iam/evaluate.h"

namespace chancery::iam {
namespace {

namespace json = boost::json;
using std::string;
using Keys = std::map<string, std::vector<string>>;

// ---------------------------------------------------------------- the reference

string Text(const json::value& value) {
  if (value.is_bool()) return value.get_bool() ? "true" : "false";
  if (value.is_int64()) return std::to_string(value.get_int64());
  return json::value_to<string>(value);
}

std::vector<string> TextsOf(const json::value& value) {
  if (!value.is_array()) return {Text(value)};
  std::vector<string> texts;
  for (const json::value& item : value.get_array()) texts.push_back(Text(item));
  return texts;
}

// A pattern is characters, each with whether it is a wildcard: the characters of variables are not.
using Signs = std::vector<std::pair<char, bool>>;

// false: a variable cannot be resolved.
bool Expand(const string& text, bool wildcards, bool variables, const Keys& keys, Signs& signs) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (!variables || text.compare(i, 2, "${") != 0) {
      signs.push_back({text[i], wildcards && (text[i] == '*' || text[i] == '?')});
      continue;
    }
    const size_t end = text.find('}', i);
    string name = text.substr(i + 2, end - i - 2);
    i = end;
    string value = name;
    if (name.size() > 1) {
      string fallback;
      const size_t comma = name.find(", '");
      if (comma != name.npos) fallback = name.substr(comma + 3, name.size() - comma - 4);
      const auto found = keys.find(name.substr(0, comma));
      if (found == keys.end() && comma == name.npos) return false;
      if (found != keys.end() && found->second.size() != 1) return false;
      value = found == keys.end() ? fallback : found->second[0];
    }
    for (const char c : value) signs.push_back({c, false});
  }
  return true;
}

bool Glob(const Signs& pattern, size_t p, const string& text, size_t t, bool segments) {
  if (p == pattern.size()) return t == text.size();
  const auto [sign, wild] = pattern[p];
  if (wild && sign == '*') {
    const bool crosses = !segments || p + 1 == pattern.size() || pattern[p + 1] == std::pair(':', false);
    if (Glob(pattern, p + 1, text, t, segments)) return true;
    return t < text.size() && (crosses || text[t] != ':') && Glob(pattern, p, text, t + 1, segments);
  }
  if (t == text.size()) return false;
  const bool fits = wild ? !segments || text[t] != ':' : sign == text[t];
  return fits && Glob(pattern, p + 1, text, t + 1, segments);
}

bool ArnGlob(const Signs& pattern, const string& arn) {
  std::vector<Signs> wanted(1);
  std::vector<string> found(1);
  for (const auto& sign : pattern) {
    if (sign.first == ':' && wanted.size() < 6) {
      wanted.emplace_back();
    } else {
      wanted.back().push_back(sign);
    }
  }
  for (const char c : arn) {
    if (c == ':' && found.size() < 6) {
      found.emplace_back();
    } else {
      found.back() += c;
    }
  }
  if (found.size() != 6) return false;
  if (pattern == Signs{{'*', true}}) return true;
  if (wanted.size() != 6) return false;
  for (size_t i = 0; i < 6; ++i) {
    if (!Glob(wanted[i], 0, found[i], 0, false)) return false;
  }
  return true;
}

string Lower(string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(c));
  return text;
}

uint32_t Ip(const string& text) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  char dot = 0;
  std::istringstream(text) >> a >> dot >> b >> dot >> c >> dot >> d;
  return a << 24 | b << 16 | c << 8 | d;
}

// One value of the request against one of the policy. Dates are of one form, so that they compare as text.
bool Pair(const string& op, const string& found, const string& wanted, bool variables, const Keys& keys) {
  Signs signs;
  if (op.starts_with("Numeric") || op.starts_with("Date")) {
    const string relation = op.substr(op.starts_with("Date") ? 4 : 7);
    const auto compare = [&](auto a, auto b) {
      if (relation == "Equals" || relation == "NotEquals") return a == b;
      if (relation == "LessThan") return a < b;
      if (relation == "LessThanEquals") return a <= b;
      if (relation == "GreaterThan") return a > b;
      return a >= b;
    };
    return op.starts_with("Date") ? compare(found, wanted) : compare(std::stod(found), std::stod(wanted));
  }
  if (op == "IpAddress" || op == "NotIpAddress") {
    const size_t slash = wanted.find('/');
    const int bits = slash == wanted.npos ? 32 : std::stoi(wanted.substr(slash + 1));
    return bits == 0 || Ip(found) >> (32 - bits) == Ip(wanted.substr(0, slash)) >> (32 - bits);
  }
  const bool wildcards = op.find("Like") != op.npos || op.starts_with("Arn");
  if (!Expand(wanted, wildcards, variables, keys, signs)) return false;
  if (op.starts_with("Arn")) return ArnGlob(signs, found);
  if (op.find("IgnoreCase") == op.npos && op != "Bool") return Glob(signs, 0, found, 0, false);
  string text;
  for (const auto& sign : signs) text += sign.first;
  return Lower(text) == Lower(found);
}

bool ConditionHolds(string op, const string& key, const std::vector<string>& wanted, bool variables, const Keys& keys) {
  const auto entry = keys.find(key);
  const bool absent = entry == keys.end();
  if (op == "Null") {
    for (const string& want : wanted) {
      if ((want == "true") == absent) return true;
    }
    return false;
  }
  const bool all = op.starts_with("ForAllValues:");
  const bool any = op.starts_with("ForAnyValue:");
  if (all || any) op = op.substr(op.find(':') + 1);
  const bool if_exists = op.ends_with("IfExists");
  if (if_exists) op = op.substr(0, op.size() - 8);
  const bool negated = op.find("Not") != op.npos;
  const auto matches = [&](const string& found) {
    for (const string& want : wanted) {
      if (Pair(op, found, want, variables, keys)) return true;
    }
    return false;
  };
  std::vector<string> found = absent ? std::vector<string>{} : entry->second;
  if (all || any) {
    if (found == std::vector<string>{""}) found.clear();
    for (const string& value : found) {
      if ((matches(value) != negated) == any) return any;
    }
    return all;
  }
  if (absent && (if_exists || negated)) return true;
  for (const string& value : found) {
    if (matches(value)) return !negated;
  }
  return !absent && negated;
}

bool AnyPattern(const json::value& value, const string& text, bool lower, bool segments, bool variables,
                const Keys& keys) {
  for (string pattern : TextsOf(value)) {
    Signs signs;
    if (!Expand(lower ? Lower(pattern) : pattern, true, variables, keys, signs)) continue;
    if (Glob(signs, 0, lower ? Lower(text) : text, 0, segments)) return true;
  }
  return false;
}

bool Applies(const json::object& statement, bool variables, const string& action, const string& resource,
             const Keys& keys) {
  if (statement.contains("Action")) {
    if (!AnyPattern(statement.at("Action"), action, true, false, false, keys)) return false;
  } else if (AnyPattern(statement.at("NotAction"), action, true, false, false, keys)) {
    return false;
  }
  if (statement.contains("Resource")) {
    if (!AnyPattern(statement.at("Resource"), resource, false, true, variables, keys)) return false;
  } else if (AnyPattern(statement.at("NotResource"), resource, false, true, variables, keys)) {
    return false;
  }
  if (!statement.contains("Condition")) return true;
  for (const auto& op : statement.at("Condition").as_object()) {
    for (const auto& key : op.value().as_object()) {
      if (!ConditionHolds(string(op.key()), string(key.key()), TextsOf(key.value()), variables, keys)) return false;
    }
  }
  return true;
}

Decision::Outcome Reference(const std::vector<json::value>& policies, const string& action, const string& resource,
                            const Keys& keys) {
  bool allowed = false;
  for (const json::value& policy : policies) {
    const json::object& document = policy.as_object();
    const bool variables = document.contains("Version") && document.at("Version") == "2012-10-17";
    for (const json::value& item : document.at("Statement").as_array()) {
      if (!Applies(item.as_object(), variables, action, resource, keys)) continue;
      if (item.at("Effect") == "Deny") return Decision::Outcome::kExplicitDeny;
      allowed = true;
    }
  }
  return allowed ? Decision::Outcome::kAllow : Decision::Outcome::kImplicitDeny;
}

// ---------------------------------------------------------------- what is random

string Pick(std::vector<string> choices) { return *rc::gen::elementOf(std::move(choices)); }

bool OneIn(int n) { return *rc::gen::inRange(0, n) == 0; }

json::value List(int most, const std::function<json::value()>& item) {
  const int count = *rc::gen::inRange(1, most + 1);
  if (count == 1 && OneIn(2)) return item();
  json::array items;
  for (int i = 0; i < count; ++i) items.push_back(item());
  return items;
}

json::value ActionPattern() {
  return json::string(
      Pick({"*", "appmesh:*", "appmesh:Describe*", "APPMESH:describe*", "appmesh:*Mesh", "appmesh:?reateMesh",
            "appmesh:CreateMesh", "appmesh:DescribeMesh", "appmesh:*e*M*", "s3:*", "appmesh:List*"}));
}

string Glued(const std::vector<string>& pieces, int most) {
  string text;
  for (int i = *rc::gen::inRange(0, most); i > 0; --i) text += Pick(pieces);
  return text;
}

json::value ResourcePattern() {
  if (OneIn(6)) return json::string("*");
  string arn = "arn:" + Pick({"aws", "*", "a?s"}) + ":appmesh:";
  if (OneIn(8)) return json::string(arn + "*");
  const auto name = [](std::vector<string> pieces) { return "mesh/" + Glued(pieces, 5); };
  if (OneIn(6)) return json::string(arn + "*:" + name({"a", "b", "*", "?", "/"}));
  arn += Pick({"us", "*", "u?", "u*s", "*s", "**"}) + ":" + Pick({"1", "*", "?", "1*2"}) + ":";
  return json::string(arn + name({"a", "b", "*", "?", "/", "${u:name}", "${u:none, 'b'}", "${u:none}", "${*}"}));
}

json::value ConditionValue(const string& op) {
  if (op.find("Numeric") != op.npos) {
    return OneIn(2) ? json::value(*rc::gen::inRange(0, 5)) : json::value(Pick({"1", "2.5", "3.0", "-1"}));
  }
  if (op.find("Date") != op.npos) return json::string(Pick({"2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"}));
  if (op.find("Ip") != op.npos) return json::string(Pick({"10.0.0.0/8", "10.128.0.0/9", "10.1.2.3", "0.0.0.0/0"}));
  if (op.find("Bool") != op.npos) return OneIn(2) ? json::value(OneIn(2)) : json::value(Pick({"true", "False"}));
  if (op == "Null") return json::value(OneIn(2));
  if (op.find("Arn") != op.npos) {
    return json::string(
        Pick({"*", "arn:*:x:*:1:a*", "arn:aws:x:r:?:a/b", "arn:aws:x:*:a", "${a:arn}", "arn:aws:x:r:1:*:${u:name}"}));
  }
  return json::string(Glued({"a", "A", "b", "*", "?", ":", "${u:name}", "${u:none}", "${u:none, ''}", "${?}"}, 4));
}

string RandomOperator() {
  const string plain = Pick({"StringEquals",
                             "StringNotEquals",
                             "StringEqualsIgnoreCase",
                             "StringNotEqualsIgnoreCase",
                             "StringLike",
                             "StringNotLike",
                             "ArnEquals",
                             "ArnNotEquals",
                             "ArnLike",
                             "ArnNotLike",
                             "NumericEquals",
                             "NumericNotEquals",
                             "NumericLessThan",
                             "NumericLessThanEquals",
                             "NumericGreaterThan",
                             "NumericGreaterThanEquals",
                             "DateEquals",
                             "DateNotEquals",
                             "DateLessThan",
                             "DateLessThanEquals",
                             "DateGreaterThan",
                             "DateGreaterThanEquals",
                             "Bool",
                             "IpAddress",
                             "NotIpAddress",
                             "Null"});
  if (plain == "Null") return plain;
  return Pick({"", "", "ForAllValues:", "ForAnyValue:"}) + plain + Pick({"", "", "IfExists"});
}

string KeyFor(const string& op) {
  if (op == "Null") return Pick({"s:one", "s:none", "n:n", "u:name"});
  if (op.find("Numeric") != op.npos) return "n:n";
  if (op.find("Date") != op.npos) return "d:d";
  if (op.find("Ip") != op.npos) return "i:i";
  if (op.find("Bool") != op.npos) return "b:b";
  if (op.find("Arn") != op.npos) return "a:arn";
  return Pick({"s:one", "s:two", "u:name"});
}

json::object RandomStatement() {
  json::object statement{{"Effect", OneIn(4) ? "Deny" : "Allow"}};
  statement[OneIn(5) ? "NotAction" : "Action"] = List(3, ActionPattern);
  statement[OneIn(5) ? "NotResource" : "Resource"] = List(3, ResourcePattern);
  json::object conditions;
  for (int i = *rc::gen::inRange(0, 3); i > 0; --i) {
    const string op = RandomOperator();
    conditions[op] = json::object{{KeyFor(op), List(3, [&] { return ConditionValue(op); })}};
  }
  if (!conditions.empty()) statement["Condition"] = conditions;
  return statement;
}

json::value RandomPolicy() {
  json::array statements;
  for (int i = *rc::gen::inRange(1, 4); i > 0; --i) statements.push_back(RandomStatement());
  json::object policy{{"Statement", statements}};
  if (!OneIn(6)) policy["Version"] = OneIn(8) ? "2008-10-17" : "2012-10-17";
  return policy;
}

Keys RandomKeys() {
  Keys keys;
  const auto maybe = [&](const string& key, int most, const std::function<string()>& value) {
    for (int i = *rc::gen::inRange(0, most + 1); i > 0; --i) keys[key].push_back(value());
  };
  const auto text = [] { return Glued({"a", "A", "b", "*", "?", ":"}, 4); };
  maybe("s:one", 3, text);
  maybe("s:two", 1, text);
  maybe("u:name", OneIn(8) ? 2 : 1, [] { return Pick({"a", "b", "ab", "*", "a:b"}); });
  maybe("n:n", 2, [] { return Pick({"1", "2", "2.5", "3", "-1", "0"}); });
  maybe("d:d", 2, [] { return Pick({"2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2025-12-31T23:59:59Z"}); });
  maybe("i:i", 2, [] { return Pick({"10.1.2.3", "10.200.0.1", "11.0.0.1"}); });
  maybe("b:b", 1, [] { return Pick({"true", "false", "TRUE"}); });
  maybe("a:arn", 2,
        [] { return Pick({"arn:aws:x:r:1:a/b", "arn:aws:x:r:1:ab", "arn:aws:x:r:1:k:a", "arn:aws:x:a", "a"}); });
  return keys;
}

string RandomResource() {
  if (OneIn(10)) return "*";
  return "arn:aws:appmesh:" + Pick({"us", "uxs", "eu"}) + ":" + Pick({"1", "2", "12"}) + ":mesh/" +
         Glued({"a", "b", "/", "*", "ab", "c"}, 4);
}

Decision::Outcome AgreesOn(const std::vector<json::value>& written, const std::vector<AttachedPolicy>& policies) {
  const string action =
      Pick({"appmesh:CreateMesh", "appmesh:DescribeMesh", "appmesh:ListMeshes", "appmesh:TagResource"});
  const string resource = RandomResource();
  const Keys keys = RandomKeys();
  AccessRequest request{{}, action, resource, {}};
  for (const auto& [key, values] : keys) {
    for (const string& value : values) request.context.Add(key, value);
  }
  const Decision decision = Evaluate(policies, request);
  const Decision::Outcome expected = Reference(written, action, resource, keys);
  if (decision.outcome == expected) return expected;
  for (const json::value& policy : written) RC_LOG() << json::serialize(policy) << '\n';
  RC_LOG() << Explain(decision, policies, request) << '\n';
  for (const auto& [key, values] : keys) RC_LOG() << key << '=' << ::testing::PrintToString(values) << '\n';
  RC_FAIL("the two evaluators disagree");
  return expected;
}

// A hundred sets of policies, thirty requests each.
TEST(EvaluateProperty, AgreesWithThePlainEvaluator) {
  std::map<Decision::Outcome, int> outcomes;
  EXPECT_TRUE(rc::check([&] {
    std::vector<json::value> written;
    std::vector<AttachedPolicy> policies;
    for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
      written.push_back(RandomPolicy());
      const string text = json::serialize(written.back());
      auto document = ParsePolicy(text);
      if (!document) RC_FAIL(text + ToString(document.error()));
      policies.push_back({"p", "user u", std::make_shared<const PolicyDocument>(std::move(*document))});
    }
    for (int i = 0; i < 30; ++i) ++outcomes[AgreesOn(written, policies)];
  }));
  for (const Decision::Outcome outcome :
       {Decision::Outcome::kAllow, Decision::Outcome::kExplicitDeny, Decision::Outcome::kImplicitDeny}) {
    EXPECT_GE(outcomes[outcome], 100) << "the generator has become lopsided";
  }
}

// Text that is no policy, or nearly one, gives an error or a policy that can be evaluated.
TEST(EvaluateProperty, BrokenPoliciesAreRefusedQuietly) {
  EXPECT_TRUE(rc::check([] {
    string text = json::serialize(RandomPolicy());
    for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
      const auto at = static_cast<size_t>(*rc::gen::inRange<int>(0, static_cast<int>(text.size()) + 1));
      text.replace(at, static_cast<size_t>(*rc::gen::inRange(0, 4)),
                   Pick({"", "\"", "[", "]", "{", "}", ",", "null", "\\u0000", "${", "1e999", "\xFF", ":", "*"}));
    }
    auto document = ParsePolicy(text);
    if (!document) return;
    const std::vector<AttachedPolicy> policies = {
        {"p", "account", std::make_shared<const PolicyDocument>(std::move(*document))}};
    const AccessRequest request{{}, "appmesh:CreateMesh", RandomResource(), {}};
    (void)Explain(Evaluate(policies, request), policies, request);
  }));
}

}  // namespace
}  // namespace chancery::iam
