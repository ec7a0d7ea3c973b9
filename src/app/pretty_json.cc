#include "app/pretty_json.h"

#include <boost/json.hpp>

namespace chancery::app {
namespace {

namespace json = boost::json;

void Append(const json::value& value, size_t depth, std::string& text) {
  const auto line = [&text](size_t indent) { text.append("\n").append(indent * 4, ' '); };
  if (const json::object* object = value.if_object(); object != nullptr && !object->empty()) {
    std::string_view separator = "{";
    for (const auto& [name, member] : *object) {
      text.append(separator);
      line(depth + 1);
      text.append(json::serialize(json::value(name))).append(": ");
      Append(member, depth + 1, text);
      separator = ",";
    }
    line(depth);
    text.append("}");
  } else if (const json::array* array = value.if_array(); array != nullptr && !array->empty()) {
    std::string_view separator = "[";
    for (const json::value& element : *array) {
      text.append(separator);
      line(depth + 1);
      Append(element, depth + 1, text);
      separator = ",";
    }
    line(depth);
    text.append("]");
  } else {
    text.append(json::serialize(value));
  }
}

}  // namespace

std::string Pretty(const json::value& value) {
  std::string text;
  Append(value, 0, text);
  return text;
}

}  // namespace chancery::app
