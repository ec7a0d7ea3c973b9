#include "frontend/iam_gate.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "frontend/api_fixture.h"
#include "frontend/sharing.h"
#include "iam/bearer_testing.h"
#include "iam/iam_fixture.h"
#include "iam/jwks.h"
#include "iam/sigv4_testing.h"

namespace chancery::frontend {
namespace {

using iam::testing::OwnedRequest;
using iam::testing::Signer;
using store::AttachedTo;

// The API behind the real gate, asked by users with keys.
class IamGateTest : public iam::IamFixture {
 protected:
  struct User {
    std::string id;
    std::string secret;
  };

  User NewUser(const std::string& name, const std::string& policy = "") const {
    const auto key = admin_->CreateKey(kAccount, name);
    if (!policy.empty()) {
      EXPECT_TRUE(admin_->Attach(kAccount, policy, {AttachedTo::kUser, name}));
    }
    return {key->access_key_id, key->secret};
  }

  Signer SignerOf(const User& user) const {
    return {user.id, user.secret, "us-west-2", "appmesh", std::chrono::floor<std::chrono::seconds>(clock_.WallNow())};
  }

  Request Signed(const Signer& signer, std::string method, const std::string& path, std::string body = "") const {
    OwnedRequest request{std::move(method), "/v20190125" + path, {{"Host", "mesh.test"}}, std::move(body)};
    iam::testing::SignSigV4(signer, request);
    return {request.method, request.target, request.headers, request.body, "10.1.2.3", true};
  }
  Answer Call(const User& user, std::string method, const std::string& path, std::string body = "") {
    return api_.Handle(Signed(SignerOf(user), std::move(method), path, std::move(body)));
  }

  static std::string ErrorOf(const Answer& answer) { return std::string(HeaderOf(answer.headers, "x-amzn-ErrorType")); }

  IamGate gate_{"us-west-2", *directory_, clock_, {}};
  std::vector<AuditEvent> audited_;
  Api api_{
      {kAccount, "us-west-2", "aws"}, store_, clock_, gate_, [this](const AuditEvent& e) { audited_.push_back(e); }};
};

TEST_F(IamGateTest, ASignedAndAllowedCallWorks) {
  const User ann = NewUser("ann", "AWSAppMeshFullAccess");
  const Answer answer = Call(ann, "PUT", "/meshes", R"({"meshName":"m"})");
  EXPECT_EQ(answer.status, 200) << answer.body;
  const auto record = store_.ReadTransaction(store_.Newest());
  EXPECT_EQ((*record)->record.actor(), "arn:aws:iam::111122223333:user/ann");
  EXPECT_EQ((*record)->record.source(), "10.1.2.3");
  EXPECT_EQ((*record)->record.request_id(), HeaderOf(answer.headers, "x-amzn-RequestId"));
}

TEST_F(IamGateTest, WhoIsNotKnownIsRefused) {
  const User ann = NewUser("ann", "AWSAppMeshFullAccess");
  EXPECT_EQ(ErrorOf(api_.Handle({"GET", "/v20190125/meshes"})), "MissingAuthenticationTokenException");
  EXPECT_EQ(ErrorOf(api_.Handle({"GET", "/v20190125/meshes", {{"Authorization", "AWS4-HMAC-SHA256 x"}}})),
            "IncompleteSignatureException");
  EXPECT_EQ(ErrorOf(Call({"CHKAUNKNOWN", ann.secret}, "GET", "/meshes")), "UnrecognizedClientException");
  EXPECT_EQ(ErrorOf(Call({ann.id, "wrong"}, "GET", "/meshes")), "InvalidSignatureException");
  ASSERT_TRUE(admin_->SetKeyDisabled(ann.id, true));
  const Answer disabled = Call(ann, "GET", "/meshes");
  EXPECT_EQ(disabled.status, 403);
  EXPECT_EQ(ErrorOf(disabled), "UnrecognizedClientException");
  ASSERT_TRUE(admin_->SetKeyDisabled(ann.id, false));
  EXPECT_EQ(Call(ann, "GET", "/meshes").status, 200);
}

TEST_F(IamGateTest, AnAlteredBodyAnOldDateAnotherRegionOrServiceIsRefused) {
  const User ann = NewUser("ann", "AWSAppMeshFullAccess");
  Request altered = Signed(SignerOf(ann), "PUT", "/meshes", R"({"meshName":"m"})");
  altered.body = R"({"meshName":"x"})";
  EXPECT_EQ(ErrorOf(api_.Handle(altered)), "InvalidSignatureException");
  Signer signer = SignerOf(ann);
  signer.time -= std::chrono::minutes(6);
  EXPECT_EQ(ErrorOf(api_.Handle(Signed(signer, "GET", "/meshes"))), "InvalidSignatureException");
  signer = SignerOf(ann);
  signer.region = "eu-west-1";
  EXPECT_EQ(ErrorOf(api_.Handle(Signed(signer, "GET", "/meshes"))), "InvalidSignatureException");
  signer = SignerOf(ann);
  signer.service = "s3";
  EXPECT_EQ(ErrorOf(api_.Handle(Signed(signer, "GET", "/meshes"))), "InvalidSignatureException");
}

// The API behind the gate that takes the tokens of an issuer too.
class BearerGateTest : public IamGateTest {
 protected:
  BearerGateTest() { EXPECT_TRUE(jwks_.Poll()); }

