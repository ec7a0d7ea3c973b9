#pragma once

#include <google/protobuf/message.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace chancery::compile::testing {

// Test support: the [validate.rules] that Envoy's protos carry, as far as they are cheap to check:
// required members and oneofs, lengths, ranges, defined enum values, numbers of items, characters of
// header names and values, and regular expressions; and that nothing deprecated is set. Follows Any. Returns what is
// broken, with its path.
std::vector<std::string> BrokenRules(const google::protobuf::Message& message);

// Envoy's message in a fragment of this type, parsed; null when the bytes are none.
std::unique_ptr<google::protobuf::Message> ParseEnvoy(std::string_view type_url, const std::string& bytes);

}  // namespace chancery::compile::testing
