#include "model/field.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "base/check.h"
#include "model/utf8.h"

namespace chancery::model {
namespace {

// Field number of `sent_empty`, in every message that has lists.
constexpr int kSentEmpty = 1000;

bool WasSentEmpty(const Message& message, const FieldDescriptor& list) {
  const FieldDescriptor* noted = message.GetDescriptor()->FindFieldByNumber(kSentEmpty);
  if (noted == nullptr) return false;
  const auto* reflection = message.GetReflection();
  for (int i = 0; i < reflection->FieldSize(message, noted); ++i) {
    if (reflection->GetRepeatedUInt32(message, noted, i) == static_cast<uint32_t>(list.number())) return true;
  }
  return false;
}

}  // namespace

const FieldRules& RulesOf(const FieldDescriptor& field) { return field.options().GetExtension(rules); }

bool IsInBody(const FieldDescriptor& field) {
  const FieldRules& rules = RulesOf(field);
  return !rules.internal() && rules.location() == LOCATION_BODY;
}

const FieldDescriptor* PayloadOf(const google::protobuf::Descriptor& type) {
  for (int i = 0; i < type.field_count(); ++i) {
    if (RulesOf(*type.field(i)).payload()) return type.field(i);
  }
  return nullptr;
}

bool IsPresent(const Message& message, const FieldDescriptor& field) {
  if (!field.is_repeated()) return message.GetReflection()->HasField(message, &field);
  return message.GetReflection()->FieldSize(message, &field) > 0 || WasSentEmpty(message, field);
}

void NoteSentEmpty(Message& message, const FieldDescriptor& list) {
  const FieldDescriptor* noted = message.GetDescriptor()->FindFieldByNumber(kSentEmpty);
  CHANCERY_CHECK(noted != nullptr);
  message.GetReflection()->AddUInt32(&message, noted, static_cast<uint32_t>(list.number()));
}

void ClearSentEmpty(Message& message) {
  const FieldDescriptor* noted = message.GetDescriptor()->FindFieldByNumber(kSentEmpty);
  if (noted != nullptr) message.GetReflection()->ClearField(&message, noted);
}

const std::string& WireOf(const EnumValueDescriptor& value) { return value.options().GetExtension(wire); }

const EnumValueDescriptor* EnumValueOf(const EnumDescriptor& type, std::string_view wire) {
  if (wire.empty()) return nullptr;
  for (int i = 0; i < type.value_count(); ++i) {
    if (WireOf(*type.value(i)) == wire) return type.value(i);
  }
  return nullptr;
}

std::string NotOneOf(const EnumDescriptor& type, std::string_view given) {
  std::string allowed;
  for (int i = 0; i < type.value_count(); ++i) {
    const std::string& wire = WireOf(*type.value(i));
    if (wire.empty()) continue;
    if (!allowed.empty()) allowed += ", ";
    allowed += wire;
  }
  return fmt::format("must be one of {}; is {}", allowed, Quoted(given));
}

void Store(Message& message, const FieldDescriptor& field, const Scalar& value) {
  const auto* reflection = message.GetReflection();
  const bool add = field.is_repeated();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32: {
      const auto number = static_cast<int32_t>(std::get<int64_t>(value));
      return add ? reflection->AddInt32(&message, &field, number) : reflection->SetInt32(&message, &field, number);
    }
    case FieldDescriptor::CPPTYPE_INT64: {
      const int64_t number = std::get<int64_t>(value);
      return add ? reflection->AddInt64(&message, &field, number) : reflection->SetInt64(&message, &field, number);
    }
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      const double number = std::get<double>(value);
      return add ? reflection->AddDouble(&message, &field, number) : reflection->SetDouble(&message, &field, number);
    }
    case FieldDescriptor::CPPTYPE_BOOL: {
      const bool flag = std::get<bool>(value);
      return add ? reflection->AddBool(&message, &field, flag) : reflection->SetBool(&message, &field, flag);
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      const EnumValueDescriptor* named = std::get<const EnumValueDescriptor*>(value);
      return add ? reflection->AddEnum(&message, &field, named) : reflection->SetEnum(&message, &field, named);
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string text(std::get<std::string_view>(value));
      return add ? reflection->AddString(&message, &field, std::move(text))
                 : reflection->SetString(&message, &field, std::move(text));
    }
    default:
      CHANCERY_CHECK(false && "the model has no such type");
  }
}

Scalar Load(const Message& message, const FieldDescriptor& field, int index) {
  const auto* reflection = message.GetReflection();
  const bool item = field.is_repeated();
  std::string scratch;  // never used: no field of ours is a cord
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return int64_t{item ? reflection->GetRepeatedInt32(message, &field, index)
                          : reflection->GetInt32(message, &field)};
    case FieldDescriptor::CPPTYPE_INT64:
      return int64_t{item ? reflection->GetRepeatedInt64(message, &field, index)
                          : reflection->GetInt64(message, &field)};
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return item ? reflection->GetRepeatedDouble(message, &field, index) : reflection->GetDouble(message, &field);
    case FieldDescriptor::CPPTYPE_BOOL:
      return item ? reflection->GetRepeatedBool(message, &field, index) : reflection->GetBool(message, &field);
    case FieldDescriptor::CPPTYPE_ENUM:
      return item ? reflection->GetRepeatedEnum(message, &field, index) : reflection->GetEnum(message, &field);
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string& text = item ? reflection->GetRepeatedStringReference(message, &field, index, &scratch)
                                     : reflection->GetStringReference(message, &field, &scratch);
      return std::string_view(text);
    }
    default:
      base::CheckFailed("the model has no such type", __FILE__, __LINE__);
  }
}

Range TypeRangeOf(const FieldDescriptor& field) {
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_INT32) {
    return {std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
  }
  return {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()};
}

std::string OutOfRange(const FieldDescriptor& field, std::string_view given) {
  const FieldRules& rules = RulesOf(field);
  const Range range = TypeRangeOf(field);
  const int64_t min = rules.has_min() ? rules.min() : range.min;
  const int64_t max = rules.has_max() ? rules.max() : range.max;
  return fmt::format("must be between {} and {}, is {}", min, max, given);
}

void Findings::Add(const Path& path, std::string text) {
  if (!full()) violations_.push_back({path.ToString(), std::move(text)});
}

}  // namespace chancery::model