  static iam::BearerRules Rules() {
    iam::BearerRules rules;
    rules.issuer = "i";
    rules.audience = "a";
    rules.account = kAccount;
    return rules;
  }
  static iam::JwksOptions Options() {
    iam::JwksOptions options;
    options.location = "x";
    options.patience = std::chrono::milliseconds(0);
    return options;
  }
  static std::string Token(const std::string& more) {
    return Key().Token("ES256", R"({"iss":"i","aud":"a","sub":"ann","exp":99999999999)" + more + "}");
  }
  static const iam::testing::IssuerKey& Key() {
    static const auto key = iam::testing::IssuerKey::Ec("k");
    return key;
  }
  Answer Ask(const std::string& authorization, const std::string& method = "GET", const std::string& path = "/meshes",
             const std::string& body = "") {
    return tokens_api_.Handle(
        {method, "/v20190125" + path, {{"Authorization", authorization}}, body, "10.1.2.3", true});
  }

  iam::Jwks jwks_{Options(),
                  [](const std::string&, const std::stop_token&) -> base::Result<std::string> {
                    return iam::testing::KeySetOf(Key().Jwk());
                  },
                  clock_};
  iam::TokenVerifier verifier_{Rules(), jwks_, clock_};
  IamGate tokens_gate_{"us-west-2", *directory_, clock_, {}, &verifier_};
  Api tokens_api_{{kAccount, "us-west-2", "aws"}, store_, clock_, tokens_gate_, [this](const AuditEvent& e) {
                    audited_.push_back(e);
                  }};
};

TEST_F(BearerGateTest, ATokenActsAsItsUser) {
  const std::string token = Token("");
  EXPECT_EQ(ErrorOf(Ask("Bearer " + token)), "AccessDeniedException");
  ASSERT_TRUE(admin_->Attach(kAccount, "AWSAppMeshFullAccess", {AttachedTo::kUser, "ann"}));
  const Answer answer = Ask("bearer  " + token, "PUT", "/meshes", R"({"meshName":"m"})");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ((*store_.ReadTransaction(store_.Newest()))->record.actor(), "arn:aws:iam::111122223333:user/ann");
  EXPECT_EQ(audited_.back().actor, "arn:aws:iam::111122223333:user/ann");
  EXPECT_EQ(audited_.back().access_key_id, "");
  // Twice, for a token is not a signature of one request.
  EXPECT_EQ(Ask("Bearer " + token).status, 200);
  EXPECT_EQ(Ask("Bearer " + token).status, 200);
}

TEST_F(BearerGateTest, GroupsOfATokenAllowAndDeny) {
  ASSERT_TRUE(admin_->Attach(kAccount, "AWSAppMeshFullAccess", {AttachedTo::kGroup, "ops"}));
  ASSERT_TRUE(admin_->PutPolicy(kAccount, "frozen", R"({"Version":"2012-10-17","Statement":[{"Effect":"Deny",
      "Action":"appmesh:CreateMesh","Resource":"*"}]})"));
  ASSERT_TRUE(admin_->Attach(kAccount, "frozen", {AttachedTo::kGroup, "guests"}));
  const auto create = [this](const std::string& more) {
    return ErrorOf(Ask("Bearer " + Token(more), "PUT", "/meshes", R"({"meshName":"m"})"));
  };
  EXPECT_EQ(create(""), "AccessDeniedException");
  EXPECT_EQ(create(R"(,"groups":["dev"])"), "AccessDeniedException");
  EXPECT_EQ(create(R"(,"groups":["ops","guests"])"), "AccessDeniedException");
  EXPECT_EQ(create(R"(,"groups":["ops"],"account":"999922223333")"), "AccessDeniedException");
  EXPECT_EQ(create(R"(,"groups":["ops"])"), "");
}

