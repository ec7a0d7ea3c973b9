#include "iam/directory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "iam/administration.h"
#include "iam/iam_fixture.h"

namespace chancery::iam {
namespace {

using store::AttachedTo;

class DirectoryTest : public IamFixture {
 protected:
  bool May(const std::string& user, const std::string& action, const std::string& account = kAccount) const {
    const AttachedPolicies policies = directory_->PoliciesOf(account, user);
    return Evaluate(*policies, {directory_->PrincipalOf(account, user), action, "*", {}}).allowed();
  }
};

TEST_F(DirectoryTest, AKeyWorksFromTheMomentItIsMade) {
  const auto key = admin_->CreateKey(kAccount, "ann");
  ASSERT_TRUE(key) << base::ToString(key.error());
  const auto found = directory_->FindKey(key->access_key_id);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->principal.arn, "arn:aws:iam::111122223333:user/ann");
  EXPECT_EQ(*directory_->SecretOf(*found), key->secret);
  EXPECT_EQ(found->sealed_secret.find(key->secret), std::string::npos);
  EXPECT_EQ(directory_->FindKey("CHKAUNKNOWN"), nullptr);
}

TEST_F(DirectoryTest, ASigningKeyIsThatOfItsScopeEachTime) {
  const auto key = admin_->CreateKey(kAccount, "ann");
  const auto found = directory_->FindKey(key->access_key_id);
  ASSERT_NE(found, nullptr);
  SigV4Claim claim;
  claim.region = "us-east-1";
  claim.service = "appmesh";
  for (const char* date : {"20261128", "20261128", "20261129", "20261128"}) {
    claim.date = date;
    const auto derived = directory_->SigningKeyOf(*found, claim);
    ASSERT_TRUE(derived) << base::ToString(derived.error());
    EXPECT_EQ(*derived, DeriveSigningKey(key->secret, date, "us-east-1", "appmesh")) << date;
  }
  claim.region = "eu-west-1";
  EXPECT_EQ(*directory_->SigningKeyOf(*found, claim),
            DeriveSigningKey(key->secret, "20261128", "eu-west-1", "appmesh"));
}

TEST_F(DirectoryTest, PoliciesHoldForUserGroupAndAccount) {
  ASSERT_TRUE(admin_->PutPolicy(kAccount, "meshes", Allow("appmesh:CreateMesh")));
  EXPECT_FALSE(May("ann", "appmesh:CreateMesh"));
  ASSERT_TRUE(admin_->Attach(kAccount, "meshes", {AttachedTo::kUser, "ann"}));
  EXPECT_TRUE(May("ann", "appmesh:CreateMesh"));
  EXPECT_FALSE(May("ann", "appmesh:DeleteMesh"));
  EXPECT_FALSE(May("ben", "appmesh:CreateMesh"));
  ASSERT_TRUE(admin_->Attach(kAccount, "meshes", {AttachedTo::kGroup, "ops"}));
  ASSERT_TRUE(admin_->AddMember(kAccount, "ops", "ben"));
  EXPECT_TRUE(May("ben", "appmesh:CreateMesh"));
  EXPECT_FALSE(May("cid", "appmesh:CreateMesh"));
  ASSERT_TRUE(admin_->Attach(kAccount, "meshes", {AttachedTo::kAccount, ""}));
  EXPECT_TRUE(May("cid", "appmesh:CreateMesh"));
  EXPECT_FALSE(May("cid", "appmesh:CreateMesh", "999922223333"));
  ASSERT_TRUE(admin_->Detach(kAccount, "meshes", {AttachedTo::kAccount, ""}));
  ASSERT_TRUE(admin_->RemoveMember(kAccount, "ops", "ben"));
  ASSERT_TRUE(admin_->Detach(kAccount, "meshes", {AttachedTo::kUser, "ann"}));
  for (const std::string user : {"ann", "ben", "cid"}) EXPECT_FALSE(May(user, "appmesh:CreateMesh")) << user;
}

TEST_F(DirectoryTest, GroupsThatATokenNamesCountBesidesThoseStored) {
  ASSERT_TRUE(admin_->PutPolicy(kAccount, "meshes", Allow("appmesh:CreateMesh")));
  ASSERT_TRUE(admin_->PutPolicy(kAccount, "nodes", Allow("appmesh:CreateVirtualNode")));
  ASSERT_TRUE(admin_->Attach(kAccount, "meshes", {AttachedTo::kGroup, "ops"}));
  ASSERT_TRUE(admin_->Attach(kAccount, "nodes", {AttachedTo::kUser, "ann"}));
  const auto count = [this](const std::string& account, const std::string& user, std::vector<std::string> groups) {
    return directory_->PoliciesOf(account, user, groups)->size();
  };
  EXPECT_EQ(count(kAccount, "ann", {}), 1u);
  EXPECT_EQ(count(kAccount, "ann", {"none", "ops"}), 2u);
  EXPECT_EQ(count(kAccount, "nobody", {"ops"}), 1u);
  EXPECT_EQ(count("999922223333", "ann", {"ops"}), 0u);
  // Of another account, or the name of a user: not a group.
  EXPECT_EQ(count(kAccount, "nobody", {"ann", ""}), 0u);
  ASSERT_TRUE(admin_->AddMember(kAccount, "ops", "ann"));
  EXPECT_EQ(count(kAccount, "ann", {"ops"}), 2u);
  ASSERT_TRUE(admin_->Detach(kAccount, "meshes", {AttachedTo::kGroup, "ops"}));
  EXPECT_EQ(count(kAccount, "nobody", {"ops"}), 0u);
}

TEST_F(DirectoryTest, ManagedPoliciesNeedNotBePut) {
  ASSERT_TRUE(admin_->Attach(kAccount, "AWSAppMeshReadOnly", {AttachedTo::kUser, "ann"}));
  EXPECT_TRUE(May("ann", "appmesh:ListMeshes"));
  EXPECT_FALSE(May("ann", "appmesh:CreateMesh"));
}

TEST_F(DirectoryTest, APolicyThatCannotBeReadDeniesEverything) {
  ASSERT_TRUE(admin_->PutPolicy(kAccount, "p", Allow("appmesh:*")));
  ASSERT_TRUE(admin_->Attach(kAccount, "p", {AttachedTo::kUser, "ann"}));
  ASSERT_TRUE(admin_->Attach(kAccount, "AWSAppMeshFullAccess", {AttachedTo::kUser, "ann"}));
  ASSERT_TRUE(May("ann", "appmesh:ListMeshes"));
  const auto txn = store_.Commit({0, "test", "Damage", {}, {{store::PolicyKeyText(kAccount, "p"), "\xff\xff"}}});
  ASSERT_TRUE(txn);
  ASSERT_TRUE(directory_->WaitFor(*txn, std::chrono::seconds(10)));
  EXPECT_FALSE(May("ann", "appmesh:ListMeshes"));
}

TEST_F(DirectoryTest, ReadsEverythingAtItsStart) {
  const auto key = admin_->CreateKey(kAccount, "ann");
  ASSERT_TRUE(admin_->Attach(kAccount, "AWSAppMeshReadOnly", {AttachedTo::kUser, "ann"}));
  Directory second(store_, *box_, "aws");
  ASSERT_TRUE(second.Start());
  EXPECT_NE(second.FindKey(key->access_key_id), nullptr);
  EXPECT_EQ(second.PoliciesOf(kAccount, "ann")->size(), 1u);
}

TEST_F(DirectoryTest, WaitForEndsWhenNothingComes) {
  EXPECT_FALSE(directory_->WaitFor(store_.Newest() + 1, std::chrono::milliseconds(1)));
}

}  // namespace
}  // namespace chancery::iam
