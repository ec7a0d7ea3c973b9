#include "compile/emit/proto.h"

#include <cstdio>

#include "model/serialize.h"

namespace chancery::compile::emit {
namespace {

std::string JsonString(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') json += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof(escaped), "\\u%04x", static_cast<unsigned char>(c));
      json += escaped;
    } else {
      json += c;
    }
  }
  return json + '"';
}

}  // namespace

google::protobuf::Any Pack(const google::protobuf::Message& message) {
  google::protobuf::Any any;
  any.set_type_url("type.googleapis.com/" + message.GetDescriptor()->full_name());
  any.set_value(model::SerializeSorted(message));
  return any;
}

google::protobuf::Duration ToDuration(ir::Millis duration) {
  google::protobuf::Duration proto;
  proto.set_seconds(duration.count() / 1000);
  proto.set_nanos(static_cast<int32_t>(duration.count() % 1000) * 1'000'000);
  return proto;
}

std::string StatsTags(std::string_view key, std::string_view value) {
  if (key.empty()) return R"({"tags":[]})";
  return R"({"tags":[{"key":)" + JsonString(key) + R"(,"value":)" + JsonString(value) + "}]}";
}

}  // namespace chancery::compile::emit
