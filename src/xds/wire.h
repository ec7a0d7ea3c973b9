#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "xds/resource.h"
#include "xds/transport.h"

// DiscoveryRequest and DiscoveryResponse by hand on protobuf's wire format: a request repeats a node of
// 50 to 60 KB that need not be looked at again (contract/envoy.md §7.2), and a response is mostly bytes
// that many streams share. Pure.
namespace chancery::xds {

// The top-level fields of one request. Views into the message.
struct Request {
  std::string_view version_info;
  // The node's serialized bytes; empty where it is absent.
  std::string_view node;
  std::vector<std::string_view> names;
  std::string_view type_url;
  std::string_view nonce;
  // With error_detail: a NACK.
  bool rejects = false;
  std::string_view error_message;
};

struct RequestLimits {
  size_t max_names;
  size_t max_name_bytes;
};

// Why a request ends its stream; kOk: it does not.
struct Refusal {
  StatusCode code = StatusCode::kOk;
  std::string message;
};

// Reads `message` into `request`. INVALID_ARGUMENT: not a DiscoveryRequest. RESOURCE_EXHAUSTED: over a limit.
Refusal DecodeRequest(std::string_view message, const RequestLimits& limits, Request& request);

// A DiscoveryResponse without its nonce: version_info, resources, type_url. The resources that `replacing` names,
// sorted, have their when_replacing, and the version then says so.
std::string EncodeResponse(Type type, const ResourceSet& set, const std::vector<std::string>& replacing = {});
// What a version_info of EncodeResponse says: the version of the set, and whether it had names in `replacing`.
struct VersionInfo {
  std::string_view version;
  bool replacing = false;
};
VersionInfo ReadVersionInfo(std::string_view version_info);
// The nonce field alone, to stand behind such a response.
std::string EncodeNonce(std::string_view nonce);

// `text` cut to `max_bytes`, with everything that is no UTF-8 or is a control character as '?': what a
// client says goes to logs and JSON.
std::string Printable(std::string_view text, size_t max_bytes);

}  // namespace chancery::xds
