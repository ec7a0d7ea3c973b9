#pragma once

#include <chancery/model/options.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "model/path.h"

// What the reader, the writer and the constraint walker know about members: one place that reads
// the options of api/chancery/model/options.proto. Internal to this folder, stateless.
namespace chancery::model {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

inline constexpr size_t kMaxViolations = 100;

const FieldRules& RulesOf(const FieldDescriptor& field);

// Whether the member travels in the JSON body: neither in URI or query, nor our own.
bool IsInBody(const FieldDescriptor& field);

// The member that stands for the whole body, or null.
const FieldDescriptor* PayloadOf(const google::protobuf::Descriptor& type);

// Whether the member was sent: set, not empty, or a list sent as [].
bool IsPresent(const Message& message, const FieldDescriptor& field);

// Notes in `sent_empty` that the list was sent as [].
void NoteSentEmpty(Message& message, const FieldDescriptor& list);
void ClearSentEmpty(Message& message);

// The JSON spelling of an enum value; "" for the zero value, which stands for absent.
const std::string& WireOf(const EnumValueDescriptor& value);
// The value so spelled, or null.
const EnumValueDescriptor* EnumValueOf(const EnumDescriptor& type, std::string_view wire);
// "must be one of http, tcp; is 'smtp'".
std::string NotOneOf(const EnumDescriptor& type, std::string_view given);

// A value that is no message. Strings are borrowed.
using Scalar = std::variant<int64_t, bool, double, std::string_view, const EnumValueDescriptor*>;

// Sets the member, or appends to it when it is a list. REQUIRES: the value is of the member's type.
void Store(Message& message, const FieldDescriptor& field, const Scalar& value);
// The member's value, or item `index` of the list. REQUIRES: it is no message.
Scalar Load(const Message& message, const FieldDescriptor& field, int index);

// The range that both the type of the integer member and its rules allow, inclusive.
struct Range {
  int64_t min;
  int64_t max;
};
Range TypeRangeOf(const FieldDescriptor& field);
// "must be between 1 and 65535, is <given>".
std::string OutOfRange(const FieldDescriptor& field, std::string_view given);

// Adds violations up to kMaxViolations in all.
class Findings {
 public:
  explicit Findings(std::vector<base::Violation>& violations) : violations_(violations) {}
  void Add(const Path& path, std::string text);
  bool full() const { return violations_.size() >= kMaxViolations; }

 private:
  std::vector<base::Violation>& violations_;
};

}  // namespace chancery::model
