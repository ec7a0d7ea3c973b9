#include <fmt/format.h>

#include <iterator>
#include <string>

#include "model/codec.h"
#include "model/field.h"
#include "model/json_text.h"

namespace chancery::model {
namespace {

void WriteMessage(const Message& message, std::string& out);

void WriteScalar(const Scalar& value, std::string& out) {
  if (const auto* number = std::get_if<int64_t>(&value)) {
    fmt::format_to(std::back_inserter(out), "{}", *number);
  } else if (const auto* flag = std::get_if<bool>(&value)) {
    out += *flag ? "true" : "false";
  } else if (const auto* seconds = std::get_if<double>(&value)) {
    // All doubles of the model are times.
    AppendJsonTime(*seconds, out);
  } else if (const auto* text = std::get_if<std::string_view>(&value)) {
    AppendJsonText(*text, out);
  } else {
    AppendJsonText(WireOf(*std::get<const EnumValueDescriptor*>(value)), out);
  }
}

void WriteList(const Message& message, const FieldDescriptor& field, std::string& out) {
  const auto* reflection = message.GetReflection();
  out += '[';
  for (int i = 0; i < reflection->FieldSize(message, &field); ++i) {
    if (i > 0) out += ',';
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      WriteMessage(reflection->GetRepeatedMessage(message, &field, i), out);
    } else {
      WriteScalar(Load(message, field, i), out);
    }
  }
  out += ']';
}

void WriteValue(const Message& message, const FieldDescriptor& field, std::string& out) {
  if (field.is_repeated()) {
    WriteList(message, field, out);
  } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    WriteMessage(message.GetReflection()->GetMessage(message, &field), out);
  } else {
    WriteScalar(Load(message, field, 0), out);
  }
}

void WriteMessage(const Message& message, std::string& out) {
  const google::protobuf::Descriptor& type = *message.GetDescriptor();
  bool first = true;
  out += '{';
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    // A required list stands for itself when empty: a list answer without items says [].
    const bool shown = IsPresent(message, field) || (field.is_repeated() && RulesOf(field).required());
    if (!IsInBody(field) || !shown) continue;
    if (!first) out += ',';
    first = false;
    AppendJsonText(field.json_name(), out);
    out += ':';
    WriteValue(message, field, out);
  }
  out += '}';
}

}  // namespace

std::string ToJson(const Message& message) {
  std::string out;
  const FieldDescriptor* payload = PayloadOf(*message.GetDescriptor());
  if (payload != nullptr) {
    WriteMessage(message.GetReflection()->GetMessage(message, payload), out);
  } else {
    WriteMessage(message, out);
  }
  return out;
}

}  // namespace chancery::model
