#include "model/serialize.h"

#include <google/protobuf/struct.pb.h>
#include <gtest/gtest.h>

#include <string>

namespace chancery::model {
namespace {

TEST(SerializeSorted, WritesMapsInTheOrderOfTheirKeys) {
  google::protobuf::Struct up;
  google::protobuf::Struct down;
  for (int i = 0; i < 26; ++i) {
    (*up.mutable_fields())[std::string(1, static_cast<char>('a' + i))].set_bool_value(true);
    (*down.mutable_fields())[std::string(1, static_cast<char>('z' - i))].set_bool_value(true);
  }
  std::string expected;
  for (char key = 'a'; key <= 'z'; ++key) expected += "\x0A\x07\x0A\x01" + std::string(1, key) + "\x12\x02\x20\x01";
  EXPECT_EQ(SerializeSorted(up), expected);
  EXPECT_EQ(SerializeSorted(down), expected);
  EXPECT_EQ(SerializeSorted(google::protobuf::Struct()), "");
}

}  // namespace
}  // namespace chancery::model
