#include "agent/bootstrap_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace chancery::agent {
namespace {

TEST(BootstrapFileTest, IsOursAloneAndGoesWithTheObject) {
  auto file = BootstrapFile::Write("{\"secret\": 1}", std::filesystem::temp_directory_path());
  ASSERT_TRUE(file);
  const std::string path = (*file)->path();
  EXPECT_TRUE(path.ends_with(".json"));
  struct stat status{};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_EQ(text.str(), "{\"secret\": 1}");
  file->reset();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(BootstrapFileTest, ADirectoryThatIsNotThereIsNamed) {
  const auto file = BootstrapFile::Write("", "/nowhere");
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().message.find("/nowhere/"), std::string::npos);
}

}  // namespace
}  // namespace chancery::agent
