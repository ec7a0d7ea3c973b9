#include "iam/administration.h"

#include <gtest/gtest.h>

#include "iam/iam_fixture.h"

namespace chancery::iam {
namespace {

using base::Code;
using store::AttachedTo;

class AdministrationTest : public IamFixture {};

TEST_F(AdministrationTest, KeysAreMadeListedDisabledAndDeleted) {
  const auto ann = admin_->CreateKey(kAccount, "ann");
  const auto ben = admin_->CreateKey("999922223333", "ben");
  ASSERT_TRUE(ann && ben);
  EXPECT_EQ(ann->access_key_id.size(), 20u);
  EXPECT_EQ(ann->secret.size(), 40u);
  EXPECT_NE(ann->secret, ben->secret);
  EXPECT_EQ(admin_->ListKeys("")->size(), 2u);
  ASSERT_EQ(admin_->ListKeys(kAccount)->size(), 1u);
  EXPECT_EQ(admin_->ListKeys(kAccount)->front().user, "ann");
  ASSERT_TRUE(admin_->SetKeyDisabled(ann->access_key_id, true));
  EXPECT_TRUE(directory_->FindKey(ann->access_key_id)->disabled);
  ASSERT_TRUE(admin_->SetKeyDisabled(ann->access_key_id, false));
  EXPECT_FALSE(directory_->FindKey(ann->access_key_id)->disabled);
  ASSERT_TRUE(admin_->DeleteKey(ann->access_key_id));
  EXPECT_EQ(directory_->FindKey(ann->access_key_id), nullptr);
  EXPECT_FALSE(store_.Read(store::SecretKeyText(ann->access_key_id))->has_value());
  EXPECT_EQ(admin_->DeleteKey(ann->access_key_id).error().code, Code::kNotFound);
  EXPECT_EQ(admin_->SetKeyDisabled(ann->access_key_id, true).error().code, Code::kNotFound);
}

TEST_F(AdministrationTest, TheHistoryHoldsNoSecret) {
  const auto key = admin_->CreateKey(kAccount, "ann");
  ASSERT_TRUE(key);
  const auto transaction = store_.ReadTransaction(store_.Newest());
  ASSERT_TRUE(transaction);
  ASSERT_EQ((*transaction)->record.changes_size(), 1);
  EXPECT_EQ((*transaction)->record.changes(0).key(), store::AccessKeyText(key->access_key_id));
  EXPECT_EQ((*transaction)->record.actor(), "test");
  EXPECT_EQ((*transaction)->record.operation(), "CreateAccessKey");
}

TEST_F(AdministrationTest, NamesAreChecked) {
  EXPECT_EQ(admin_->CreateKey("1", "ann").error().violations.front().path, "account");
  for (const std::string name : {"", "a/b", "a b", "a\n"}) {
    EXPECT_EQ(admin_->CreateKey(kAccount, name).error().violations.front().path, "user") << name;
    EXPECT_EQ(admin_->PutPolicy(kAccount, name, Allow("*")).error().violations.front().path, "name") << name;
    EXPECT_EQ(admin_->AddMember(kAccount, name, "ann").error().violations.front().path, "group") << name;
  }
  EXPECT_TRUE(admin_->CreateKey(kAccount, std::string(128, 'a')));
  EXPECT_FALSE(admin_->CreateKey(kAccount, std::string(129, 'a')));
}

TEST_F(AdministrationTest, ABrokenPolicyIsRefusedWithItsPlace) {
  const auto refused =
      admin_->PutPolicy(kAccount, "p", R"({"Version":"2012-10-17","Statement":[{"Effect":"Perhaps"}]})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kBadRequest);
  EXPECT_FALSE(refused.error().violations.empty());
  EXPECT_EQ(admin_->GetPolicy(kAccount, "p").error().code, Code::kNotFound);
}

TEST_F(AdministrationTest, APolicyInUseIsNotDeleted) {
  ASSERT_TRUE(admin_->PutPolicy(kAccount, "p", Allow("appmesh:ListMeshes")));
  EXPECT_EQ(*admin_->GetPolicy(kAccount, "p"), Allow("appmesh:ListMeshes"));
  ASSERT_TRUE(admin_->Attach(kAccount, "p", {AttachedTo::kGroup, "ops"}));
  EXPECT_EQ(admin_->DeletePolicy(kAccount, "p").error().code, Code::kResourceInUse);
  ASSERT_TRUE(admin_->Detach(kAccount, "p", {AttachedTo::kGroup, "ops"}));
  EXPECT_EQ(admin_->Detach(kAccount, "p", {AttachedTo::kGroup, "ops"}).error().code, Code::kNotFound);
  EXPECT_TRUE(admin_->DeletePolicy(kAccount, "p"));
  EXPECT_EQ(admin_->Attach(kAccount, "p", {AttachedTo::kGroup, "ops"}).error().code, Code::kNotFound);
}

TEST_F(AdministrationTest, ManagedPoliciesAreListedAndKept) {
  EXPECT_EQ(admin_->PutPolicy(kAccount, "AWSAppMeshFullAccess", Allow("*")).error().code, Code::kConflict);
  EXPECT_EQ(admin_->DeletePolicy(kAccount, "AWSAppMeshFullAccess").error().code, Code::kConflict);
  EXPECT_TRUE(admin_->GetPolicy(kAccount, "AWSAppMeshFullAccess"));
  ASSERT_TRUE(admin_->Attach(kAccount, "AWSAppMeshFullAccess", {AttachedTo::kUser, "ann"}));
  const auto policies = admin_->ListPolicies(kAccount);
  ASSERT_TRUE(policies);
  const auto full = std::ranges::find(*policies, "AWSAppMeshFullAccess", &Administration::PolicyInfo::name);
  ASSERT_NE(full, policies->end());
  ASSERT_EQ(full->holders.size(), 1u);
  EXPECT_EQ(full->holders.front().name, "ann");
}

}  // namespace
}  // namespace chancery::iam
