#include "frontend/reflect.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>

#include "base/check.h"

namespace chancery::frontend {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

const FieldDescriptor* RequireMember(const Message& message, std::string_view json_name) {
  const FieldDescriptor* field = FindMember(message, json_name);
  CHANCERY_CHECK(field != nullptr);
  return field;
}

}  // namespace

const FieldDescriptor* FindMember(const Message& message, std::string_view json_name) {
  return message.GetDescriptor()->FindFieldByCamelcaseName(std::string(json_name));
}

std::string StringMember(const Message& message, std::string_view json_name) {
  const FieldDescriptor* field = FindMember(message, json_name);
  return field == nullptr ? "" : message.GetReflection()->GetString(message, field);
}

int32_t IntMember(const Message& message, std::string_view json_name, int32_t otherwise) {
  const FieldDescriptor* field = FindMember(message, json_name);
  if (field == nullptr || !message.GetReflection()->HasField(message, field)) return otherwise;
  return message.GetReflection()->GetInt32(message, field);
}

void SetStringMember(Message& message, std::string_view json_name, std::string value) {
  message.GetReflection()->SetString(&message, RequireMember(message, json_name), std::move(value));
}

const Message* MessageMember(const Message& message, std::string_view json_name) {
  const FieldDescriptor* field = FindMember(message, json_name);
  if (field == nullptr || !message.GetReflection()->HasField(message, field)) return nullptr;
  return &message.GetReflection()->GetMessage(message, field);
}

Message* MutableMessageMember(Message& message, std::string_view json_name) {
  return message.GetReflection()->MutableMessage(&message, RequireMember(message, json_name));
}

void ShowEmptyList(Message& message, std::string_view json_name) {
  const auto* reflection = message.GetReflection();
  const auto number = static_cast<uint32_t>(RequireMember(message, json_name)->number());
  const FieldDescriptor* shown = message.GetDescriptor()->FindFieldByName("sent_empty");
  CHANCERY_CHECK(shown != nullptr);
  for (int i = 0; i < reflection->FieldSize(message, shown); ++i) {
    if (reflection->GetRepeatedUInt32(message, shown, i) == number) return;
  }
  reflection->AddUInt32(&message, shown, number);
}

std::unique_ptr<Message> NewMessage(const google::protobuf::Descriptor* descriptor) {
  const Message* prototype = google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor);
  CHANCERY_CHECK(prototype != nullptr);
  return std::unique_ptr<Message>(prototype->New());
}

}  // namespace chancery::frontend
