#include "agent/log_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "base/write_all.h"

namespace chancery::agent {
namespace {

namespace fs = std::filesystem;

class LogFilesTest : public testing::Test {
 protected:
  LogFilesTest() { fs::create_directories(directory_); }
  ~LogFilesTest() override { fs::remove_all(directory_); }

  // Prints `text` as a child would, and returns when it is in the files.
  void Print(const std::string& text, LogFiles::Limits limits) {
    auto files = LogFiles::Open(directory_, "envoy.log", limits);
    ASSERT_TRUE(files);
    ASSERT_EQ(write((*files)->descriptor(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  // Returns when the pump has `text`, so that what came before it is written or lost.
  static void WaitTaken(const LogFiles& files, const std::string& text) {
    ASSERT_TRUE(base::WriteAll(files.descriptor(), text));
    for (int left = 1; left > 0; std::this_thread::yield()) ASSERT_EQ(ioctl(files.descriptor(), FIONREAD, &left), 0);
  }

  void WriteAndWait(const LogFiles& files, const std::string& text, const std::string& name) const {
    WaitTaken(files, text);
    for (int i = 0; i < 10'000 && !Read(name).ends_with(text); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ASSERT_TRUE(Read(name).ends_with(text)) << Read(name);
  }

  std::string Read(const std::string& name) const {
    std::ifstream file(directory_ / name);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  bool Has(const std::string& name) const { return fs::exists(directory_ / name); }

  const fs::path directory_ = fs::temp_directory_path() / ("log_files_test." + std::to_string(getpid()));
};

TEST_F(LogFilesTest, WhatIsPrintedIsKept) {
  Print("one\n", {100, 2});
  Print("two\n", {100, 2});
  EXPECT_EQ(Read("envoy.log"), "one\ntwo\n");
}

TEST_F(LogFilesTest, AFullFileIsRotatedAndTheOldestGo) {
  for (const char* text : {"1111\n", "2222\n", "3333\n", "4444\n"}) Print(text, {6, 2});
  EXPECT_EQ(Read("envoy.log"), "4444\n");
  EXPECT_EQ(Read("envoy.log.3"), "3333\n");
  EXPECT_EQ(Read("envoy.log.2"), "2222\n");
  EXPECT_FALSE(Has("envoy.log.1"));
}

TEST_F(LogFilesTest, NoneIsKept) {
  for (const char* text : {"1111\n", "2222\n"}) Print(text, {6, 0});
  EXPECT_EQ(Read("envoy.log"), "2222\n");
  EXPECT_FALSE(Has("envoy.log.1"));
}

TEST_F(LogFilesTest, ADirectoryThatWasAwayIsWrittenToAgain) {
  auto files = LogFiles::Open(directory_, "envoy.log", {6, 2});
  ASSERT_TRUE(files);
  const fs::path away = directory_.string() + ".away";
  WriteAndWait(**files, "1111\n", "envoy.log");
  fs::rename(directory_, away);
  // Rotates, and finds no directory; when the second is taken, the first is done with.
  WaitTaken(**files, "2222\n");
  WaitTaken(**files, "2222\n");
  fs::rename(away, directory_);
  WriteAndWait(**files, "3333\n", "envoy.log");
}

TEST_F(LogFilesTest, AFileThatCannotBeRenamedStartsAnew) {
  auto files = LogFiles::Open(directory_, "envoy.log", {6, 2});
  ASSERT_TRUE(files);
  fs::create_directories(directory_ / "envoy.log.1" / "in the way");
  WriteAndWait(**files, "1111\n", "envoy.log");
  WriteAndWait(**files, "2222\n", "envoy.log");
  EXPECT_EQ(Read("envoy.log"), "2222\n");
}

TEST_F(LogFilesTest, ADirectoryThatIsNoneIsAnError) {
  const auto files = LogFiles::Open(directory_ / "none", "envoy.log", {1, 1});
  ASSERT_FALSE(files);
  EXPECT_THAT(files.error().message, testing::HasSubstr("is no directory"));
}

}  // namespace
}  // namespace chancery::agent
