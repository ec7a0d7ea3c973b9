// The format of access logs: what an Envoy understands.

#include <chancery/model/virtual_gateway.pb.h>
#include <chancery/model/virtual_node.pb.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "frontend/field_rules/access_log_format.h"
#include "frontend/field_rules/checks.h"

namespace chancery::frontend::field_rules {
namespace {

enum class Takes {
  kBare,      // nothing
  kOptional,  // perhaps an argument
  kRequired,  // an argument
  kSized,     // an argument, perhaps a length
  kPath,      // perhaps an argument of its own form, perhaps a length
};

struct Operator {
  std::string_view name;
  Takes takes;
};

// What 1.36.2 and 1.40.0 both take, tried one by one with `envoy --mode validate`; sorted by name.
// CEL is left out: its expressions cannot be checked here.
constexpr Operator kOperators[] = {
    {"ACCESS_LOG_TYPE", Takes::kBare},
    {"BYTES_RECEIVED", Takes::kBare},
    {"BYTES_RETRANSMITTED", Takes::kBare},
    {"BYTES_SENT", Takes::kBare},
    {"CLUSTER_METADATA", Takes::kRequired},
    {"COMMON_DURATION", Takes::kRequired},
    {"CONNECTION_ID", Takes::kBare},
    {"CONNECTION_TERMINATION_DETAILS", Takes::kBare},
    {"CUSTOM_FLAGS", Takes::kBare},
    {"DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED", Takes::kBare},
    {"DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_SENT", Takes::kBare},
    {"DOWNSTREAM_DIRECT_LOCAL_ADDRESS", Takes::kBare},
    {"DOWNSTREAM_DIRECT_LOCAL_ADDRESS_WITHOUT_PORT", Takes::kBare},
    {"DOWNSTREAM_DIRECT_LOCAL_PORT", Takes::kBare},
    {"DOWNSTREAM_DIRECT_REMOTE_ADDRESS", Takes::kBare},
    {"DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT", Takes::kBare},
    {"DOWNSTREAM_DIRECT_REMOTE_PORT", Takes::kBare},
    {"DOWNSTREAM_HANDSHAKE_DURATION", Takes::kBare},
    {"DOWNSTREAM_HEADER_BYTES_RECEIVED", Takes::kBare},
    {"DOWNSTREAM_HEADER_BYTES_SENT", Takes::kBare},
    {"DOWNSTREAM_LOCAL_ADDRESS", Takes::kBare},
    {"DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT", Takes::kBare},
    {"DOWNSTREAM_LOCAL_DNS_SAN", Takes::kBare},
    {"DOWNSTREAM_LOCAL_EMAIL_SAN", Takes::kBare},
    {"DOWNSTREAM_LOCAL_IP_SAN", Takes::kBare},
    {"DOWNSTREAM_LOCAL_OTHERNAME_SAN", Takes::kBare},
    {"DOWNSTREAM_LOCAL_PORT", Takes::kBare},
    {"DOWNSTREAM_LOCAL_SUBJECT", Takes::kBare},
    {"DOWNSTREAM_LOCAL_URI_SAN", Takes::kBare},
    {"DOWNSTREAM_PEER_CERT", Takes::kBare},
    {"DOWNSTREAM_PEER_CERT_V_END", Takes::kOptional},
    {"DOWNSTREAM_PEER_CERT_V_START", Takes::kOptional},
    {"DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_1", Takes::kBare},
    {"DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256", Takes::kBare},
    {"DOWNSTREAM_PEER_CHAIN_SERIALS", Takes::kBare},
    {"DOWNSTREAM_PEER_DNS_SAN", Takes::kBare},
    {"DOWNSTREAM_PEER_EMAIL_SAN", Takes::kBare},
    {"DOWNSTREAM_PEER_FINGERPRINT_1", Takes::kBare},
    {"DOWNSTREAM_PEER_FINGERPRINT_256", Takes::kBare},
    {"DOWNSTREAM_PEER_IP_SAN", Takes::kBare},
    {"DOWNSTREAM_PEER_ISSUER", Takes::kBare},
    {"DOWNSTREAM_PEER_OTHERNAME_SAN", Takes::kBare},
    {"DOWNSTREAM_PEER_SERIAL", Takes::kBare},
    {"DOWNSTREAM_PEER_SUBJECT", Takes::kBare},
    {"DOWNSTREAM_PEER_URI_SAN", Takes::kBare},
    {"DOWNSTREAM_REMOTE_ADDRESS", Takes::kBare},
    {"DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", Takes::kBare},
    {"DOWNSTREAM_REMOTE_PORT", Takes::kBare},
    {"DOWNSTREAM_TLS_CIPHER", Takes::kBare},
    {"DOWNSTREAM_TLS_SESSION_ID", Takes::kBare},
    {"DOWNSTREAM_TLS_VERSION", Takes::kBare},
    {"DOWNSTREAM_TRANSPORT_FAILURE_REASON", Takes::kBare},
    {"DOWNSTREAM_WIRE_BYTES_RECEIVED", Takes::kBare},
    {"DOWNSTREAM_WIRE_BYTES_SENT", Takes::kBare},
    {"DURATION", Takes::kBare},
    {"DYNAMIC_METADATA", Takes::kRequired},
    {"EMIT_TIME", Takes::kOptional},
    {"EMIT_TIME_LOCAL", Takes::kOptional},
    {"ENVIRONMENT", Takes::kSized},
    {"FILTER_CHAIN_NAME", Takes::kBare},
    {"FILTER_STATE", Takes::kSized},
    {"GRPC_STATUS", Takes::kBare},
    {"GRPC_STATUS_NUMBER", Takes::kBare},
    {"HOSTNAME", Takes::kBare},
    {"LOCAL_REPLY_BODY", Takes::kBare},
    {"PACKETS_RETRANSMITTED", Takes::kBare},
    {"PATH", Takes::kPath},
    {"PROTOCOL", Takes::kBare},
    {"QUERY_PARAM", Takes::kSized},
    {"REQ", Takes::kSized},
    {"REQUESTED_SERVER_NAME", Takes::kBare},
    {"REQUEST_DURATION", Takes::kBare},
    {"REQUEST_HEADERS_BYTES", Takes::kBare},
    {"REQUEST_TX_DURATION", Takes::kBare},
    {"RESP", Takes::kSized},
    {"RESPONSE_CODE", Takes::kBare},
    {"RESPONSE_CODE_DETAILS", Takes::kOptional},
    {"RESPONSE_DURATION", Takes::kBare},
    {"RESPONSE_FLAGS", Takes::kBare},
    {"RESPONSE_FLAGS_LONG", Takes::kBare},
    {"RESPONSE_HEADERS_BYTES", Takes::kBare},
    {"RESPONSE_TRAILERS_BYTES", Takes::kBare},
    {"RESPONSE_TX_DURATION", Takes::kBare},
    {"ROUNDTRIP_DURATION", Takes::kBare},
    {"ROUTE_NAME", Takes::kBare},
    {"START_TIME", Takes::kOptional},
    {"START_TIME_LOCAL", Takes::kOptional},
    {"STREAM_ID", Takes::kBare},
    {"TLS_JA3_FINGERPRINT", Takes::kBare},
    {"TLS_JA4_FINGERPRINT", Takes::kBare},
    {"TRACE_ID", Takes::kBare},
    {"TRAILER", Takes::kSized},
    {"UNIQUE_ID", Takes::kBare},
    {"UPSTREAM_CLUSTER", Takes::kBare},
    {"UPSTREAM_CLUSTER_RAW", Takes::kBare},
    {"UPSTREAM_CONNECTION_ID", Takes::kBare},
    {"UPSTREAM_CONNECTION_POOL_READY_DURATION", Takes::kBare},
    {"UPSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED", Takes::kBare},
    {"UPSTREAM_DECOMPRESSED_HEADER_BYTES_SENT", Takes::kBare},
    {"UPSTREAM_FILTER_STATE", Takes::kSized},
    {"UPSTREAM_HEADER_BYTES_RECEIVED", Takes::kBare},
    {"UPSTREAM_HEADER_BYTES_SENT", Takes::kBare},
    {"UPSTREAM_HOST", Takes::kBare},
    {"UPSTREAM_HOST_NAME", Takes::kBare},
    {"UPSTREAM_HOST_NAME_WITHOUT_PORT", Takes::kBare},
    {"UPSTREAM_LOCAL_ADDRESS", Takes::kBare},
    {"UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT", Takes::kBare},
    {"UPSTREAM_LOCAL_DNS_SAN", Takes::kBare},
    {"UPSTREAM_LOCAL_IP_SAN", Takes::kBare},
    {"UPSTREAM_LOCAL_PORT", Takes::kBare},
    {"UPSTREAM_LOCAL_URI_SAN", Takes::kBare},
    {"UPSTREAM_METADATA", Takes::kRequired},
    {"UPSTREAM_PEER_CERT", Takes::kBare},
    {"UPSTREAM_PEER_CERT_V_END", Takes::kOptional},
    {"UPSTREAM_PEER_CERT_V_START", Takes::kOptional},
    {"UPSTREAM_PEER_DNS_SAN", Takes::kBare},
    {"UPSTREAM_PEER_IP_SAN", Takes::kBare},
    {"UPSTREAM_PEER_ISSUER", Takes::kBare},
    {"UPSTREAM_PEER_SUBJECT", Takes::kBare},
    {"UPSTREAM_PEER_URI_SAN", Takes::kBare},
    {"UPSTREAM_PROTOCOL", Takes::kBare},
    {"UPSTREAM_REMOTE_ADDRESS", Takes::kBare},
    {"UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", Takes::kBare},
    {"UPSTREAM_REMOTE_PORT", Takes::kBare},
    {"UPSTREAM_REQUEST_ATTEMPT_COUNT", Takes::kBare},
    {"UPSTREAM_TLS_CIPHER", Takes::kBare},
    {"UPSTREAM_TLS_SESSION_ID", Takes::kBare},
    {"UPSTREAM_TLS_VERSION", Takes::kBare},
    {"UPSTREAM_TRANSPORT_FAILURE_REASON", Takes::kBare},
    {"UPSTREAM_WIRE_BYTES_RECEIVED", Takes::kBare},
    {"UPSTREAM_WIRE_BYTES_SENT", Takes::kBare},
    {"VIRTUAL_CLUSTER_NAME", Takes::kBare},
};

// One command as it stands behind its '%', such as REQ(:path?x):10%.
struct Command {
  std::string_view name;
  bool has_argument = false;
  std::string_view argument;
  bool has_length = false;
  size_t size = 0;  // with the closing '%'
};

constexpr std::string_view kNameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
constexpr size_t kMaxLengthDigits = 9;

// Nothing found when `name` is empty.
Command ParseCommand(std::string_view text) {
  Command command;
  size_t at = std::min(text.find_first_not_of(kNameCharacters), text.size());
  const std::string_view name = text.substr(0, at);
  if (text.substr(at).starts_with('(')) {
    const size_t close = text.find(')', at);
    if (close == std::string_view::npos) return {};
    command.has_argument = true;
    command.argument = text.substr(at + 1, close - at - 1);
    at = close + 1;
  }
  if (text.substr(at).starts_with(':')) {
    const size_t end = std::min(text.find_first_not_of("0123456789", at + 1), text.size());
    if (end == at + 1 || end - at > kMaxLengthDigits) return {};
    command.has_length = true;
    at = end;
  }
  if (!text.substr(at).starts_with('%')) return {};
  command.name = name;
  command.size = at + 1;
  return command;
}

const Operator* FindOperator(std::string_view name) {
  const auto* found = std::lower_bound(std::begin(kOperators), std::end(kOperators), name,
                                       [](const Operator& each, std::string_view text) { return each.name < text; });
  return found == std::end(kOperators) || found->name != name ? nullptr : found;
}

// A header and perhaps one other: name?other.
std::string FaultOfHeader(std::string_view argument) {
  if (std::count(argument.begin(), argument.end(), '?') > 1) return "names more than one alternative header";
  return argument.find_first_of(" \r\n\t") == std::string_view::npos ? "" : "names no header";
}

// key, or key:PLAIN, key:TYPED, key:FIELD:name.
std::string FaultOfFilterState(std::string_view argument) {
  const size_t colon = argument.find(':');
  if (colon == std::string_view::npos) return "";
  const std::string_view how = argument.substr(colon + 1);
  if (how == "PLAIN" || how == "TYPED" || (how.starts_with("FIELD:") && how.size() > 6)) return "";
  return "takes a key and PLAIN, TYPED or FIELD:<name>";
}

std::string FaultOfPath(std::string_view argument) {
  for (std::string_view query : {"WQ", "NQ"}) {
    if (!argument.starts_with(query)) continue;
    const std::string_view rest = argument.substr(query.size());
    if (rest.empty() || rest == ":ORIG" || rest == ":PATH" || rest == ":ORIG_OR_PATH") return "";
  }
  return "takes WQ or NQ";
}

std::string FaultOfArgument(const Command& command) {
  if (command.name == "REQ" || command.name == "RESP" || command.name == "TRAILER") {
    return FaultOfHeader(command.argument);
  }
  if (command.name.ends_with("FILTER_STATE")) return FaultOfFilterState(command.argument);
  if (command.name == "PATH" && command.has_argument) return FaultOfPath(command.argument);
  if (command.name == "COMMON_DURATION" && std::count(command.argument.begin(), command.argument.end(), ':') != 2) {
    return "takes start:end:precision";
  }
  return "";
}

std::string FaultOfCommand(const Command& command) {
  const Operator* known = FindOperator(command.name);
  if (known == nullptr) return "is unknown";
  if (known->takes == Takes::kBare && command.has_argument) return "takes no argument";
  const bool needs = known->takes == Takes::kRequired || known->takes == Takes::kSized;
  if (needs && command.argument.empty()) return "needs an argument";
  const bool sized = known->takes == Takes::kSized || known->takes == Takes::kPath;
  if (command.has_length && !sized) return "takes no length";
  return FaultOfArgument(command);
}

}  // namespace

std::string FaultOfLogFormat(std::string_view format) {
  for (size_t at = format.find('%'); at != std::string_view::npos; at = format.find('%', at)) {
    const std::string_view rest = format.substr(at + 1);
    if (rest.starts_with('%')) {
      at += 2;
      continue;
    }
    const Command command = ParseCommand(rest);
    if (command.name.empty()) return fmt::format("has no command operator at position {}", at);
    if (const std::string fault = FaultOfCommand(command); !fault.empty()) {
      return fmt::format("has the command operator {}, which {}", command.name, fault);
    }
    at += 1 + command.size;
  }
  return "";
}

namespace {

template <typename Spec>
void CheckKeysOf(const Scope& scope) {
  const auto* spec = scope.SpecAs<Spec>();
  if (spec == nullptr) return;
  const auto& json = spec->logging().access_log().file().format().json();
  std::set<std::string_view> seen;
  for (int i = 0; i < json.size(); ++i) {
    if (seen.insert(json.Get(i).key()).second) continue;
    scope.Refuse(fmt::format("spec.logging.accessLog.file.format.json[{}].key", i),
                 fmt::format("{} is the key of another entry", json.Get(i).key()));
  }
}

}  // namespace

void CheckJsonKeys(const Scope& scope) {
  CheckKeysOf<model::VirtualNodeSpec>(scope);
  CheckKeysOf<model::VirtualGatewaySpec>(scope);
}

void CheckAccessLogFormat(const Scope& scope) {
  for (const Text& text : scope.texts) {
    const auto* type = text.field->containing_type();
    const bool plain = type == model::LoggingFormat::descriptor();
    const bool json = type == model::JsonFormatRef::descriptor() && text.field->name() == "value";
    if (!plain && !json) continue;
    if (std::string fault = FaultOfLogFormat(text.value); !fault.empty()) scope.Refuse(text.path, std::move(fault));
  }
}

}  // namespace chancery::frontend::field_rules
