// Prints the whole API model as JSON, read from the descriptors by reflection: what
// tests/model/test_botocore.py holds against botocore. Members marked `internal` are ours and left out.

#include <chancery/model/mesh.pb.h>
#include <chancery/model/options.pb.h>
#include <chancery/model/service.pb.h>

#include <boost/json.hpp>
#include <iostream>
#include <string>

#include "model/field.h"

namespace chancery::model {
namespace {

namespace json = boost::json;
using google::protobuf::Descriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

json::string Text(std::string_view text) { return json::string(text.data(), text.size()); }

std::string_view TypeName(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return "integer";
    case FieldDescriptor::CPPTYPE_INT64:
      return "long";
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return RulesOf(field).timestamp() ? "timestamp" : "double";
    case FieldDescriptor::CPPTYPE_BOOL:
      return "boolean";
    case FieldDescriptor::CPPTYPE_ENUM:
    case FieldDescriptor::CPPTYPE_STRING:
      return "string";
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return "structure";
    default:
      return "unknown";
  }
}

// The type of a member or, of a list, of its items.
json::object DumpValue(const FieldDescriptor& field) {
  const FieldRules& rules = RulesOf(field);
  json::object value{{"type", Text(TypeName(field))}};
  if (field.message_type() != nullptr) value["shape"] = field.message_type()->name();
  if (const EnumDescriptor* type = field.enum_type()) {
    value["shape"] = type->name();
    json::array& names = value["enum"].emplace_array();
    for (int i = 0; i < type->value_count(); ++i) {
      if (type->value(i)->number() != 0) names.emplace_back(WireOf(*type->value(i)));
    }
  }
  if (rules.has_min()) value["min"] = rules.min();
  if (rules.has_max()) value["max"] = rules.max();
  if (rules.has_min_length()) value["min"] = rules.min_length();
  if (rules.has_max_length()) value["max"] = rules.max_length();
  if (!rules.pattern().empty()) value["pattern"] = rules.pattern();
  return value;
}

json::object DumpMember(const FieldDescriptor& field) {
  const FieldRules& rules = RulesOf(field);
  json::object member = DumpValue(field);
  if (field.is_repeated()) {
    member = {{"type", "list"}, {"member", member}};
    if (rules.has_min_items()) member["min"] = rules.min_items();
    if (rules.has_max_items()) member["max"] = rules.max_items();
  }
  if (rules.required()) member["required"] = true;
  if (rules.idempotency_token()) member["idempotencyToken"] = true;
  if (rules.payload()) member["payload"] = true;
  if (rules.location() == LOCATION_URI) member["location"] = "uri";
  if (rules.location() == LOCATION_QUERY) member["location"] = "querystring";
  return member;
}

json::object DumpShape(const Descriptor& type) {
  json::object members;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (!RulesOf(field).internal()) members[field.json_name()] = DumpMember(field);
  }
  json::object shape{{"members", members}};
  if (type.options().GetExtension(union_)) shape["union"] = true;
  return shape;
}

json::object DumpOperation(const MethodDescriptor& method) {
  const HttpBinding& binding = method.options().GetExtension(http);
  json::array errors;
  for (const std::string& error : binding.errors()) errors.emplace_back(error);
  return {{"method", binding.method()},
          {"uri", binding.uri()},
          {"input", method.input_type()->name()},
          {"output", method.output_type()->name()},
          {"errors", errors}};
}

json::object DumpModel() {
  const FileDescriptor& file =
      *CreateMeshInput::descriptor()->file()->pool()->FindFileByName("chancery/model/service.proto");
  const ServiceDescriptor& service = *file.service(0);
  json::object operations;
  for (int i = 0; i < service.method_count(); ++i) {
    operations[service.method(i)->name()] = DumpOperation(*service.method(i));
  }
  json::object shapes;
  const auto add_shapes_of = [&shapes](const FileDescriptor& source) {
    if (source.name() == "chancery/model/options.proto") return;
    for (int i = 0; i < source.message_type_count(); ++i) {
      shapes[source.message_type(i)->name()] = DumpShape(*source.message_type(i));
    }
  };
  for (int i = 0; i < file.dependency_count(); ++i) add_shapes_of(*file.dependency(i));
  add_shapes_of(*ResourceMetadata::descriptor()->file());
  return {{"service", service.name()}, {"operations", operations}, {"shapes", shapes}};
}

}  // namespace
}  // namespace chancery::model

int main() {
  std::cout << boost::json::serialize(chancery::model::DumpModel()) << '\n';
  return std::cout.good() ? 0 : 1;
}
