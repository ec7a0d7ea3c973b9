// What an Envoy would refuse, or HTTP and DNS cannot carry (contract/envoy.md §7.1).

#include <chancery/model/virtual_node.pb.h>
#include <fmt/format.h>

#include <string_view>

#include "frontend/field_rules/checks.h"
#include "model/regex.h"

namespace chancery::frontend::field_rules {
namespace {

using google::protobuf::FieldDescriptor;

constexpr size_t kMaxHost = 253;
constexpr size_t kMaxLabel = 63;
constexpr size_t kMaxQueryParameterName = 1024;

constexpr std::string_view kAlphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

bool OnlyOf(std::string_view text, std::string_view extra) {
  for (char c : text) {
    if (kAlphanumeric.find(c) == std::string_view::npos && extra.find(c) == std::string_view::npos) return false;
  }
  return true;
}

bool HasLabels(std::string_view host) {
  while (true) {
    const size_t dot = host.find('.');
    const std::string_view label = host.substr(0, dot);
    if (label.empty() || label.size() > kMaxLabel || !OnlyOf(label, "-_")) return false;
    if (dot == std::string_view::npos) return true;
    host.remove_prefix(dot + 1);
  }
}

bool IsHost(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.size() > kMaxHost) return false;
  const bool ipv6 = host.find(':') != std::string_view::npos;
  return ipv6 ? host.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos : HasLabels(host);
}

// Formats are lines of a log: they may hold the end of one.
bool IsLogFormat(const FieldDescriptor& field) {
  const auto* type = field.containing_type();
  return type == model::LoggingFormat::descriptor() || type == model::JsonFormatRef::descriptor();
}

void RefuseBadRegex(const Scope& scope, const Text& text) {
  if (text.field->name() != "regex") return;
  if (const auto broken = model::WhyNoRegex(text.value)) scope.Refuse(text.path, *broken);
}

void RefuseControl(const Scope& scope, const Text& text) {
  const std::string_view allowed = IsLogFormat(*text.field) ? "\t\n\r" : "\t";
  for (const char c : text.value) {
    const bool control = (c >= 0 && c < ' ') || c == '\x7f';
    if (!control || allowed.find(c) != std::string_view::npos) continue;
    return scope.Refuse(text.path, "must not have control characters");
  }
}

void RefuseHeaderName(const Scope& scope, const Text& text) {
  const auto* type = text.field->containing_type();
  if (text.field->name() != "name" || type == model::HttpQueryParameter::descriptor()) return;
  std::string_view token = text.value;
  if (token.starts_with(':')) token.remove_prefix(1);
  if (text.value.empty() || (!token.empty() && OnlyOf(token, "!#$%&'*+-.^_`|~"))) return;
  scope.Refuse(text.path, "must be a name that an HTTP header can have");
}

}  // namespace

void CheckRegexes(const Scope& scope) {
  for (const Text& text : scope.texts) RefuseBadRegex(scope, text);
}

void CheckControlCharacters(const Scope& scope) {
  for (const Text& text : scope.texts) RefuseControl(scope, text);
}

void CheckHeaderNames(const Scope& scope) {
  for (const Text& text : scope.texts) RefuseHeaderName(scope, text);
}

void CheckQueryParameterNames(const Scope& scope) {
  ForEachHttpRoute(scope, [&scope](const std::string& path, const auto& route) {
    for (int i = 0; i < route.match().query_parameters_size(); ++i) {
      const std::string& name = route.match().query_parameters(i).name();
      if (!name.empty() && name.size() <= kMaxQueryParameterName) continue;
      scope.Refuse(fmt::format("{}.match.queryParameters[{}].name", path, i), "must have 1 to 1024 bytes");
    }
  });
}

void CheckHostnames(const Scope& scope) {
  for (const Text& text : scope.texts) {
    const auto* type = text.field->containing_type();
    if (type == model::DnsServiceDiscovery::descriptor() && !IsHost(text.value)) {
      scope.Refuse(text.path, "must be a host name or an address");
    }
    if (type == model::GatewayRouteHostnameMatch::descriptor() && !OnlyOf(text.value, ".-_:")) {
      scope.Refuse(text.path,
                   "may hold letters, digits, '.', '-', '_' and ':' only: '*' would be a pattern to an Envoy");
    }
  }
}

void CheckOutlierDurations(const Scope& scope) {
  const auto* node = scope.SpecAs<model::VirtualNodeSpec>();
  if (node == nullptr) return;
  for (int i = 0; i < node->listeners_size(); ++i) {
    if (!node->listeners(i).has_outlier_detection()) continue;
    const model::OutlierDetection& detection = node->listeners(i).outlier_detection();
    const std::string path = fmt::format("spec.listeners[{}].outlierDetection", i);
    const auto check = [&](const char* member, const model::Duration& duration) {
      if (duration.value() <= 0) scope.Refuse(fmt::format("{}.{}", path, member), "must be longer than 0");
    };
    if (detection.has_interval()) check("interval", detection.interval());
    if (detection.has_base_ejection_duration()) check("baseEjectionDuration", detection.base_ejection_duration());
  }
}

}  // namespace chancery::frontend::field_rules
