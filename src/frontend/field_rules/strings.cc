// Walks every string of a spec.

#include <fmt/format.h>

#include "frontend/field_rules/checks.h"

namespace chancery::frontend::field_rules {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Specs are no deeper than their types, which do not recur.
void Walk(const Scope& scope, const Message& message, const std::string& path, VisitString visit) {
  const auto& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const bool text = field->cpp_type() == FieldDescriptor::CPPTYPE_STRING;
    if (!text && field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const std::string here = path + "." + field->json_name();
    if (!field->is_repeated()) {
      if (text) visit(scope, here, *field, reflection.GetString(message, field));
      if (!text) Walk(scope, reflection.GetMessage(message, field), here, visit);
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      const std::string item = fmt::format("{}[{}]", here, i);
      if (text) visit(scope, item, *field, reflection.GetRepeatedString(message, field, i));
      if (!text) Walk(scope, reflection.GetRepeatedMessage(message, field, i), item, visit);
    }
  }
}

}  // namespace

void ForEachString(const Scope& scope, VisitString visit) {
  if (scope.spec != nullptr) Walk(scope, *scope.spec, "spec", visit);
}

}  // namespace chancery::frontend::field_rules
