// The policy suite: testdata/policy_cases.json. `documents` are policies by name. Each of `cases` says what they decide
// for ada of account 111122223333: the action may leave out its service, the resource what stands before it, and `by`
// is the policy, statement and Sid that decided. Each of `conditions` gives contexts in which it holds and fails; it
// runs as the condition of an Allow, and as that of a Deny beside an Allow.

#include "iam/evaluate.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <iterator>
#include <map>

namespace chancery::iam {
namespace {

namespace json = boost::json;

std::string Text(const json::value& value) { return json::value_to<std::string>(value); }

const Principal kAda{"111122223333", "ada", "arn:aws:iam::111122223333:user/ada", "AKIDEXAMPLE"};

std::shared_ptr<const PolicyDocument> Document(const json::value& policy) {
  auto document = ParsePolicy(json::serialize(policy));
  EXPECT_TRUE(document) << (document ? "" : ToString(document.error()));
  return std::make_shared<const PolicyDocument>(document ? std::move(*document) : PolicyDocument{});
}

// Ada's keys, but for those that the case gives itself.
ContextKeys Context(const json::value& given) {
  ContextKeys context;
  for (const auto& [key, value] : given.as_object()) {
    if (value.is_string()) context.Add({key.data(), key.size()}, Text(value));
    if (!value.is_array()) continue;
    for (const json::value& item : value.get_array()) context.Add({key.data(), key.size()}, Text(item));
  }
  const ContextKeys ada = PrincipalKeys(kAda);
  for (const char* key : {"aws:principalarn", "aws:principalaccount", "aws:username"}) {
    if (context.Find(key) == nullptr) context.Add(key, ada.Find(key)->front());
  }
  return context;
}

AccessRequest Request(std::string action, std::string resource, const json::value& context) {
  if (action.find(':') == action.npos) action = "appmesh:" + action;
  if (resource != "*" && !resource.starts_with("arn:")) {
    resource = "arn:aws:appmesh:us-east-1:111122223333:" + resource;
  }
  return {kAda, std::move(action), std::move(resource), Context(context)};
}

std::string Outcome(const Decision& decision) {
  switch (decision.outcome) {
    case Decision::Outcome::kAllow:
      return "allow";
    case Decision::Outcome::kExplicitDeny:
      return "explicit deny";
    case Decision::Outcome::kImplicitDeny:
      return "implicit deny";
  }
  return "";
}

class PolicySuite : public ::testing::Test {
 protected:
  PolicySuite() {
    std::ifstream file("testdata/policy_cases.json");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    suite_ = json::parse(text);
    for (const auto& [name, policy] : suite_.at("documents").as_object()) documents_[name] = Document(policy);
  }

  void RunCase(const json::object& item) {
    std::vector<AttachedPolicy> policies;
    for (const json::value& name : item.at("policies").as_array()) {
      ASSERT_TRUE(documents_.contains(Text(name))) << Text(name);
      policies.push_back({Text(name), "user ada", documents_.at(Text(name))});
    }
    const json::value* context = item.if_contains("context");
    const AccessRequest request = Request(Text(item.at("action")), Text(item.at("resource")),
                                          context == nullptr ? json::value(json::object()) : *context);
    const Decision decision = Evaluate(policies, request);
    const std::string explained = Explain(decision, policies, request);
    EXPECT_EQ(Outcome(decision), Text(item.at("expect"))) << explained;
    EXPECT_EQ(decision.policy == nullptr, Text(item.at("expect")) == "implicit deny");
    if (!item.contains("by") || decision.policy == nullptr) return;
    std::string by = fmt::format("{}/{}", decision.policy - policies.data(), decision.statement);
    const std::string& sid = decision.policy->document->statements[decision.statement].sid;
    if (!sid.empty()) by += " " + sid;
    EXPECT_EQ(by, Text(item.at("by"))) << explained;
  }