TEST_F(BearerGateTest, WhatIsNoTokenIsRefusedWithoutTellingIt) {
  ASSERT_TRUE(admin_->Attach(kAccount, "AWSAppMeshFullAccess", {AttachedTo::kUser, "ann"}));
  EXPECT_EQ(ErrorOf(Ask("Bearer")), "MissingAuthenticationTokenException");
  EXPECT_EQ(ErrorOf(Ask("Bearer ")), "MissingAuthenticationTokenException");
  EXPECT_EQ(ErrorOf(Ask("Bearer x")), "UnrecognizedClientException");
  EXPECT_EQ(ErrorOf(Ask("Bearers " + Token(""))), "IncompleteSignatureException");
  const std::string token = Token(R"(,"aud":"other")");
  const Answer refused = Ask("Bearer " + token);
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(ErrorOf(refused), "UnrecognizedClientException");
  EXPECT_NE(refused.body.find("claim aud"), std::string::npos) << refused.body;
  EXPECT_EQ(refused.body.find(token.substr(0, 20)), std::string::npos);
  // Keys work beside tokens; where no issuer is trusted, tokens do not.
  const User ann = NewUser("ann");
  EXPECT_EQ(tokens_api_.Handle(Signed(SignerOf(ann), "GET", "/meshes")).status, 200);
  EXPECT_EQ(ErrorOf(api_.Handle({"GET", "/v20190125/meshes", {{"Authorization", "Bearer " + Token("")}}})),
            "UnrecognizedClientException");
}

TEST_F(IamGateTest, NothingIsAllowedByDefault) {
  const User ann = NewUser("ann");
  const Answer answer = Call(ann, "GET", "/meshes");
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(ErrorOf(answer), "AccessDeniedException");
  EXPECT_NE(answer.body.find("User: arn:aws:iam::111122223333:user/ann is not authorized to perform: "
                             "appmesh:ListMeshes on resource: * because no identity-based policy allows"),
            std::string::npos)
      << answer.body;
}

TEST_F(IamGateTest, APolicyChangeHoldsForTheNextCall) {
  const User ann = NewUser("ann", "AWSAppMeshReadOnly");
  EXPECT_EQ(Call(ann, "GET", "/meshes").status, 200);
  EXPECT_EQ(ErrorOf(Call(ann, "PUT", "/meshes", R"({"meshName":"m"})")), "AccessDeniedException");
  ASSERT_TRUE(admin_->Detach(kAccount, "AWSAppMeshReadOnly", {AttachedTo::kUser, "ann"}));
  EXPECT_EQ(ErrorOf(Call(ann, "GET", "/meshes")), "AccessDeniedException");
}

