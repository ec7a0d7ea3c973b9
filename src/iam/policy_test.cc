#include "iam/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace chancery::iam {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A good policy with one statement, of which a test spoils one thing.
std::string WithStatement(std::string_view statement) {
  return R"({"Version": "2012-10-17", "Statement": [)" + std::string(statement) + "]}";
}

std::string WithCondition(std::string_view condition) {
  return WithStatement(R"({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": )" + std::string(condition) +
                       "}");
}

std::string WithResource(std::string_view resource) {
  return WithStatement(R"({"Effect": "Allow", "Action": "*", "Resource": )" + std::string(resource) + "}");
}

std::string WithAction(std::string_view action) {
  return WithStatement(R"({"Effect": "Allow", "Resource": "*", "Action": )" + std::string(action) + "}");
}

// "path: text" for each; "ok" alone when the policy is read.
std::vector<std::string> Faults(std::string_view json) {
  const auto document = ParsePolicy(json);
  if (document) return {"ok"};
  EXPECT_EQ(document.error().code, base::Code::kBadRequest);
  std::vector<std::string> faults;
  for (const base::Violation& violation : document.error().violations) {
    faults.push_back(violation.path + ": " + violation.text);
  }
  if (faults.empty()) faults.push_back(document.error().message);
  return faults;
}

struct Refused {
  std::string json;
  std::string fault;
};

