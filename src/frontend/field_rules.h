#pragma once

#include <google/protobuf/message.h>

#include <vector>

#include "base/error.h"
#include "model/kind.h"

namespace chancery::frontend {

// Rules of single requests that the shapes do not carry (contract/api.md §3.1, §3.6, §4.6), one table
// of named rules, each a pure function. `kind` is null for the tag operations.
//
//   name-characters      names of resources, in the URI, the body and in references
//   client-token         1..64 of letters, digits, '-', '_': the documentation says 36, but no
//                        source shows a refusal and some tools' tokens are longer
//   mesh-owner           digits, beyond the shape's length
//   one-route-kind       rule 19
//   weights-sum          rule 20
//   regex                RE2 takes every `regex`, because an Envoy refuses the whole route
//                        configuration otherwise (contract/envoy.md §2.4)
void CheckFieldRules(const model::KindDescriptor* kind, const google::protobuf::Message& input,
                     std::vector<base::Violation>& violations);

}  // namespace chancery::frontend
