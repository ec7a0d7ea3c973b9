#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/result.h"

namespace chancery::model {

// REST-JSON to messages and back, by reflection over the options of api/chancery/model/options.proto
// (contract/api.md §2, §3). Stateless, thread-safe.
//
// What was sent survives: order, zero, false, "" and empty lists (`sent_empty`) are echoed, absent
// members stay absent, null is absent, unknown members are ignored and not kept.

// Reads a JSON object into the body members of `message`, which it replaces; members in the URI or
// query string are left alone, a member with `payload` is read from the whole body. An empty text
// reads as {}. Adds a violation for each wrong type, unknown enum value, null in a list or number
// out of the type's range, with its path below `message`, and goes on, up to 100 in all; constraints
// are CheckConstraints' work. Of a key given twice the last counts. Error: kBadRequest when the text
// is no JSON object or nested deeper than 64, naming the place; `message` is then unchanged.
base::Status ParseJson(std::string_view text, google::protobuf::Message& message,
                       std::vector<base::Violation>& violations);

// Sets the member that `json_name` names from a decoded URI label or query value (string, integer
// or boolean); a value that does not read as the member's type is a violation. False when the
// message has no such member in URI or query.
bool SetFromText(google::protobuf::Message& message, std::string_view json_name, std::string_view text,
                 std::vector<base::Violation>& violations);

// Every broken constraint of `message` and below: required, ranges, lengths in characters, patterns,
// number of items, unions. Paths are such as spec.listeners[0].portMapping.port. Given the violations
// that reading the same message left, adds nothing about what could not be read. At most 100 in all.
void CheckConstraints(const google::protobuf::Message& message, std::vector<base::Violation>& violations);

// The JSON text of the body members of a message, in the model's order; a member with `payload`
// stands for the whole. A list is printed when it has items, was sent as [] or is required. Times are
// numbers of seconds with three decimals. UTF-8, no white space. REQUIRES: strings are UTF-8.
std::string ToJson(const google::protobuf::Message& message);

}  // namespace chancery::model