// Permission on the route alone does not let it point to somebody's node.
TEST_F(IamGateTest, ACreateNeedsPermissionOnEachReferencedResource) {
  const User root = NewUser("root", "AWSAppMeshFullAccess");
  ASSERT_EQ(Call(root, "PUT", "/meshes", R"({"meshName":"m"})").status, 200);
  ASSERT_EQ(Call(root, "PUT", "/meshes/m/virtualRouters", R"({"virtualRouterName":"r","spec":{}})").status, 200);
  ASSERT_EQ(Call(root, "PUT", "/meshes/m/virtualNodes", R"({"virtualNodeName":"n","spec":{}})").status, 200);
  ASSERT_TRUE(admin_->PutPolicy(kAccount, "routes", Allow("appmesh:*", "arn:aws:appmesh:*:*:mesh/m/virtualRouter/*")));
  ASSERT_TRUE(
      admin_->PutPolicy(kAccount, "node", Allow("appmesh:CreateRoute", "arn:aws:appmesh:*:*:mesh/m/virtualNode/n")));
  const User ann = NewUser("ann", "routes");
  const std::string body =
      R"({"routeName":"t","spec":{"tcpRoute":{"action":{"weightedTargets":[{"virtualNode":"n","weight":1}]}}}})";
  const Answer refused = Call(ann, "PUT", "/meshes/m/virtualRouter/r/routes", body);
  EXPECT_EQ(ErrorOf(refused), "AccessDeniedException");
  EXPECT_NE(refused.body.find("mesh/m/virtualNode/n"), std::string::npos);
  ASSERT_TRUE(admin_->Attach(kAccount, "node", {AttachedTo::kUser, "ann"}));
  EXPECT_EQ(Call(ann, "PUT", "/meshes/m/virtualRouter/r/routes", body).status, 200);
}

TEST_F(IamGateTest, ConditionsSeeTagsAddressAndTransport) {
  const User root = NewUser("root", "AWSAppMeshFullAccess");
  ASSERT_EQ(Call(root, "PUT", "/meshes", R"({"meshName":"blue","tags":[{"key":"team","value":"blue"}]})").status, 200);
  ASSERT_EQ(Call(root, "PUT", "/meshes", R"({"meshName":"red","tags":[{"key":"team","value":"red"}]})").status, 200);
  ASSERT_TRUE(admin_->PutPolicy(kAccount, "own", R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow",
      "Action":"appmesh:*","Resource":"*","Condition":{"StringEquals":{"appmesh:ResourceTag/team":"${aws:username}"},
      "IpAddress":{"aws:SourceIp":"10.0.0.0/8"},"Bool":{"aws:SecureTransport":"true"}}}]})"));
  const User blue = NewUser("blue", "own");
  EXPECT_EQ(Call(blue, "GET", "/meshes/blue").status, 200);
  EXPECT_EQ(ErrorOf(Call(blue, "GET", "/meshes/red")), "AccessDeniedException");
  Request elsewhere = Signed(SignerOf(blue), "GET", "/meshes/blue");
  elsewhere.peer = "192.168.0.1";
  EXPECT_EQ(ErrorOf(api_.Handle(elsewhere)), "AccessDeniedException");
  Request open = Signed(SignerOf(blue), "GET", "/meshes/blue");
  open.tls = false;
  EXPECT_EQ(ErrorOf(api_.Handle(open)), "AccessDeniedException");
}

