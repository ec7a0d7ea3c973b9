// Runs every fuzz target on the inputs that are kept: corpus/<target>/*, the seeds, and regressions/<target>/*, what a
// fuzzer found once. A fault ends the process, which fails the test.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/targets.h"

namespace chancery::fuzz {
namespace {

namespace fs = std::filesystem;

struct Target {
  std::string name;
  void (*run)(std::string_view input);
};

const Target kTargets[] = {{"codec", FuzzCodec}, {"api", FuzzApi},     {"sigv4", FuzzSigV4}, {"policy", FuzzPolicy},
                           {"arn", FuzzArn},     {"token", FuzzToken}, {"xds", FuzzXds}};

std::vector<fs::path> FilesOf(const fs::path& folder) {
  if (!fs::exists(folder)) return {};
  std::vector<fs::path> files(fs::directory_iterator{folder}, fs::directory_iterator{});
  std::sort(files.begin(), files.end());
  return files;
}

void RunFile(const Target& target, const fs::path& file) {
  SCOPED_TRACE(file);
  std::ifstream stream(file, std::ios::binary);
  ASSERT_TRUE(stream);
  target.run(std::string(std::istreambuf_iterator<char>(stream), {}));
}

class Fuzz : public ::testing::TestWithParam<Target> {};

TEST_P(Fuzz, TakesItsSeeds) {
  const auto files = FilesOf(fs::path("corpus") / GetParam().name);
  EXPECT_FALSE(files.empty());
  for (const fs::path& file : files) RunFile(GetParam(), file);
}

TEST_P(Fuzz, TakesNothingAndNoise) {
  GetParam().run({});
  for (const char c : {'\0', '\n', ' ', '"', '\x7f', '\xff'}) {
    for (const size_t size : {1, 2, 64, 4096}) GetParam().run(std::string(size, c));
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, Fuzz, ::testing::ValuesIn(kTargets),
                         [](const auto& info) { return info.param.name; });

// Each finding is a test of its own: FuzzRegression.<target>_<name of the file>.
class FuzzRegression : public ::testing::Test {
 public:
  FuzzRegression(const Target& target, fs::path file) : target_(target), file_(std::move(file)) {}
  void TestBody() override { RunFile(target_, file_); }

 private:
  const Target& target_;
  const fs::path file_;
};

const bool kRegistered = [] {
  for (const Target& target : kTargets) {
    for (const fs::path& file : FilesOf(fs::path("regressions") / target.name)) {
      const std::string name = target.name + "_" + file.stem().string();
      ::testing::RegisterTest("FuzzRegression", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                              [&target, file]() -> FuzzRegression* { return new FuzzRegression(target, file); });
    }
  }
  return true;
}();

TEST(FuzzFolders, HoldOnlyWhatATargetTakes) {
  ASSERT_TRUE(kRegistered);
  for (const char* const root : {"corpus", "regressions"}) {
    for (const fs::path& folder : FilesOf(root)) {
      const auto same = [&folder](const Target& target) { return target.name == folder.filename(); };
      EXPECT_TRUE(std::any_of(std::begin(kTargets), std::end(kTargets), same)) << folder;
    }
  }
}

}  // namespace
}  // namespace chancery::fuzz
