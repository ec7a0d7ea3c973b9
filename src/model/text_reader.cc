#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "base/utf8.h"
#include "model/codec.h"
#include "model/field.h"
#include "model/utf8.h"

namespace chancery::model {
namespace {

// The member in the URI or query string that `json_name` names, or null.
const FieldDescriptor* FindTextMember(const google::protobuf::Descriptor& type, std::string_view json_name) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    if (field->json_name() == json_name && RulesOf(*field).location() != LOCATION_BODY) return field;
  }
  return nullptr;
}

std::optional<Scalar> ReadInteger(std::string_view text, const FieldDescriptor& field, const Path& path,
                                  Findings& findings) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const Range range = TypeRangeOf(field);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) {
    findings.Add(path, "must be a whole number, is " + Quoted(text));
  } else if (error == std::errc::result_out_of_range || number < range.min || number > range.max) {
    findings.Add(path, OutOfRange(field, Quoted(text)));
  } else {
    return number;
  }
  return std::nullopt;
}

std::optional<Scalar> ReadText(std::string_view text, const FieldDescriptor& field, const Path& path,
                               Findings& findings) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return text;
    case FieldDescriptor::CPPTYPE_BOOL:
      if (text == "true" || text == "false") return text == "true";
      findings.Add(path, "must be true or false, is " + Quoted(text));
      return std::nullopt;
    default:
      return ReadInteger(text, field, path, findings);
  }
}

}  // namespace

bool SetFromText(Message& message, std::string_view json_name, std::string_view text,
                 std::vector<base::Violation>& violations) {
  const FieldDescriptor* field = FindTextMember(*message.GetDescriptor(), json_name);
  if (field == nullptr) return false;
  const Path root;
  const Path path = root.Member(field->json_name());
  Findings findings(violations);
  if (!base::IsUtf8(text)) {
    findings.Add(path, "must be valid UTF-8");
    return true;
  }
  if (const std::optional<Scalar> value = ReadText(text, *field, path, findings)) Store(message, *field, *value);
  return true;
}

}  // namespace chancery::model
