#include "app/xds_listeners.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include "base/address.h"

namespace chancery::app {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr size_t kMostListeners = 64;

base::Error Misuse(std::string_view value, std::string_view why) {
  return {base::Code::kBadRequest, fmt::format("'{}': {}", value, why), {}};
}

std::vector<std::string> Split(std::string_view text, std::string_view separators) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(separators), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::optional<uint32_t> Number(std::string_view text, int base) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

constexpr size_t kLookupBytes = 64U << 10U;

std::optional<uint32_t> UserId(const std::string& name) {
  if (auto number = Number(name, 10)) return number;
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> buffer(kLookupBytes);
  ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? std::nullopt : std::optional<uint32_t>(found->pw_uid);
}

std::optional<uint32_t> GroupId(const std::string& name) {
  if (auto number = Number(name, 10)) return number;
  group entry{};
  group* found = nullptr;
  std::vector<char> buffer(kLookupBytes);
  ::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? std::nullopt : std::optional<uint32_t>(found->gr_gid);
}

base::Status SetOwner(const std::string& owner, edge::ListenerOptions& socket) {
  const size_t colon = owner.find(':');
  const std::string user = owner.substr(0, colon);
  const std::string group = colon == std::string::npos ? "" : owner.substr(colon + 1);
  if (!user.empty() && !(socket.uid = UserId(user))) return Misuse(owner, "there is no such user");
  if (!group.empty() && !(socket.gid = GroupId(group))) return Misuse(owner, "there is no such group");
  return base::Status::Ok();
}

base::Status SetMode(const std::string& text, edge::ListenerOptions& socket) {
  const auto mode = Number(text, 8);
  if (!mode || *mode > 0777) return Misuse(text, "mode is not an octal number up to 0777");
  socket.mode = *mode;
  return base::Status::Ok();
}

base::Result<XdsListener> ParseUnix(const std::string& value) {
  const std::vector<std::string> parts = Split(value, ",");
  std::string path = parts.front().substr(kUnix.size());
  while (path.starts_with("//")) path.erase(0, 1);
  if (!path.starts_with('/')) return Misuse(value, "a Unix socket is unix: and an absolute path");
  XdsListener listener;
  listener.socket.address = std::string(kUnix) + path;
  std::vector<std::string> allowed;
  for (size_t i = 1; i < parts.size(); ++i) {
    const size_t equals = parts[i].find('=');
    const std::string name = parts[i].substr(0, equals);
    const std::string setting = equals == std::string::npos ? "" : parts[i].substr(equals + 1);
    if (name == "mode") {
      CHANCERY_RETURN_IF_ERROR(SetMode(setting, listener.socket));
    } else if (name == "owner") {
      CHANCERY_RETURN_IF_ERROR(SetOwner(setting, listener.socket));
    } else if (name == "allow") {
      allowed.push_back(setting);
    } else {
      return Misuse(value, fmt::format("'{}' is not mode, owner or allow", name));
    }
  }
  auto claims = iam::Claims::Parse(allowed);
  if (!claims) return Misuse(value, "allow: " + claims.error().message);
  listener.claims = *std::move(claims);
  return listener;
}

base::Result<XdsListener> Parse(const std::string& value) {
  if (value.starts_with(kUnix)) return ParseUnix(value);
  const std::optional<base::HostPort> parts = base::SplitHostPort(value);
  if (!parts || !base::IsIpAddress(parts->host)) {
    return base::Error{base::Code::kBadRequest, fmt::format("'{}' is not IP:PORT or unix:/PATH", value), {}};
  }
  XdsListener listener;
  listener.socket.address = value;
  return listener;
}

}  // namespace

base::Result<std::vector<XdsListener>> ParseXdsListeners(const std::vector<std::string>& values,
                                                         std::string_view flag) {
  std::vector<XdsListener> listeners;
  for (const std::string& text : values) {
    for (const std::string& value : Split(text, " \t\n")) {
      auto listener = Parse(value);
      if (!listener)
        return base::Error{listener.error().code, fmt::format("{}: {}", flag, listener.error().message), {}};
      listeners.push_back(*std::move(listener));
    }
  }
  if (listeners.empty() || listeners.size() > kMostListeners) {
    return base::Error{base::Code::kBadRequest, fmt::format("{}: 1 to {} are needed", flag, kMostListeners), {}};
  }
  return listeners;
}

}  // namespace chancery::app