TEST(ParsePolicy, NamesWhatIsWrongAndWhere) {
  const std::string good = R"({"Effect": "Allow", "Action": "*", "Resource": "*"})";
  const Refused cases[] = {
      {"[]", ": must be an object"},
      {R"({"Version": "2012-10-17"})", "Statement: is required"},
      {R"({"Statement": []})", "Statement: must not be empty"},
      {R"({"Statement": "x"})", "Statement: must be an object"},
      {R"({"Statement": [)" + good + R"(, 7]})", "Statement[1]: must be an object"},
      {R"({"Version": "2020-01-01", "Statement": )" + good + "}", "Version: must be 2012-10-17 or 2008-10-17"},
      {R"({"Version": 2012, "Statement": )" + good + "}", "Version: must be a string"},
      {R"({"Id": {}, "Statement": )" + good + "}", "Id: must be a string"},
      {R"({"version": "2012-10-17", "Statement": )" + good + "}", "version: is not an element of a policy"},
      {R"({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Note": ""}})",
       "Statement.Note: is not an element of a policy"},
      {WithStatement(R"({"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"})"),
       "Statement[0].Principal: an identity policy names no principal: it is attached to one"},
      {WithStatement(R"({"Effect": "Allow", "Action": "*", "Resource": "*", "NotPrincipal": {"AWS": "*"}})"),
       "Statement[0].NotPrincipal: an identity policy names no principal: it is attached to one"},
      {WithStatement(R"({"Action": "*", "Resource": "*"})"), "Statement[0].Effect: is required"},
      {WithStatement(R"({"Effect": "allow", "Action": "*", "Resource": "*"})"),
       "Statement[0].Effect: must be Allow or Deny"},
      {WithStatement(R"({"Effect": ["Allow"], "Action": "*", "Resource": "*"})"),
       "Statement[0].Effect: must be Allow or Deny"},
      {WithStatement(R"({"Sid": "a b", "Effect": "Allow", "Action": "*", "Resource": "*"})"),
       "Statement[0].Sid: must be of letters A-Z, a-z and digits"},
      {WithStatement(R"({"Sid": 1, "Effect": "Allow", "Action": "*", "Resource": "*"})"),
       "Statement[0].Sid: must be a string"},
      {WithStatement(R"({"Sid": "A", "Effect": "Allow", "Action": "*", "Resource": "*"},
                        {"Sid": "A", "Effect": "Deny", "Action": "*", "Resource": "*"})"),
       "Statement[1].Sid: must be unique in the policy"},
      {WithStatement(R"({"Effect": "Allow", "Resource": "*"})"),
       "Statement[0].Action: Action or NotAction is required"},
      {WithStatement(R"({"Effect": "Allow", "Action": "*", "NotAction": "*", "Resource": "*"})"),
       "Statement[0].NotAction: must not stand beside Action"},
      {WithStatement(R"({"Effect": "Allow", "Action": "*"})"),
       "Statement[0].Resource: Resource or NotResource is required"},
      {WithStatement(R"({"Effect": "Allow", "Action": "*", "Resource": "*", "NotResource": "*"})"),
       "Statement[0].NotResource: must not stand beside Resource"},
      {WithAction("[]"), "Statement[0].Action: must not be empty"},
      {WithAction("{}"), "Statement[0].Action: must be a string"},
      {WithAction(R"(["*", 5])"), "Statement[0].Action[1]: must be a string"},
      {WithResource("[]"), "Statement[0].Resource: must not be empty"},
      {WithResource(R"([["*"]])"), "Statement[0].Resource[0]: must be a string"},
      {WithResource(R"("arn:aws:appmesh:us-east-1:${aws:PrincipalAccount}:mesh/x")"),
       "Statement[0].Resource: must have its variables behind the fifth colon"},
      {WithResource(R"("arn:aws:app*:us-east-1:111122223333:mesh/x")"),
       "Statement[0].Resource: must name its service, without wildcards"},
      {WithResource(R"(["*", "arn:aws::us-east-1:111122223333:mesh/x"])"),
       "Statement[0].Resource[1]: must name its service, without wildcards"},
      {WithResource(R"("arn:aws:appmesh:r:1:mesh/${aws:username")"),
       "Statement[0].Resource: the policy variable ${aws:username} has no closing brace"},
      {WithCondition("[]"), "Statement[0].Condition: must be an object"},
      {WithCondition(R"({"StringIs": {"a:b": "c"}})"), "Statement[0].Condition.StringIs: is not a condition operator"},
      {WithCondition(R"({"stringequals": {"a:b": "c"}})"),
       "Statement[0].Condition.stringequals: is not a condition operator"},
      {WithCondition(R"({"ForSomeValues:StringEquals": {"a:b": "c"}})"),
       "Statement[0].Condition.ForSomeValues:StringEquals: is not a condition operator"},
      {WithCondition(R"({"NullIfExists": {"a:b": "true"}})"),
       "Statement[0].Condition.NullIfExists: Null takes neither IfExists nor ForAllValues or ForAnyValue"},
      {WithCondition(R"({"StringEquals": "x"})"),
       "Statement[0].Condition.StringEquals: must be an object of condition keys"},
      {WithCondition(R"({"StringEquals": {"username": "x"}})"),
       "Statement[0].Condition.StringEquals.username: must be a condition key, such as aws:username"},
      {WithCondition(R"({"StringEquals": {"a:b": []}})"), "Statement[0].Condition.StringEquals.a:b: must not be empty"},
      {WithCondition(R"({"StringEquals": {"a:b": ["x", null]}})"),
       "Statement[0].Condition.StringEquals.a:b[1]: must be a string, a number or a boolean"},
      {WithCondition(R"({"StringLike": {"a:b": "${c}"}})"),
       "Statement[0].Condition.StringLike.a:b: the policy variable ${c} must name a condition key, such as "
       "aws:username"},
      {WithCondition(R"({"StringLike": {"a:b": "${c:d, e}"}})"),
       "Statement[0].Condition.StringLike.a:b: the policy variable ${c:d, e} must have its default between single "
       "quotes"},
      {WithCondition(R"({"Bool": {"a:b": "yes"}})"), "Statement[0].Condition.Bool.a:b: must be true or false, is yes"},
      {WithCondition(R"({"Null": {"a:b": "yes"}})"), "Statement[0].Condition.Null.a:b: must be true or false, is yes"},
      {WithCondition(R"({"NumericEquals": {"a:b": [1, "x"]}})"),
       "Statement[0].Condition.NumericEquals.a:b[1]: must be a number, is \"x\""},
      {WithCondition(R"({"NumericEquals": {"a:b": "${aws:x}"}})"),
       "Statement[0].Condition.NumericEquals.a:b: must be a number, is \"${aws:x}\""},
      {WithCondition(R"({"DateLessThan": {"a:b": "2026-02-30"}})"),
       "Statement[0].Condition.DateLessThan.a:b: must be a date (ISO 8601) or UNIX time, is \"2026-02-30\""},
      {WithCondition(R"({"NotIpAddress": {"a:b": "10.0.0.0/40"}})"),
       "Statement[0].Condition.NotIpAddress.a:b: must be an IP address or a range in CIDR form, is \"10.0.0.0/40\""},
      {WithCondition(R"({"BinaryEquals": {"a:b": "a"}})"),
       "Statement[0].Condition.BinaryEquals.a:b: must be base64, is \"a\""},
  };
  for (const Refused& refused : cases) EXPECT_THAT(Faults(refused.json), ElementsAre(refused.fault)) << refused.json;
}

TEST(ParsePolicy, ActionsHaveAService) {
  for (const char* bad : {"", "DescribeMesh", ":x", "s3:", "app*:DescribeMesh", "appmesh:Describe Mesh", "*:Get*",
                          "a b:c", "appmesh:${aws:username}", "s3:a:b"}) {
    EXPECT_THAT(Faults(WithAction("\"" + std::string(bad) + "\"")),
                ElementsAre("Statement[0].Action: must be * or service:action, such as appmesh:DescribeMesh"))
        << bad;
  }
  for (const char* good : {"*", "*:*", "acm-pca:Get*", "s3:?et*", "a4b:X", "appmesh:Nothing"}) {
    EXPECT_THAT(Faults(WithAction("\"" + std::string(good) + "\"")), ElementsAre("ok")) << good;
  }
}