  json::value suite_;
  std::map<std::string, std::shared_ptr<const PolicyDocument>> documents_;
};

TEST_F(PolicySuite, Cases) {
  size_t count = 0;
  for (const json::value& item : suite_.at("cases").as_array()) {
    SCOPED_TRACE(Text(item.at("name")));
    RunCase(item.as_object());
    ++count;
  }
  EXPECT_GE(count, 100u);
}

// An Allow under the condition, and an Allow beside a Deny under it.
std::vector<AttachedPolicy> Under(const json::value& condition, bool denies) {
  json::object statement{{"Effect", denies ? "Deny" : "Allow"}, {"Action", "*"}, {"Resource", "*"}};
  statement["Condition"] = condition;
  json::array statements = {statement};
  if (denies) statements.push_back(json::object{{"Effect", "Allow"}, {"Action", "*"}, {"Resource", "*"}});
  return {{"under", "user ada", Document(json::object{{"Version", "2012-10-17"}, {"Statement", statements}})}};
}

TEST_F(PolicySuite, Conditions) {
  size_t count = 0;
  for (const json::value& item : suite_.at("conditions").as_array()) {
    const std::vector<AttachedPolicy> allows = Under(item.at("condition"), false);
    const std::vector<AttachedPolicy> denies = Under(item.at("condition"), true);
    for (const bool holds : {true, false}) {
      for (const auto& [name, context] : item.at(holds ? "holds" : "fails").as_object()) {
        SCOPED_TRACE(json::serialize(item.at("condition")) + ": " + std::string(name));
        const AccessRequest request = Request("UpdateMesh", "mesh/shop", context);
        EXPECT_EQ(Outcome(Evaluate(allows, request)), holds ? "allow" : "implicit deny");
        EXPECT_EQ(Outcome(Evaluate(denies, request)), holds ? "explicit deny" : "allow");
        ++count;
      }
    }
  }
  EXPECT_GE(count, 200u);
}

// A typing error in the suite's own names would make a test that tests nothing.
TEST_F(PolicySuite, HasNoNameTwiceAndNoIdleDocument) {
  std::map<std::string, int> used;
  std::map<std::string, int> names;
  for (const json::value& item : suite_.at("cases").as_array()) {
    ++names[Text(item.at("name"))];
    for (const json::value& name : item.at("policies").as_array()) ++used[Text(name)];
  }
  for (const auto& [name, count] : names) EXPECT_EQ(count, 1) << name;
  for (const auto& [name, document] : documents_) EXPECT_TRUE(used.contains(name)) << name;
}

TEST(Explain, SaysWhichStatementDecided) {
  const auto policy = Document(json::parse(R"({"Version": "2012-10-17", "Statement": [
      {"Sid": "Reads", "Effect": "Allow", "Action": "appmesh:Describe*", "Resource": "*"},
      {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:appmesh:*:*:mesh/prod"},
      {"Effect": "Allow", "Action": "appmesh:UpdateMesh", "Resource": "arn:aws:appmesh:*:*:mesh/shop",
       "Condition": {"Bool": {"aws:SecureTransport": true}}}]})"));
  const std::vector<AttachedPolicy> policies = {{"mine", "group dev", policy}};
  const auto explain = [&](const char* action, const char* resource) {
    const AccessRequest request = Request(action, resource, json::object());
    return Explain(Evaluate(policies, request), policies, request);
  };
  const std::string ada = "arn:aws:iam::111122223333:user/ada ";
  const std::string here = " on arn:aws:appmesh:us-east-1:111122223333:mesh/";
  EXPECT_EQ(
      explain("DescribeMesh", "mesh/shop"),
      ada + "may appmesh:DescribeMesh" + here + "shop: statement 0 \"Reads\" of policy \"mine\" (group dev) allows it");
  EXPECT_EQ(explain("DescribeMesh", "mesh/prod"),
            ada + "may not appmesh:DescribeMesh" + here + "prod: statement 1 of policy \"mine\" (group dev) denies it");
  EXPECT_EQ(
      explain("UpdateMesh", "mesh/shop"),
      ada + "may not appmesh:UpdateMesh" + here +
          "shop: no statement of 1 policy allows it; statement 2 of policy \"mine\" (group dev) has the condition "
          "Bool aws:SecureTransport, which does not hold");
  EXPECT_EQ(
      explain("UpdateMesh", "mesh/bank"),
      ada + "may not appmesh:UpdateMesh" + here +
          "bank: no statement of 1 policy allows it; statement 2 of policy \"mine\" (group dev) does not name the "
          "resource");
  EXPECT_EQ(
      explain("Explode", "mesh/bank"),
      ada + "may not appmesh:Explode" + here + "bank: no statement of 1 policy allows it; App Mesh has no such action");
}

}  // namespace
}  // namespace chancery::iam
