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

// Reads a JSON object into the body members of `message`; members in the URI or query string are
// left alone. An empty text reads as {}. Adds a violation for each wrong type, unknown enum value
// or number out of the type's range, with its path below `path`, and goes on; constraints are
// CheckConstraints' work. Error: kBadRequest when the text is no JSON object or nested deeper than
// 64, naming the place.
base::Status ParseJson(std::string_view text, google::protobuf::Message& message, std::vector<base::Violation>& violations);

// Sets the member that `json_name` names from a decoded URI label or query value (string, integer
// or boolean). False when the message has no such member at `location`-URI or query.
bool SetFromText(google::protobuf::Message& message, std::string_view json_name, std::string_view text,
                 std::vector<base::Violation>& violations);

// Every broken constraint of `message` and below: required, ranges, lengths in characters, patterns,
// number of items, unions. Paths are such as spec.listeners[0].portMapping.port. At most 100.
void CheckConstraints(const google::protobuf::Message& message, std::vector<base::Violation>& violations);

// The JSON text of a message; a member with `payload` stands for the whole. UTF-8, no white space.
std::string ToJson(const google::protobuf::Message& message);

}  // namespace chancery::model
