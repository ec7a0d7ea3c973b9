// Random policies and requests: the evaluator against a second, plain one. Alphabets are small so that things meet.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <boost/json.hpp>
#include <functional>
#include <map>

#include "iam/evaluate.h"
#include "iam/reference_evaluator.h"

namespace chancery::iam {
namespace {

namespace json = boost::json;
using reference::Keys;
using std::string;

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
  if (OneIn(6)) return json::string(arn + "*:" + name({"a", "b", "*", "?", "/", ":"}));
  arn += Pick({"us", "*", "u?", "u*s", "*s", "**"}) + ":" + Pick({"1", "*", "?", "1*2"}) + ":";
  return json::string(
      arn + name({"a", "b", "*", "?", "/", ":", "${u:name}", "${u:name, 'a'}", "${u:none, 'b'}", "${u:none}", "${*}"}));
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
  return json::string(
      Glued({"a", "A", "b", "*", "?", ":", "${u:name}", "${u:none}", "${u:none, ''}", "${u:name, 'A'}", "${?}"}, 4));
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
         Glued({"a", "b", "/", "*", "ab", ":"}, 5);
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
  const Decision::Outcome expected = reference::Evaluate(written, action, resource, keys);
  if (decision.outcome == expected) return expected;
  for (const json::value& policy : written) RC_LOG() << json::serialize(policy) << '\n';
  RC_LOG() << Explain(decision, policies, request) << '\n';
  for (const auto& [key, values] : keys) RC_LOG() << key << '=' << ::testing::PrintToString(values) << '\n';
  RC_FAIL("the two evaluators disagree");
  return expected;
}

using Written = std::vector<json::value>;

std::vector<AttachedPolicy> Parsed(const Written& written) {
  std::vector<AttachedPolicy> policies;
  for (const json::value& policy : written) {
    const string text = json::serialize(policy);
    auto document = ParsePolicy(text);
    if (!document) RC_FAIL(text + ToString(document.error()));
    policies.push_back({"p", "user u", std::make_shared<const PolicyDocument>(std::move(*document))});
  }
  return policies;
}

// A hundred runs, each of five sets of policies with twenty requests.
TEST(EvaluateProperty, AgreesWithThePlainEvaluator) {
  std::map<Decision::Outcome, int> outcomes;
  EXPECT_TRUE(rc::check([&] {
    for (int set = 0; set < 5; ++set) {
      Written written;
      for (int i = *rc::gen::inRange(1, 4); i > 0; --i) written.push_back(RandomPolicy());
      const std::vector<AttachedPolicy> policies = Parsed(written);
      for (int i = 0; i < 20; ++i) ++outcomes[AgreesOn(written, policies)];
    }
  }));
  for (const Decision::Outcome outcome :
       {Decision::Outcome::kAllow, Decision::Outcome::kExplicitDeny, Decision::Outcome::kImplicitDeny}) {
    EXPECT_GE(outcomes[outcome], 500) << "the generator has become lopsided";
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
