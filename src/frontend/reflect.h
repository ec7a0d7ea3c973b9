#pragma once

#include <google/protobuf/message.h>

#include <memory>
#include <string>
#include <string_view>

namespace chancery::frontend {

// Access to members by their names in JSON, for code that is written once for all kinds. A member
// that does not exist is a broken invariant, except where a function says otherwise.

const google::protobuf::FieldDescriptor* FindMember(const google::protobuf::Message& message,
                                                    std::string_view json_name);

// Empty when absent, or when there is no such member.
std::string StringMember(const google::protobuf::Message& message, std::string_view json_name);
int32_t IntMember(const google::protobuf::Message& message, std::string_view json_name, int32_t otherwise);
void SetStringMember(google::protobuf::Message& message, std::string_view json_name, std::string value);

// Null when the member is absent, or when there is no such member.
const google::protobuf::Message* MessageMember(const google::protobuf::Message& message, std::string_view json_name);
google::protobuf::Message* MutableMessageMember(google::protobuf::Message& message, std::string_view json_name);

// Makes an empty list appear as [] in JSON.
void ShowEmptyList(google::protobuf::Message& message, std::string_view json_name);

std::unique_ptr<google::protobuf::Message> NewMessage(const google::protobuf::Descriptor* descriptor);

}  // namespace chancery::frontend
