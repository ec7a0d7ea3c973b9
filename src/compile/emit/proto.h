#pragma once

#include <google/protobuf/any.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/message.h>

#include <string>
#include <string_view>

#include "compile/ir.h"

// Helpers of the emitters; no Envoy header in here.
namespace chancery::compile::emit {

// Like Any::PackFrom, but deterministic.
google::protobuf::Any Pack(const google::protobuf::Message& message);

google::protobuf::Duration ToDuration(ir::Millis duration);

// The value of metadata "aws.appmesh.aggregate_stats".config: {"tags":[{"key":…,"value":…}]}, without
// tags when `key` is empty.
std::string StatsTags(std::string_view key, std::string_view value);

inline constexpr char kStatsMetadata[] = "aws.appmesh.aggregate_stats";

}  // namespace chancery::compile::emit
