#include "compile/testing/validate_rules.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/wrappers.pb.h>
#include <re2/re2.h>
#include <validate/validate.pb.h>

#include <memory>

namespace chancery::compile::testing {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

class Walker {
 public:
  void Walk(const Message& message, const std::string& path) {
    if (const auto* any = dynamic_cast<const google::protobuf::Any*>(&message)) return WalkAny(*any, path);
    const auto& descriptor = *message.GetDescriptor();
    if (descriptor.full_name() == "envoy.type.matcher.v3.RegexMatcher") CheckRegex(message, path);
    CheckExtension(message, path);
    for (int i = 0; i < descriptor.real_oneof_decl_count(); ++i) {
      const auto* oneof = descriptor.oneof_decl(i);
      if (oneof->options().GetExtension(validate::required) && !message.GetReflection()->HasOneof(message, oneof)) {
        Break(path + "." + oneof->name(), "one member is required");
      }
    }
    for (int i = 0; i < descriptor.field_count(); ++i) WalkField(message, *descriptor.field(i), path);
  }

  std::vector<std::string> Take() { return std::move(broken_); }

 private:
  void Break(const std::string& path, const std::string& rule) { broken_.push_back(path + ": " + rule); }

  void CheckRegex(const Message& matcher, const std::string& path) {
    const auto* field = matcher.GetDescriptor()->FindFieldByName("regex");
    const re2::RE2 regex(matcher.GetReflection()->GetString(matcher, field), re2::RE2::Quiet);
    if (!regex.ok() || regex.ProgramSize() > 1000) Break(path, "RE2 does not take it");
  }

  // Extensions are no longer found by their name (contract/envoy.md §7.1).
  void CheckExtension(const Message& message, const std::string& path) {
    const auto* field = message.GetDescriptor()->FindFieldByName("typed_config");
    if (field == nullptr || field->message_type() != google::protobuf::Any::descriptor()) return;
    if (!message.GetReflection()->HasField(message, field)) Break(path, "an extension without typed_config");
  }

  void WalkAny(const google::protobuf::Any& any, const std::string& path) {
    if (any.type_url().empty()) return Break(path, "an Any without type");
    const auto inner = ParseEnvoy(any.type_url(), any.value());
    if (inner == nullptr) return Break(path, "cannot read a " + any.type_url());
    Walk(*inner, path);
  }

