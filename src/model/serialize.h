#pragma once

#include <google/protobuf/message.h>

#include <string>

namespace chancery::model {

// The wire format of `message` with maps in the order of their keys: equal messages give equal bytes, in one build of
// this program. REQUIRES: less than 2 GiB.
std::string SerializeSorted(const google::protobuf::Message& message);

}  // namespace chancery::model