TEST(ParsePolicy, ResourcesAreArns) {
  for (const char* bad : {"", "mesh/x", "*:mesh/x", "arn", "arn:*", "arn:aws:*", "arn:aws:appmesh:us-east-1:1",
                          "ARN:aws:appmesh:r:1:mesh/x", "?"}) {
    EXPECT_THAT(Faults(WithResource("\"" + std::string(bad) + "\"")),
                ElementsAre(HasSubstr("Statement[0].Resource: must be * or an ARN")))
        << bad;
  }
  for (const char* good : {"*", "**", "arn:aws:s3:::x", "arn:aws:appmesh:*", "arn:*:appmesh:*:*:mesh/${aws:username}",
                           "arn:aws:logs:r:1:log-group:x"}) {
    EXPECT_THAT(Faults(WithResource("\"" + std::string(good) + "\"")), ElementsAre("ok")) << good;
  }
}

TEST(ParsePolicy, NamesEveryFaultAtOnce) {
  EXPECT_THAT(Faults(R"({"Version": "1", "Statement": [{"Effect": "Allow", "Action": "x", "Resource": "*"}, {}]})"),
              ElementsAre(HasSubstr("Version:"), HasSubstr("Statement[0].Action:"), HasSubstr("Statement[1].Effect:"),
                          HasSubstr("Statement[1].Action:"), HasSubstr("Statement[1].Resource:")));
}

TEST(ParsePolicy, RefusesARepeatedMember) {
  EXPECT_THAT(Faults(WithStatement(
                  R"({"Effect": "Allow", "Action": "*", "Resource": "*"},
                     {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"a:b": "true"}},
                      "Condition": {}})")),
              ElementsAre("Statement[1].Condition: must not occur twice"));
  EXPECT_THAT(Faults(WithCondition(R"({"Bool": {"a:b": "true", "a:\u0062": "false"}})")),
              ElementsAre("Statement[0].Condition.Bool.a:b: must not occur twice"));
}

TEST(ParsePolicy, IsBounded) {
  const std::string big(kMaxPolicyBytes + 1, ' ');
  EXPECT_THAT(Faults(big), ElementsAre(HasSubstr("65537 bytes long")));
  std::string fits = WithResource("\"*\"");
  fits.resize(kMaxPolicyBytes, ' ');
  EXPECT_THAT(Faults(fits), ElementsAre("ok"));
  const std::string deep = std::string(1000, '[') + std::string(1000, ']');
  EXPECT_THAT(Faults(deep), ElementsAre(HasSubstr("not valid JSON")));
}

TEST(ParsePolicy, RefusesWhatIsNoJson) {
  for (const char* bad : {"", "{", "{}x", "{\"a\":}", "\xFF", "{'Statement': 1}", "{\"Statement\": [],}"}) {
    EXPECT_THAT(Faults(bad), ElementsAre(HasSubstr("not valid JSON"))) << bad;
  }
}

TEST(ParsePolicy, WarnsOfActionsThatAppMeshHasNot) {
  const auto document = ParsePolicy(WithAction(R"(["appmesh:*", "appmesh:DescribeMeshs", "s3:Nothing"])"));
  ASSERT_TRUE(document);
  EXPECT_THAT(document->warnings,
              ElementsAre(base::Violation{"Statement[0].Action[1]", "names no action of App Mesh"}));
}

TEST(ParsePolicy, WarnsOfArnsThatCanMatchNothing) {
  const auto document = ParsePolicy(
      WithCondition(R"({"ArnLike": {"a:b": ["*", "user/x", "arn:aws:iam::1:u*", "${aws:x}", "arn:aws:s3:*"]}})"));
  ASSERT_TRUE(document);
  EXPECT_THAT(
      document->warnings,
      ElementsAre(
          base::Violation{"Statement[0].Condition.ArnLike.a:b[1]", "is no ARN of six parts: it matches nothing"},
          base::Violation{"Statement[0].Condition.ArnLike.a:b[4]", "is no ARN of six parts: it matches nothing"}));
}

TEST(ParsePolicy, KeepsNames) {
  const auto document = ParsePolicy(
      R"({"Id": "mine", "Statement": {"Sid": "One", "Effect": "Deny", "NotAction": "s3:*", "NotResource": "*"}})");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->id, "mine");
  ASSERT_EQ(document->statements.size(), 1u);
  EXPECT_EQ(document->statements[0].sid, "One");
  EXPECT_EQ(document->statements[0].effect, Effect::kDeny);
  EXPECT_TRUE(document->statements[0].actions.all());
  EXPECT_TRUE(document->statements[0].is_not_resource);
}

}  // namespace
}  // namespace chancery::iam
