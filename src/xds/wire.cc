#include "xds/wire.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <cstdint>
#include <limits>

#include "base/utf8.h"

namespace chancery::xds {
namespace {

using google::protobuf::io::CodedOutputStream;

enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

constexpr uint32_t Tag(uint32_t field, WireType type) { return field << 3U | type; }

// Walks over the fields of one message. After false from Next, `ok` says whether the end was a clean one.
class Fields {
 public:
  explicit Fields(std::string_view message) : rest_(message) {}

  bool Next() {
    if (!ok_ || rest_.empty()) return false;
    uint64_t tag = 0;
    ok_ = Varint(tag) && tag <= std::numeric_limits<uint32_t>::max() && tag >> 3U != 0;
    tag_ = static_cast<uint32_t>(tag);
    ok_ = ok_ && Value();
    return ok_;
  }
  bool ok() const { return ok_; }
  uint32_t field() const { return tag_ >> 3U; }
  bool is_bytes() const { return (tag_ & 7U) == kBytes; }
  std::string_view bytes() const { return bytes_; }

 private:
  bool Varint(uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return false;
      const auto byte = static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7FU) << shift;
      if ((byte & 0x80U) == 0) return true;
    }
    return false;
  }
  bool Take(uint64_t size) {
    if (size > rest_.size()) return false;
    bytes_ = rest_.substr(0, static_cast<size_t>(size));
    rest_.remove_prefix(static_cast<size_t>(size));
    return true;
  }
  // Groups are no part of proto3.
  bool Value() {
    uint64_t number = 0;
    switch (tag_ & 7U) {
      case kVarint:
        return Varint(number);
      case kFixed64:
        return Take(8);
      case kBytes:
        return Varint(number) && Take(number);
      case kFixed32:
        return Take(4);
      default:
        return false;
    }
  }

  std::string_view rest_;
  std::string_view bytes_;
  uint32_t tag_ = 0;
  bool ok_ = true;
};

Refusal Malformed(std::string_view what) {
  return {StatusCode::kInvalidArgument, std::string(what) + " is not a valid protobuf message"};
}

// google.rpc.Status: message = 2.
bool DecodeError(std::string_view bytes, Request& request) {
  request.rejects = true;
  Fields fields(bytes);
  while (fields.Next()) {
    if (fields.field() == 2 && fields.is_bytes()) request.error_message = fields.bytes();
  }
  return fields.ok();
}

Refusal AddName(std::string_view name, const RequestLimits& limits, Request& request) {
  if (request.names.size() == limits.max_names) {
    return {StatusCode::kResourceExhausted,
            "DiscoveryRequest.resource_names: more than " + std::to_string(limits.max_names) + " names"};
  }
  if (name.size() > limits.max_name_bytes) {
    return {StatusCode::kResourceExhausted, "DiscoveryRequest.resource_names: a name is longer than " +
                                                std::to_string(limits.max_name_bytes) + " bytes"};
  }
  request.names.push_back(name);
  return {};
}

Refusal DecodeField(const Fields& field, const RequestLimits& limits, Request& request) {
  if (field.field() >= 1 && field.field() <= 6 && !field.is_bytes()) return Malformed("DiscoveryRequest");
  switch (field.field()) {
    case 1:
      request.version_info = field.bytes();
      break;
    case 2:
      request.node = field.bytes();
      break;
    case 3:
      return AddName(field.bytes(), limits, request);
    case 4:
      request.type_url = field.bytes();
      break;
    case 5:
      request.nonce = field.bytes();
      break;
    case 6:
      if (!DecodeError(field.bytes(), request)) return Malformed("DiscoveryRequest.error_detail");
      break;
    default:
      break;
  }
  return {};
}

// Stands behind the hexadecimal end of a version.
constexpr char kReplacingMark = '+';

size_t BytesFieldSize(size_t size) { return 1 + CodedOutputStream::VarintSize64(size) + size; }

void WriteHead(CodedOutputStream& out, uint32_t field, size_t size) {
  out.WriteTag(Tag(field, kBytes));
  out.WriteVarint64(size);
}

void WriteRaw(CodedOutputStream& out, std::string_view bytes) {
  if (bytes.empty()) return;  // of nothing, the data may be null, and memcpy takes none
  out.WriteRaw(bytes.data(), static_cast<int>(bytes.size()));
}

void WriteBytes(CodedOutputStream& out, uint32_t field, std::string_view bytes) {
  WriteHead(out, field, bytes.size());
  WriteRaw(out, bytes);
}

size_t AnySize(std::string_view url, size_t body_size) {
  return BytesFieldSize(url.size()) + BytesFieldSize(body_size);
}

// The length in bytes of the character that `text` begins with; 0: none, or a control character.
size_t PrintableLength(std::string_view text) {
  const auto lead = static_cast<uint8_t>(text.front());
  return lead < 0x20U || lead == 0x7FU ? 0 : base::Utf8Length(text);
}

}  // namespace

Refusal DecodeRequest(std::string_view message, const RequestLimits& limits, Request& request) {
  Fields fields(message);
  while (fields.Next()) {
    Refusal refusal = DecodeField(fields, limits, request);
    if (refusal.code != StatusCode::kOk) return refusal;
  }
  return fields.ok() ? Refusal{} : Malformed("DiscoveryRequest");
}

std::string EncodeResponse(Type type, const ResourceSet& set, const std::vector<std::string>& replacing) {
  const std::string_view url = DescriptorOf(type).url;
  const auto tail_of = [&](const Resource& resource) {
    const bool replaces = std::binary_search(replacing.begin(), replacing.end(), resource.name);
    return replaces ? resource.when_replacing : std::string_view();
  };
  const std::string version = replacing.empty() ? set.version() : set.version() + kReplacingMark;
  size_t size = BytesFieldSize(version.size()) + BytesFieldSize(url.size());
  for (const ResourcePtr& resource : set.resources()) {
    size += BytesFieldSize(AnySize(url, resource->body->size() + tail_of(*resource).size()));
  }
  std::string message;
  message.reserve(size);
  {
    google::protobuf::io::StringOutputStream stream(&message);
    CodedOutputStream out(&stream);
    WriteBytes(out, 1, version);
    for (const ResourcePtr& resource : set.resources()) {
      const std::string_view tail = tail_of(*resource);
      const size_t body_size = resource->body->size() + tail.size();
      WriteHead(out, 2, AnySize(url, body_size));
      WriteBytes(out, 1, url);
      WriteHead(out, 2, body_size);
      WriteRaw(out, *resource->body);
      WriteRaw(out, tail);
    }
    WriteBytes(out, 4, url);
  }
  return message;
}

VersionInfo ReadVersionInfo(std::string_view version_info) {
  const bool replacing = version_info.ends_with(kReplacingMark);
  if (replacing) version_info.remove_suffix(1);
  return {version_info, replacing};
}

std::string EncodeNonce(std::string_view nonce) {
  std::string field;
  {
    google::protobuf::io::StringOutputStream stream(&field);
    CodedOutputStream out(&stream);
    WriteBytes(out, 5, nonce);
  }
  return field;
}

std::string Printable(std::string_view text, size_t max_bytes) {
  std::string clean;
  clean.reserve(std::min(text.size(), max_bytes));
  while (!text.empty()) {
    const size_t length = PrintableLength(text);
    if (clean.size() + std::max<size_t>(length, 1) > max_bytes) break;
    if (length == 0) {
      clean += '?';
    } else {
      clean += text.substr(0, length);
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return clean;
}

}  // namespace chancery::xds
