#include <fmt/format.h>

#include "frontend/field_rules/checks.h"

namespace chancery::frontend::field_rules {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Specs are no deeper than their types, which do not recur.
void Walk(const Message& message, const std::string& path, std::vector<Text>& texts) {
  const auto& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const bool text = field->cpp_type() == FieldDescriptor::CPPTYPE_STRING;
    if (!text && field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const std::string here = path + "." + field->json_name();
    if (!field->is_repeated()) {
      if (text) texts.push_back({here, field, reflection.GetString(message, field)});
      if (!text) Walk(reflection.GetMessage(message, field), here, texts);
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      const std::string item = fmt::format("{}[{}]", here, i);
      if (text) texts.push_back({item, field, reflection.GetRepeatedString(message, field, i)});
      if (!text) Walk(reflection.GetRepeatedMessage(message, field, i), item, texts);
    }
  }
}

}  // namespace

std::vector<Text> TextsOf(const Message& spec) {
  std::vector<Text> texts;
  Walk(spec, "spec", texts);
  return texts;
}

}  // namespace chancery::frontend::field_rules
