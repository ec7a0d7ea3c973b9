#include "iam/secret_box.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace chancery::iam {
namespace {

using IfMissing = SecretBox::IfMissing;

class SecretBoxTest : public ::testing::Test {
 protected:
  SecretBoxTest() { std::filesystem::create_directories(directory_); }
  ~SecretBoxTest() override { std::filesystem::remove_all(directory_); }

  void WriteKeyFile(const std::string& text, mode_t mode = 0600) const {
    std::ofstream(path_) << text;
    chmod(path_.c_str(), mode);
  }

  const std::filesystem::path directory_ =
      std::filesystem::path(testing::TempDir()) /
      (std::string("secret_box_") + testing::UnitTest::GetInstance()->current_test_info()->name());
  const std::filesystem::path path_ = directory_ / "secret.key";
};

TEST_F(SecretBoxTest, OpensWhatItSealedAlsoAfterARestart) {
  const auto first = SecretBox::Open(path_, IfMissing::kMake);
  ASSERT_TRUE(first) << base::ToString(first.error());
  const std::string sealed = first->Seal("geheim", "CHKA1");
  EXPECT_EQ(sealed.find("geheim"), std::string::npos);
  EXPECT_NE(sealed, first->Seal("geheim", "CHKA1"));
  const auto second = SecretBox::Open(path_, IfMissing::kFail);
  ASSERT_TRUE(second) << base::ToString(second.error());
  EXPECT_EQ(*second->Unseal(sealed, "CHKA1"), "geheim");
}

TEST_F(SecretBoxTest, RefusesWhatWasAlteredOrBelongsToAnotherName) {
  const auto box = SecretBox::Open(path_, IfMissing::kMake);
  ASSERT_TRUE(box);
  const std::string sealed = box->Seal("s", "CHKA1");
  EXPECT_FALSE(box->Unseal(sealed, "CHKA2"));
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string altered = sealed;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    EXPECT_FALSE(box->Unseal(altered, "CHKA1")) << i;
    EXPECT_FALSE(box->Unseal(sealed.substr(0, i), "CHKA1")) << i;
  }
}

// What one build sealed is opened by every later one.
TEST_F(SecretBoxTest, OpensTheLiteralBytesOfItsFormat) {
  WriteKeyFile("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n");
  const auto box = SecretBox::Open(path_, IfMissing::kFail);
  ASSERT_TRUE(box) << base::ToString(box.error());
  const std::string sealed = std::string("\x01") + std::string(12, 'n') +
                             "\xd4\x3e\x74\x1b\xd0\x28\xce\x61\x32\xa4\x43\xbe\x58\xfd\xa7\xae\x43\xd0\x17\x15\xb5\xae";
  EXPECT_EQ(*box->Unseal(sealed, "CHKA1"), "secret");
}

TEST_F(SecretBoxTest, AKeyFileIsForItsOwnerAloneAndHoldsAKey) {
  EXPECT_EQ(SecretBox::Open(path_, IfMissing::kFail).error().code, base::Code::kUnavailable);
  ASSERT_TRUE(SecretBox::Open(path_, IfMissing::kMake));
  struct stat status{};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  chmod(path_.c_str(), 0640);
  EXPECT_NE(SecretBox::Open(path_, IfMissing::kMake).error().message.find("0600"), std::string::npos);
  for (const std::string text : {"", "abc", "zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"}) {
    WriteKeyFile(text);
    EXPECT_NE(SecretBox::Open(path_, IfMissing::kMake).error().message.find("64 hexadecimal"), std::string::npos);
  }
}

}  // namespace
}  // namespace chancery::iam