// Each resource has two ARNs (contract/api.md §3.1); what is left out by one of them is left out.
TEST_F(IamGateTest, NotResourceLeavesOutAResourceByAnyOfItsSpellings) {
  const User root = NewUser("root", "AWSAppMeshFullAccess");
  for (const char* mesh : {"open", "closed"}) {
    ASSERT_EQ(Call(root, "PUT", "/meshes", fmt::format(R"({{"meshName":"{}"}})", mesh)).status, 200);
    ASSERT_EQ(
        Call(root, "PUT", fmt::format("/meshes/{}/virtualNodes", mesh), R"({"virtualNodeName":"n","spec":{}})").status,
        200);
  }
  const auto policy = [](std::string_view effect, std::string_view mesh) {
    return fmt::format(R"({{"Version":"2012-10-17","Statement":[{{"Effect":"{}","Action":"appmesh:*",
        "NotResource":"arn:aws:appmesh:*:*:mesh/{}/*"}}]}})",
                       effect, mesh);
  };
  ASSERT_TRUE(admin_->PutPolicy(kAccount, "all-but-closed", policy("Allow", "closed")));
  ASSERT_TRUE(admin_->PutPolicy(kAccount, "open-alone", policy("Deny", "open")));
  const User ann = NewUser("ann", "all-but-closed");
  EXPECT_EQ(Call(ann, "GET", "/meshes/open/virtualNodes/n").status, 200);
  EXPECT_EQ(ErrorOf(Call(ann, "GET", "/meshes/closed/virtualNodes/n")), "AccessDeniedException");
  const User bo = NewUser("bo", "AWSAppMeshFullAccess");
  ASSERT_TRUE(admin_->Attach(kAccount, "open-alone", {AttachedTo::kUser, "bo"}));
  EXPECT_EQ(Call(bo, "GET", "/meshes/open/virtualNodes/n").status, 200);
  EXPECT_EQ(ErrorOf(Call(bo, "GET", "/meshes/closed/virtualNodes/n")), "AccessDeniedException");
}

// An ARN without @<owner> is no way around a policy about the resource in a shared mesh that it means.
TEST_F(IamGateTest, APlainArnOfASharedMeshIsJudgedByTheResourceItMeans) {
  const std::string consumer = "999922223333";
  const User root = NewUser("root", "AWSAppMeshFullAccess");
  ASSERT_EQ(Call(root, "PUT", "/meshes", R"({"meshName":"m"})").status, 200);
  ASSERT_TRUE(ShareMesh(store_, 1, "admin", {kAccount, "m"}, consumer));
  const auto key = admin_->CreateKey(consumer, "bo");
  const User bo{key->access_key_id, key->secret};
  ASSERT_TRUE(admin_->Attach(consumer, "AWSAppMeshFullAccess", {AttachedTo::kUser, "bo"}));
  ASSERT_EQ(Call(bo, "PUT", std::string("/meshes/m/virtualNodes?meshOwner=") + kAccount,
                 R"({"virtualNodeName":"n","spec":{},"tags":[{"key":"locked","value":"yes"}]})")
                .status,
            200);
  ASSERT_TRUE(admin_->PutPolicy(consumer, "locked", R"({"Version":"2012-10-17","Statement":[{"Effect":"Deny",
      "Action":"appmesh:UntagResource","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/locked":"yes"}}}]})"));
  ASSERT_TRUE(admin_->Attach(consumer, "locked", {AttachedTo::kUser, "bo"}));
  for (const std::string mesh : {"m", "m%40111122223333"}) {
    const std::string arn = "arn%3Aaws%3Aappmesh%3Aus-west-2%3A999922223333%3Amesh%2F" + mesh + "%2FvirtualNode%2Fn";
    EXPECT_EQ(ErrorOf(Call(bo, "PUT", "/untag?resourceArn=" + arn, R"({"tagKeys":["locked"]})")),
              "AccessDeniedException")
        << mesh;
    EXPECT_EQ(Call(bo, "GET", "/tags?resourceArn=" + arn).status, 200) << mesh;
  }
  EXPECT_EQ(audited_.back().resources.front(),
            "arn:aws:appmesh:us-west-2:999922223333:mesh/m@111122223333/virtualNode/n");
}

