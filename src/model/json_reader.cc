#include <fmt/format.h>

#include <algorithm>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <optional>
#include <string>

#include "model/codec.h"
#include "model/field.h"
#include "model/utf8.h"

namespace chancery::model {
namespace {

namespace json = boost::json;
using base::Code;
using base::Error;

constexpr size_t kMaxDepth = 64;
// 9999-12-31T23:59:59: later times have no written form in clients.
constexpr double kLastSecond = 253402300799.0;

std::string_view View(const json::string& text) { return {text.data(), text.size()}; }

std::string_view KindName(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "a boolean";
    case json::kind::string:
      return "a string";
    case json::kind::array:
      return "a list";
    case json::kind::object:
      return "an object";
    default:
      return "a number";
  }
}

std::string NotA(std::string_view wanted, const json::value& value) {
  return fmt::format("must be {}, is {}", wanted, KindName(value));
}

Error SyntaxError(std::string_view text, size_t at, const json::error_code& error) {
  const std::string_view before = text.substr(0, at);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const size_t start = before.rfind('\n') + 1;  // npos + 1 is 0
  return {Code::kBadRequest,
          fmt::format("the body is not valid JSON: {} at byte {} (line {}, column {})", error.message(), at, line,
                      at - start + 1),
          {}};
}

// Walks a JSON value and a message side by side.
class Reader {
 public:
  explicit Reader(std::vector<base::Violation>& violations) : findings_(violations) {}

  void ReadObject(const json::object& object, Message& message, const Path& path) {
    const google::protobuf::Descriptor& type = *message.GetDescriptor();
    ClearSentEmpty(message);
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      if (!IsInBody(field)) continue;
      message.GetReflection()->ClearField(&message, &field);
      const json::value* value = object.if_contains(field.json_name());
      if (value == nullptr || value->is_null()) continue;
      const Path member = path.Member(field.json_name());
      field.is_repeated() ? ReadList(*value, message, field, member) : ReadValue(*value, message, field, member);
    }
  }

 private:
  void ReadList(const json::value& value, Message& message, const FieldDescriptor& field, const Path& path) {
    const json::array* items = value.if_array();
    if (items == nullptr) return findings_.Add(path, NotA("a list", value));
    if (items->empty()) return NoteSentEmpty(message, field);
    for (size_t i = 0; i < items->size() && !findings_.full(); ++i) {
      ReadValue((*items)[i], message, field, path.Item(i));
    }
  }

  // A value that is wrong leaves a member absent. An item that is wrong leaves an empty item, so
  // that the items behind it keep their numbers.
  void ReadValue(const json::value& value, Message& message, const FieldDescriptor& field, const Path& path) {
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) return ReadMessage(value, message, field, path);
    const std::optional<Scalar> scalar = ReadScalar(value, field, path);
    if (scalar) {
      Store(message, field, *scalar);
    } else if (field.is_repeated()) {
      Store(message, field, EmptyItem(field));
    }
  }

  void ReadMessage(const json::value& value, Message& message, const FieldDescriptor& field, const Path& path) {
    const auto* reflection = message.GetReflection();
    const json::object* object = value.if_object();
    if (object == nullptr) findings_.Add(path, NotA("an object", value));
    if (object == nullptr && !field.is_repeated()) return;
    Message* child =
        field.is_repeated() ? reflection->AddMessage(&message, &field) : reflection->MutableMessage(&message, &field);
    if (object != nullptr) ReadObject(*object, *child, path);
  }

  std::optional<Scalar> ReadScalar(const json::value& value, const FieldDescriptor& field, const Path& path) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        if (const json::string* text = value.if_string()) return View(*text);
        return Refuse(path, NotA("a string", value));
      case FieldDescriptor::CPPTYPE_BOOL:
        if (const bool* flag = value.if_bool()) return *flag;
        return Refuse(path, NotA("true or false", value));
      case FieldDescriptor::CPPTYPE_ENUM:
        return ReadEnum(value, *field.enum_type(), path);
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return ReadTime(value, path);
      default:
        return ReadInteger(value, field, path);
    }
  }

  std::optional<Scalar> ReadEnum(const json::value& value, const EnumDescriptor& type, const Path& path) {
    const json::string* text = value.if_string();
    if (text == nullptr) return Refuse(path, NotA("a string", value));
    const EnumValueDescriptor* named = EnumValueOf(type, View(*text));
    if (named == nullptr) return Refuse(path, NotOneOf(type, View(*text)));
    return named;
  }

  // Clients write whole numbers as 5, 5.0 or 5e0: all the same number.
  std::optional<Scalar> ReadInteger(const json::value& value, const FieldDescriptor& field, const Path& path) {
    if (!value.is_number()) return Refuse(path, NotA("a whole number", value));
    if (const double* real = value.if_double()) {
      if (std::trunc(*real) != *real) return Refuse(path, fmt::format("must be a whole number, is {}", *real));
      // -2^63 written in digits is no double; as one it also stands for the numbers just below it.
      constexpr double kLimit = 9223372036854775808.0;  // 2^63
      if (*real <= -kLimit || *real >= kLimit) return Refuse(path, OutOfRange(field, fmt::format("{}", *real)));
      return InRange(static_cast<int64_t>(*real), field, path);
    }
    if (const uint64_t* big = value.if_uint64()) return Refuse(path, OutOfRange(field, fmt::format("{}", *big)));
    return InRange(value.get_int64(), field, path);
  }

  std::optional<Scalar> InRange(int64_t number, const FieldDescriptor& field, const Path& path) {
    const Range range = TypeRangeOf(field);
    if (number >= range.min && number <= range.max) return number;
    return Refuse(path, OutOfRange(field, fmt::format("{}", number)));
  }

  // Kept to the millisecond, which is how it is written.
  std::optional<Scalar> ReadTime(const json::value& value, const Path& path) {
    if (!value.is_number()) return Refuse(path, NotA("a number of seconds", value));
    const auto seconds = value.to_number<double>();
    if (!(std::abs(seconds) <= kLastSecond)) {
      return Refuse(path, fmt::format("must be seconds since 1970 up to the year 9999, is {}", seconds));
    }
    return std::round(seconds * 1000.0) / 1000.0;
  }

  std::nullopt_t Refuse(const Path& path, std::string text) {
    findings_.Add(path, std::move(text));
    return std::nullopt;
  }

  static Scalar EmptyItem(const FieldDescriptor& field) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        return std::string_view();
      case FieldDescriptor::CPPTYPE_BOOL:
        return false;
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return 0.0;
      case FieldDescriptor::CPPTYPE_ENUM:
        return field.enum_type()->FindValueByNumber(0);
      default:
        return int64_t{0};
    }
  }

  Findings findings_;
};

}  // namespace

base::Status ParseJson(std::string_view text, Message& message, std::vector<base::Violation>& violations) {
  json::monotonic_resource memory;
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::parser parser({}, options);
  parser.reset(&memory);
  json::error_code error;
  const std::string_view body = text.empty() ? "{}" : text;
  const size_t at = parser.write(body.data(), body.size(), error);
  if (error) return SyntaxError(body, at, error);
  const json::value root = parser.release();
  const json::object* object = root.if_object();
  if (object == nullptr) {
    return Error{Code::kBadRequest, fmt::format("the body must be a JSON object, is {}", KindName(root)), {}};
  }
  const FieldDescriptor* payload = PayloadOf(*message.GetDescriptor());
  Message* target = payload == nullptr ? &message : message.GetReflection()->MutableMessage(&message, payload);
  Reader(violations).ReadObject(*object, *target, Path());
  return base::Status::Ok();
}

}  // namespace chancery::model
