#include <gtest/gtest.h>

#include <memory>
#include <regex>
#include <string>

#include "base/error.h"
#include "base/hash.h"
#include "base/published.h"
#include "base/random.h"
#include "base/result.h"

namespace chancery::base {
namespace {

Result<int> Half(int value) {
  if (value % 2 != 0) return Error{Code::kBadRequest, "odd", {}};
  return value / 2;
}

Status Quarter(int value) {
  CHANCERY_RETURN_IF_ERROR(Half(value));
  return Status::Ok();
}

TEST(Result, HoldsAValueOrAnError) {
  EXPECT_EQ(*Half(4), 2);
  ASSERT_FALSE(Half(3));
  EXPECT_EQ(Half(3).error().code, Code::kBadRequest);
  EXPECT_FALSE(Quarter(3));
  EXPECT_TRUE(Quarter(4));
}

TEST(ResultDeathTest, ReadingTheWrongSideEndsTheProcess) { EXPECT_DEATH(static_cast<void>(*Half(3)), "CHECK failed"); }

TEST(Error, PrintsEveryViolation) {
  const Error error{Code::kBadRequest, "invalid request", {{"spec.a", "is required"}, {"spec.b", "must be 1..10"}}};
  EXPECT_EQ(ToString(error), "invalid request: spec.a is required; spec.b must be 1..10");
}

TEST(Hash, IsSha256CutTo128Bits) {
  EXPECT_EQ(HashOf("abc").ToHex(), "ba7816bf8f01cfea414140de5dae2223");
  EXPECT_NE(HashOf("abc"), HashOf("abd"));
}

TEST(Uuid, IsVersion4AndDiffers) {
  const std::regex pattern("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  const std::string first = NewUuid();
  EXPECT_TRUE(std::regex_match(first, pattern)) << first;
  EXPECT_NE(first, NewUuid());
}

TEST(Published, GivesTheNewestValue) {
  Published<int> published;
  EXPECT_EQ(published.Get(), nullptr);
  published.Set(std::make_shared<const int>(7));
  EXPECT_EQ(*published.Get(), 7);
}

}  // namespace
}  // namespace chancery::base