TEST_F(IamGateTest, AReplayedDeleteIsRefused) {
  const User ann = NewUser("ann", "AWSAppMeshFullAccess");
  ASSERT_EQ(Call(ann, "PUT", "/meshes", R"({"meshName":"m"})").status, 200);
  const Request removal = Signed(SignerOf(ann), "DELETE", "/meshes/m");
  EXPECT_EQ(api_.Handle(removal).status, 200);
  // Its work is done: nothing to replay.
  EXPECT_EQ(ErrorOf(api_.Handle(removal)), "NotFoundException");
  clock_.Advance(std::chrono::seconds(1));
  ASSERT_EQ(Call(ann, "PUT", "/meshes", R"({"meshName":"m"})").status, 200);
  EXPECT_EQ(ErrorOf(api_.Handle(removal)), "InvalidSignatureException");
  EXPECT_EQ(Call(ann, "GET", "/meshes/m").status, 200);
}

// An SDK that tries again within the second sends the same signature.
TEST_F(IamGateTest, ADeleteThatTheStoreDidNotTakeMayBeSentAgainAsItWas) {
  const User ann = NewUser("ann", "AWSAppMeshFullAccess");
  ASSERT_EQ(Call(ann, "PUT", "/meshes", R"({"meshName":"m"})").status, 200);
  const Request removal = Signed(SignerOf(ann), "DELETE", "/meshes/m");
  store_.FailNextCommits(1);
  EXPECT_EQ(api_.Handle(removal).status, 503);
  store_.LoseNextRaces(20);
  EXPECT_EQ(api_.Handle(removal).status, 503);
  EXPECT_EQ(api_.Handle(removal).status, 200);
  clock_.Advance(std::chrono::seconds(1));
  ASSERT_EQ(Call(ann, "PUT", "/meshes", R"({"meshName":"m"})").status, 200);
  EXPECT_EQ(ErrorOf(api_.Handle(removal)), "InvalidSignatureException");
}

// clientToken may be left out; then nothing else keeps somebody from sending the call again.
TEST_F(IamGateTest, AReplayedCallWithoutClientTokenIsRefused) {
  const User ann = NewUser("ann", "AWSAppMeshFullAccess");
  const Request creation = Signed(SignerOf(ann), "PUT", "/meshes", R"({"meshName":"m"})");
  ASSERT_EQ(api_.Handle(creation).status, 200);
  const Request update = Signed(SignerOf(ann), "PUT", "/meshes/m", R"({"spec":{"egressFilter":{"type":"ALLOW_ALL"}}})");
  ASSERT_EQ(api_.Handle(update).status, 200);
  clock_.Advance(std::chrono::seconds(1));
  ASSERT_EQ(Call(ann, "PUT", "/meshes/m", R"({"spec":{}})").status, 200);
  EXPECT_EQ(ErrorOf(api_.Handle(update)), "InvalidSignatureException");
  EXPECT_EQ(boost::json::parse(Call(ann, "GET", "/meshes/m").body).at("spec"), boost::json::parse("{}"));
  ASSERT_EQ(Call(ann, "DELETE", "/meshes/m").status, 200);
  EXPECT_EQ(ErrorOf(api_.Handle(creation)), "InvalidSignatureException");
  // A token's replay is the first answer again.
  const Request tokened = Signed(SignerOf(ann), "PUT", "/meshes", R"({"meshName":"t","clientToken":"1"})");
  ASSERT_EQ(api_.Handle(tokened).status, 200);
  EXPECT_EQ(api_.Handle(tokened).status, 200);
}

// It holds for up to 7 days, longer than a client token is remembered otherwise.
TEST_F(IamGateTest, APresignedUpdateIsNotReplayedWhenItsTokenWouldBeForgotten) {
  const User ann = NewUser("ann", "AWSAppMeshFullAccess");
  ASSERT_EQ(Call(ann, "PUT", "/meshes", R"({"meshName":"m"})").status, 200);
  OwnedRequest presigned{"PUT", "/v20190125/meshes/m", {{"Host", "mesh.test"}}, R"({"clientToken":"u","spec":{}})"};
  iam::testing::PresignSigV4(SignerOf(ann), std::chrono::days(7), presigned);
  const Request update{presigned.method, presigned.target, presigned.headers, presigned.body};
  const Answer first = api_.Handle(update);
  ASSERT_EQ(first.status, 200) << first.body;
  for (const auto pause : {std::chrono::hours(25), std::chrono::hours(7 * 24 - 25)}) {
    clock_.Advance(pause);
    EXPECT_EQ(api_.Handle(update).body, first.body);
  }
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(ErrorOf(api_.Handle(update)), "InvalidSignatureException");
}

