// Properties of the codec over random messages of every shape, built by reflection, and over random
// and damaged text.

#include <chancery/model/mesh.pb.h>
#include <chancery/model/service.pb.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "model/codec.h"
#include "model/field.h"
#include "model/kind.h"

namespace chancery::model {
namespace {

using base::Violation;
using google::protobuf::Descriptor;
using google::protobuf::MessageFactory;
using google::protobuf::util::MessageDifferencer;

// RapidCheck's own 100 tries are few for so many shapes. An RC_PARAMS from outside goes first.
const bool kManyTries = setenv("RC_PARAMS", "max_success=1000", /*overwrite=*/0) == 0;

// Every message of the API: the inputs and outputs of all operations.
std::vector<const Descriptor*> Roots() {
  std::vector<const Descriptor*> roots;
  const auto& service = *CreateMeshInput::descriptor()->file()->pool()->FindServiceByName("chancery.model.AppMesh");
  for (int i = 0; i < service.method_count(); ++i) {
    roots.push_back(service.method(i)->input_type());
    roots.push_back(service.method(i)->output_type());
  }
  return roots;
}

std::unique_ptr<Message> NewMessage(const Descriptor* type) {
  return std::unique_ptr<Message>(MessageFactory::generated_factory()->GetPrototype(type)->New());
}

std::string RandomText() {
  static const std::vector<std::string> pieces = {"a",  "Z", "0",  "_",      "\"",   "\\",   "/",
                                                  "\n", "é", "漢", "\u2028", "\x01", "\x7F", "😀"};
  std::string text;
  for (const std::string& piece : *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(pieces))) {
    text += piece;
  }
  return text;
}

Scalar RandomScalar(const FieldDescriptor& field, std::string& scratch) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return int64_t{*rc::gen::arbitrary<int32_t>()};
    case FieldDescriptor::CPPTYPE_INT64:
      return *rc::gen::element<int64_t>(INT64_MIN, -1, 0, 1, 1LL << 53, (1LL << 53) + 1, INT64_MAX);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return static_cast<double>(*rc::gen::inRange<int64_t>(-1000, 253402300799000)) / 1000.0;
    case FieldDescriptor::CPPTYPE_BOOL:
      return *rc::gen::arbitrary<bool>();
    case FieldDescriptor::CPPTYPE_ENUM:
      return field.enum_type()->value(*rc::gen::inRange(1, field.enum_type()->value_count()));
    default:
      scratch = RandomText();
      return std::string_view(scratch);
  }
}

void Fill(Message& message, int density);

void FillValue(Message& message, const FieldDescriptor& field, int density) {
  const auto* reflection = message.GetReflection();
  std::string scratch;
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
    Store(message, field, RandomScalar(field, scratch));
  } else {
    Fill(
        field.is_repeated() ? *reflection->AddMessage(&message, &field) : *reflection->MutableMessage(&message, &field),
        density);
  }
}

// Sets about `density` of 10 body members, at all depths.
void Fill(Message& message, int density) {
  const Descriptor& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const FieldRules& rules = RulesOf(field);
    if (!IsInBody(field)) continue;
    // What is always printed is always there.
    const bool always = rules.payload() || (rules.required() && field.is_repeated());
    if (!always && *rc::gen::inRange(0, 10) >= density) continue;
    if (!field.is_repeated()) {
      FillValue(message, field, density);
      continue;
    }
    const int items = *rc::gen::inRange(0, 4);
    for (int item = 0; item < items; ++item) FillValue(message, field, density);
    if (items == 0) NoteSentEmpty(message, field);
  }
}

std::unique_ptr<Message> RandomMessage() {
  static const std::vector<const Descriptor*> roots = Roots();
  auto message = NewMessage(*rc::gen::elementOf(roots));
  Fill(*message, *rc::gen::inRange(3, 11));
  return message;
}

RC_GTEST_PROP(CodecProperty, AMessageIsReadAsItWasWritten, ()) {
  const auto message = RandomMessage();
  const std::string text = ToJson(*message);
  RC_ASSERT(base::IsUtf8(text));
  const auto copy = NewMessage(message->GetDescriptor());
  std::vector<Violation> violations;
  RC_ASSERT(static_cast<bool>(ParseJson(text, *copy, violations)));
  RC_ASSERT(violations.empty());
  RC_ASSERT(MessageDifferencer::Equals(*message, *copy));
  RC_ASSERT(ToJson(*copy) == text);
}

RC_GTEST_PROP(CodecProperty, ReadingReplacesWhatWasThere, ()) {
  const auto message = RandomMessage();
  const auto other = NewMessage(message->GetDescriptor());
  Fill(*other, 8);
  std::vector<Violation> violations;
  RC_ASSERT(static_cast<bool>(ParseJson(ToJson(*message), *other, violations)));
  RC_ASSERT(MessageDifferencer::Equals(*message, *other));
}

