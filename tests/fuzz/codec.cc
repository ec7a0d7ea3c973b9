#include "model/codec.h"

#include <google/protobuf/message.h>
#include <google/protobuf/util/message_differencer.h>

#include <memory>
#include <vector>

#include "base/check.h"
#include "base/utf8.h"
#include "frontend/router.h"
#include "fuzz/targets.h"
#include "fuzz/text.h"

namespace chancery::fuzz {
namespace {

using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::util::MessageDifferencer;

constexpr size_t kMaxViolations = 100;

const frontend::Operation& OperationOf(std::string_view name) {
  static const frontend::Router router;
  for (const frontend::Operation& operation : router.operations()) {
    if (operation.name == name) return operation;
  }
  return router.operations().front();
}

std::unique_ptr<Message> NewInput(const frontend::Operation& operation) {
  return std::unique_ptr<Message>(
      MessageFactory::generated_factory()->GetPrototype(operation.method->input_type())->New());
}

void CheckViolations(const std::vector<base::Violation>& violations) {
  CHANCERY_CHECK(violations.size() <= kMaxViolations);
  for (const base::Violation& violation : violations) {
    CHANCERY_CHECK(!violation.text.empty());
    CHANCERY_CHECK(base::IsUtf8(violation.path + violation.text));
  }
}

// What is printed can be read and prints as the same text; a message that breaks no rule comes back as it was. (One
// that misses a required list does not: such a list is printed as [].)
void CheckRoundTrip(const frontend::Operation& operation, const Message& message, bool valid) {
  const std::string printed = model::ToJson(message);
  const auto again = NewInput(operation);
  std::vector<base::Violation> violations;
  CHANCERY_CHECK(model::ParseJson(printed, *again, violations));
  CHANCERY_CHECK(violations.empty());
  CHANCERY_CHECK(model::ToJson(*again) == printed);
  if (valid) CHANCERY_CHECK(MessageDifferencer::Equals(message, *again));
}

}  // namespace

void FuzzCodec(std::string_view input) {
  const Cut cut = CutAt(input, "\n");
  const frontend::Operation& operation = OperationOf(cut.head);
  const auto message = NewInput(operation);
  std::vector<base::Violation> violations;
  const base::Status status = model::ParseJson(cut.rest, *message, violations);
  if (!status) {
    CHANCERY_CHECK(status.error().code == base::Code::kBadRequest);
    CHANCERY_CHECK(base::IsUtf8(status.error().message));
    return;
  }
  const bool readable = violations.empty();
  model::CheckConstraints(*message, violations);
  CheckViolations(violations);
  if (readable) CheckRoundTrip(operation, *message, violations.empty());
}

}  // namespace chancery::fuzz