  void WalkField(const Message& message, const FieldDescriptor& field, const std::string& parent) {
    const auto& reflection = *message.GetReflection();
    const auto& rules = field.options().GetExtension(validate::rules);
    const std::string path = parent + "." + field.name();
    if (field.is_repeated()) {
      const int size = reflection.FieldSize(message, &field);
      if (field.options().deprecated() && size > 0) Break(path, "is deprecated");
      if (rules.has_repeated()) CheckItems(rules.repeated(), static_cast<uint64_t>(size), path);
      for (int i = 0; i < size; ++i) {
        const std::string item = path + "[" + std::to_string(i) + "]";
        CheckRepeatedScalar(message, field, i, rules.repeated().items(), item);
        if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE)
          Walk(reflection.GetRepeatedMessage(message, &field, i), item);
      }
      return;
    }
    // A member of a oneof has its rules only where it is the one.
    if (field.real_containing_oneof() != nullptr && !reflection.HasField(message, &field)) return;
    const bool set = field.has_presence() ? reflection.HasField(message, &field) : true;
    if (field.options().deprecated() && reflection.HasField(message, &field)) Break(path, "is deprecated");
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (rules.message().required() && !set) Break(path, "is required");
      if (rules.duration().required() && !set) Break(path, "is required");
      if (rules.any().required() && !set) Break(path, "is required");
      if (!set) return;
      const Message& child = reflection.GetMessage(message, &field);
      CheckWellKnown(child, rules, path);
      return Walk(child, path);
    }
    if (set) CheckScalar(message, field, rules, path);
  }

  void CheckItems(const validate::RepeatedRules& rules, uint64_t size, const std::string& path) {
    if (size == 0 && rules.ignore_empty()) return;
    if (rules.has_min_items() && size < rules.min_items()) Break(path, "too few items");
    if (rules.has_max_items() && size > rules.max_items()) Break(path, "too many items");
  }

  // Wrappers carry the rules of what they wrap.
  void CheckWellKnown(const Message& child, const validate::FieldRules& rules, const std::string& path) {
    if (const auto* wrapped = dynamic_cast<const google::protobuf::UInt32Value*>(&child)) {
      if (rules.has_uint32()) CheckRange(rules.uint32(), wrapped->value(), path);
    } else if (const auto* duration = dynamic_cast<const google::protobuf::Duration*>(&child)) {
      const auto nanos = [](const google::protobuf::Duration& d) { return d.seconds() * 1'000'000'000 + d.nanos(); };
      const auto& limits = rules.duration();
      if (limits.has_gt() && nanos(*duration) <= nanos(limits.gt())) Break(path, "too short");
      if (limits.has_gte() && nanos(*duration) < nanos(limits.gte())) Break(path, "too short");
      if (limits.has_lt() && nanos(*duration) >= nanos(limits.lt())) Break(path, "too long");
      if (limits.has_lte() && nanos(*duration) > nanos(limits.lte())) Break(path, "too long");
    }
  }

  void CheckScalar(const Message& message, const FieldDescriptor& field, const validate::FieldRules& rules,
                   const std::string& path) {
    const auto& reflection = *message.GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        return CheckString(rules.string(), reflection.GetString(message, &field), path);
      case FieldDescriptor::CPPTYPE_UINT32:
        if (rules.has_uint32()) CheckRange(rules.uint32(), reflection.GetUInt32(message, &field), path);
        return;
      case FieldDescriptor::CPPTYPE_ENUM: {
        const int value = reflection.GetEnumValue(message, &field);
        if (rules.enum_().defined_only() && field.enum_type()->FindValueByNumber(value) == nullptr)
          Break(path, "no such value");
        for (const int refused : rules.enum_().not_in()) {
          if (value == refused) Break(path, "a value that is not allowed");
        }
        return;
      }
      default:
        return;
    }
  }

  void CheckRepeatedScalar(const Message& message, const FieldDescriptor& field, int index,
                           const validate::FieldRules& rules, const std::string& path) {
    const auto& reflection = *message.GetReflection();
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      CheckString(rules.string(), reflection.GetRepeatedString(message, &field, index), path);
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_UINT32 && rules.has_uint32()) {
      CheckRange(rules.uint32(), reflection.GetRepeatedUInt32(message, &field, index), path);
    }
  }

  void CheckRange(const validate::UInt32Rules& rules, uint32_t value, const std::string& path) {
    if (rules.has_gt() && value <= rules.gt()) Break(path, "too small");
    if (rules.has_gte() && value < rules.gte()) Break(path, "too small");
    if (rules.has_lt() && value >= rules.lt()) Break(path, "too large");
    if (rules.has_lte() && value > rules.lte()) Break(path, "too large");
  }

  void CheckString(const validate::StringRules& rules, const std::string& value, const std::string& path) {
    if (value.empty() && rules.ignore_empty()) return;
    if (rules.has_min_len() && value.size() < rules.min_len()) Break(path, "too short");
    if (rules.has_max_bytes() && value.size() > rules.max_bytes()) Break(path, "too long");
    if (rules.has_prefix() && !value.starts_with(rules.prefix())) Break(path, "does not begin with " + rules.prefix());
    const bool header = rules.well_known_regex() != validate::UNKNOWN;
    const std::string_view refused("\0\r\n", 3);
    if (header && value.find_first_of(refused) != std::string::npos) Break(path, "a character no header may have");
  }

  std::vector<std::string> broken_;
};

}  // namespace

std::unique_ptr<Message> ParseEnvoy(std::string_view type_url, const std::string& bytes) {
  const std::string name(type_url.substr(type_url.rfind('/') + 1));
  const auto* descriptor = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(name);
  if (descriptor == nullptr) return nullptr;
  std::unique_ptr<Message> message(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor)->New());
  if (!message->ParseFromString(bytes)) return nullptr;
  return message;
}

std::vector<std::string> BrokenRules(const Message& message) {
  Walker walker;
  walker.Walk(message, message.GetDescriptor()->name());
  return walker.Take();
}

}  // namespace chancery::compile::testing