// SDKs sign by the second, so a retry may have the signature of what it repeats.
TEST_F(IamGateTest, ARepeatedTagCallThatChangesNothingIsAnswered) {
  const User ann = NewUser("ann", "AWSAppMeshFullAccess");
  ASSERT_EQ(Call(ann, "PUT", "/meshes", R"({"meshName":"m"})").status, 200);
  const std::string arn = "?resourceArn=arn%3Aaws%3Aappmesh%3Aus-west-2%3A111122223333%3Amesh%2Fm";
  const Request tag = Signed(SignerOf(ann), "PUT", "/tag" + arn, R"({"tags":[{"key":"a","value":"1"}]})");
  const Answer first = api_.Handle(tag);
  ASSERT_EQ(first.status, 200);
  const Answer again = api_.Handle(tag);
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(HeaderOf(again.headers, "x-chancery-txn"), HeaderOf(first.headers, "x-chancery-txn"));
  ASSERT_EQ(Call(ann, "PUT", "/untag" + arn, R"({"tagKeys":["a"]})").status, 200);
  EXPECT_EQ(ErrorOf(api_.Handle(tag)), "InvalidSignatureException");
}

TEST_F(IamGateTest, AnAccountThatCallsTooOftenIsTold) {
  const IamGate slow("us-west-2", *directory_, clock_, {1, 2});
  const Api api({kAccount, "us-west-2", "aws"}, store_, clock_, slow);
  const User ann = NewUser("ann", "AWSAppMeshFullAccess");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(api.Handle(Signed(SignerOf(ann), "GET", "/meshes")).status, 200);
  const Answer refused = api.Handle(Signed(SignerOf(ann), "GET", "/meshes"));
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(ErrorOf(refused), "TooManyRequestsException");
  EXPECT_EQ(HeaderOf(refused.headers, "Retry-After"), "1");
  // A forged call takes nothing from the account.
  EXPECT_EQ(ErrorOf(api.Handle(Signed(SignerOf({ann.id, "wrong"}), "GET", "/meshes"))), "InvalidSignatureException");
}

TEST_F(IamGateTest, EveryCallIsAudited) {
  const User ann = NewUser("ann", "AWSAppMeshFullAccess");
  const Answer created = Call(ann, "PUT", "/meshes", R"({"meshName":"m"})");
  Call({ann.id, "wrong"}, "DELETE", "/meshes/m");
  // A secret that was put in the place of the id.
  Call({ann.secret, "wrong"}, "DELETE", "/meshes/m");
  ASSERT_EQ(audited_.size(), 3u);
  const AuditEvent& first = audited_[0];
  EXPECT_EQ(first.actor, "arn:aws:iam::111122223333:user/ann");
  EXPECT_EQ(first.access_key_id, ann.id);
  EXPECT_EQ(first.operation, "CreateMesh");
  EXPECT_EQ(first.resources, (std::vector<std::string>{"arn:aws:appmesh:us-west-2:111122223333:mesh/m"}));
  EXPECT_EQ(first.source, "10.1.2.3");
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.txn, store_.Newest());
  EXPECT_EQ(audited_[1].status, 403);
  EXPECT_EQ(audited_[1].error, "InvalidSignatureException");
  EXPECT_EQ(audited_[1].actor, "");
  EXPECT_EQ(audited_[1].claimed_access_key_id, ann.id);
  EXPECT_EQ(first.claimed_access_key_id, "");
  EXPECT_EQ(audited_[2].claimed_access_key_id, "");
}

}  // namespace
}  // namespace chancery::frontend
