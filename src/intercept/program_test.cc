#include "intercept/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chancery::intercept {
namespace {

using ::testing::HasSubstr;

TEST(RunProgramTest, GivesInputAndReturnsOutput) {
  const std::string input(200'000, 'x');
  const auto output = RunProgram({"cat"}, input);
  ASSERT_TRUE(output) << output.error().message;
  EXPECT_EQ(*output, input);
}

TEST(RunProgramTest, AFailureSaysWhatTheProgramSaid) {
  const auto output = RunProgram({"sh", "-c", "echo broken >&2; exit 3"}, "");
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().message, "sh ended with 3: broken");
}

TEST(RunProgramTest, AProgramThatIsNotThere) {
  const auto output = RunProgram({"no-such-program"}, "");
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code, base::Code::kNotFound);
  EXPECT_THAT(output.error().message, HasSubstr("no-such-program is not installed"));
}

TEST(RunProgramTest, ASignalIsAFailure) {
  EXPECT_THAT(RunProgram({"sh", "-c", "kill -9 $$"}, "").error().message, HasSubstr("ended with 137"));
}

}  // namespace
}  // namespace chancery::intercept