// Whatever is done to a text, the answer is an error, violations or a message that can be checked and
// printed; what is printed reads as the same again.
void Survive(std::string_view text, const Descriptor* type) {
  const auto message = NewMessage(type);
  std::vector<Violation> violations;
  const base::Status status = ParseJson(text, *message, violations);
  RC_ASSERT(violations.size() <= kMaxViolations);
  if (!status) {
    RC_ASSERT(status.error().code == base::Code::kBadRequest);
    RC_ASSERT(!status.error().message.empty());
    return;
  }
  const bool readable = violations.empty();
  CheckConstraints(*message, violations);
  RC_ASSERT(violations.size() <= kMaxViolations);
  for (const Violation& violation : violations) RC_ASSERT(base::IsUtf8(violation.path + violation.text));
  if (!readable) return;
  const std::string printed = ToJson(*message);
  const auto again = NewMessage(type);
  RC_ASSERT(static_cast<bool>(ParseJson(printed, *again, violations)));
  RC_ASSERT(ToJson(*again) == printed);
}

RC_GTEST_PROP(CodecProperty, SurvivesRandomBytes, (const std::string& bytes)) {
  Survive(bytes, CreateMeshInput::descriptor());
  Survive("{\"spec\":" + bytes, CreateMeshInput::descriptor());
}

RC_GTEST_PROP(CodecProperty, SurvivesDamage, ()) {
  const auto message = RandomMessage();
  std::string text = ToJson(*message);
  static const std::vector<std::string> scraps = {"null",
                                                  "[]",
                                                  "{}",
                                                  "\"",
                                                  "\\u",
                                                  "1e999",
                                                  "-",
                                                  "9223372036854775808",
                                                  "[[[[",
                                                  "}",
                                                  ",",
                                                  ":",
                                                  "\xFF",
                                                  "\xE2\x82",
                                                  "0.1",
                                                  "true",
                                                  "\"x\"",
                                                  "-0",
                                                  "1e18",
                                                  "\\ud800",
                                                  std::string(1, '\0')};
  const int changes = *rc::gen::inRange(1, 5);
  for (int i = 0; i < changes; ++i) {
    const auto at = static_cast<size_t>(*rc::gen::inRange(0, static_cast<int>(text.size()) + 1));
    const auto length = static_cast<size_t>(*rc::gen::inRange(0, 4));
    text.replace(at, length, *rc::gen::elementOf(scraps));
  }
  Survive(text, message->GetDescriptor());
}

// Puts another value in the place of a value, which keeps the text well formed.
RC_GTEST_PROP(CodecProperty, SurvivesOtherTypes, ()) {
  const auto message = RandomMessage();
  std::string text = ToJson(*message);
  std::vector<size_t> places;
  for (size_t at = text.find("\":"); at != std::string::npos; at = text.find("\":", at + 1)) places.push_back(at + 2);
  RC_PRE(!places.empty());
  const size_t at = *rc::gen::elementOf(places);
  text.insert(at, *rc::gen::element<std::string>("null,\"x\":", "[null],\"x\":", "{\"a\":1},\"x\":",
                                                 "[7,\"a\",{}],\"x\":", "1.5,\"x\":", "\"\",\"x\":", "-1,\"x\":"));
  Survive(text, message->GetDescriptor());
}

TEST(CodecProperty, EveryShapeIsReached) {
  // The generator starts at the operations; what hangs under none of them would never be tried.
  std::vector<const Descriptor*> reached = Roots();
  for (size_t i = 0; i < reached.size(); ++i) {
    for (int j = 0; j < reached[i]->field_count(); ++j) {
      const Descriptor* type = reached[i]->field(j)->message_type();
      if (type != nullptr && std::find(reached.begin(), reached.end(), type) == reached.end()) reached.push_back(type);
    }
  }
  for (const KindDescriptor& kind : AllKinds()) {
    for (int i = 0; i < kind.data->file()->message_type_count(); ++i) {
      const Descriptor* type = kind.data->file()->message_type(i);
      EXPECT_NE(std::find(reached.begin(), reached.end(), type), reached.end()) << type->name();
    }
  }
}

TEST(CodecProperty, AllDoublesAreTimes) {
  // What the writer relies on.
  for (const KindDescriptor& kind : AllKinds()) {
    for (int i = 0; i < kind.data->file()->message_type_count(); ++i) {
      const Descriptor& type = *kind.data->file()->message_type(i);
      for (int j = 0; j < type.field_count(); ++j) {
        const FieldDescriptor& field = *type.field(j);
        EXPECT_EQ(field.cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE, RulesOf(field).timestamp()) << field.full_name();
      }
    }
  }
}

}  // namespace
}  // namespace chancery::model
