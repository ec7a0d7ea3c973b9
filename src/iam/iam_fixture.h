#pragma once

// For tests: keys and policies on the in-memory store, with a key file of their own.

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/clock.h"
#include "iam/administration.h"
#include "iam/directory.h"
#include "iam/secret_box.h"
#include "store/memory_store.h"

namespace chancery::iam {

class IamFixture : public ::testing::Test {
 protected:
  static constexpr const char* kAccount = "111122223333";

  IamFixture() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::path(::testing::TempDir()) /
            (std::string(test->test_suite_name()) + "_" + test->name() + ".key");
    std::filesystem::remove(path_);
    auto box = SecretBox::Open(path_, SecretBox::IfMissing::kMake);
    EXPECT_TRUE(box.has_value());
    box_ = std::make_unique<SecretBox>(*std::move(box));
    directory_ = std::make_unique<Directory>(store_, *box_, "aws");
    EXPECT_TRUE(directory_->Start());
    admin_ = std::make_unique<Administration>(store_, *box_, *directory_, clock_, "test");
  }
  ~IamFixture() override { std::filesystem::remove(path_); }

  static std::string Allow(const std::string& action, const std::string& resource = "*") {
    return R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":")" + action + R"(","Resource":")" +
           resource + R"("}]})";
  }

  base::FakeClock clock_;
  store::MemoryStore store_;
  std::filesystem::path path_;
  std::unique_ptr<SecretBox> box_;
  std::unique_ptr<Directory> directory_;
  std::unique_ptr<Administration> admin_;
};

}  // namespace chancery::iam
