#pragma once

// A second evaluator of policies for tests, as plain as can be: it walks the JSON of the policy, matches wildcards by
// recursion and shares nothing with the code under test but the names of the outcomes. It takes well-formed policies
// only, and of IPv6, base64 and the many forms of dates it knows nothing.

#include <boost/json.hpp>
#include <cctype>
#include <cstdint>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "iam/evaluate.h"

namespace chancery::iam::reference {

namespace json = boost::json;
using std::string;
using Keys = std::map<string, std::vector<string>>;

inline string Text(const json::value& value) {
  if (value.is_bool()) return value.get_bool() ? "true" : "false";
  if (value.is_int64()) return std::to_string(value.get_int64());
  return json::value_to<string>(value);
}

inline std::vector<string> TextsOf(const json::value& value) {
  if (!value.is_array()) return {Text(value)};
  std::vector<string> texts;
  for (const json::value& item : value.get_array()) texts.push_back(Text(item));
  return texts;
}

// A pattern is characters, each with whether it is a wildcard: the characters of variables are not.
using Signs = std::vector<std::pair<char, bool>>;

// false: a variable cannot be resolved.
inline bool Expand(const string& text, bool wildcards, bool variables, const Keys& keys, Signs& signs) {
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

inline bool Glob(const Signs& pattern, size_t p, const string& text, size_t t, bool segments) {
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

inline bool ArnGlob(const Signs& pattern, const string& arn) {
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

inline string Lower(string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(c));
  return text;
}

inline uint32_t Ip(const string& text) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  char dot = 0;
  std::istringstream(text) >> a >> dot >> b >> dot >> c >> dot >> d;
  return a << 24 | b << 16 | c << 8 | d;
}

// One value of the request against one of the policy. Dates are of one form, so that they compare as text.
inline bool Pair(const string& op, const string& found, const string& wanted, bool variables, const Keys& keys) {
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

inline bool ConditionHolds(string op, const string& key, const std::vector<string>& wanted, bool variables,
                           const Keys& keys) {
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

inline bool AnyPattern(const json::value& value, const string& text, bool lower, bool segments, bool variables,
                       const Keys& keys) {
  for (string pattern : TextsOf(value)) {
    Signs signs;
    if (!Expand(lower ? Lower(pattern) : pattern, true, variables, keys, signs)) continue;
    if (Glob(signs, 0, lower ? Lower(text) : text, 0, segments)) return true;
  }
  return false;
}

inline bool Applies(const json::object& statement, bool variables, const string& action, const string& resource,
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

inline Decision::Outcome Evaluate(const std::vector<json::value>& policies, const string& action,
                                  const string& resource, const Keys& keys) {
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

}  // namespace chancery::iam::reference
