#include "store/keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/check.h"
#include "base/hash.h"

namespace chancery::store {
namespace {

using base::Code;
using base::Error;
using model::DescriptorOf;
using model::Kind;
using model::ResourceKey;

constexpr size_t kMaxPlainToken = 64;

std::vector<std::string_view> SplitParts(std::string_view text) {
  std::vector<std::string_view> parts;
  for (size_t at = text.find('/'); at != std::string_view::npos; at = text.find('/')) {
    parts.push_back(text.substr(0, at));
    text.remove_prefix(at + 1);
  }
  parts.push_back(text);
  return parts;
}

Error Malformed(std::string_view text) {
  return {Code::kInternal, fmt::format("'{}' is no key of a resource", text), {}};
}

// <kind>/<parent>/<name>
std::string LocalPart(const ResourceKey& key) {
  return fmt::format("{}/{}/{}", DescriptorOf(key.kind).segment, key.parent, key.name);
}

std::string MeshPart(const model::MeshId& mesh) { return fmt::format("{}/{}", mesh.owner, mesh.name); }

// From the parts <kind>, <parent>, <name>; nothing when they do not fit together.
std::optional<ResourceKey> FromParts(model::MeshId mesh, std::string_view segment, std::string_view parent,
                                     std::string_view name) {
  const std::optional<Kind> kind = model::KindOfSegment(segment);
  if (!kind || name.empty() || mesh.owner.empty() || mesh.name.empty()) return std::nullopt;
  const std::optional<Kind> parent_kind = DescriptorOf(*kind).parent;
  const bool has_parent = parent_kind && *parent_kind != Kind::kMesh;
  if (has_parent == parent.empty()) return std::nullopt;
  if (*kind == Kind::kMesh && name != mesh.name) return std::nullopt;
  return ResourceKey{std::move(mesh), *kind, std::string(parent), std::string(name)};
}

bool IsPlainToken(std::string_view token) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  return !token.empty() && token.size() <= kMaxPlainToken && token.find_first_not_of(kPlain) == std::string_view::npos;
}

}  // namespace

std::string ResourceKeyText(const ResourceKey& key) {
  if (key.kind == Kind::kMesh) return fmt::format("res/mesh/{}", MeshPart(key.mesh));
  return fmt::format("res/in/{}/{}", MeshPart(key.mesh), LocalPart(key));
}

base::Result<ResourceKey> ParseResourceKeyText(std::string_view text) {
  const std::vector<std::string_view> parts = SplitParts(text);
  if (parts.size() < 4 || parts[0] != "res") return Malformed(text);
  model::MeshId mesh{std::string(parts[2]), std::string(parts[3])};
  std::optional<ResourceKey> key;
  if (parts[1] == "mesh" && parts.size() == 4) {
    key = FromParts(std::move(mesh), DescriptorOf(Kind::kMesh).segment, "", parts[3]);
  } else if (parts[1] == "in" && parts.size() == 7) {
    key = FromParts(std::move(mesh), parts[4], parts[5], parts[6]);
    if (key && key->kind == Kind::kMesh) key.reset();
  }
  if (!key) return Malformed(text);
  return *std::move(key);
}

std::string MeshesPrefix(std::string_view owner) { return fmt::format("res/mesh/{}/", owner); }

std::string SiblingsPrefix(const model::MeshId& mesh, Kind kind, std::string_view parent) {
  CHANCERY_CHECK(kind != Kind::kMesh);
  return fmt::format("res/in/{}/{}/{}/", MeshPart(mesh), DescriptorOf(kind).segment, parent);
}

std::string GuardKeyText(const ResourceKey& key) {
  return fmt::format("guard/{}/{}", MeshPart(key.mesh), LocalPart(key));
}

std::string ReferenceKeyText(const ResourceKey& target, const ResourceKey& from) {
  CHANCERY_CHECK(target.mesh == from.mesh);
  return ReferencesPrefix(target) + LocalPart(from);
}

std::string ReferencesPrefix(const ResourceKey& target) {
  return fmt::format("ref/{}/{}/", MeshPart(target.mesh), LocalPart(target));
}

base::Result<ResourceKey> ParseReferrer(std::string_view reference_key) {
  const std::vector<std::string_view> parts = SplitParts(reference_key);
  if (parts.size() != 9 || parts[0] != "ref") return Malformed(reference_key);
  model::MeshId mesh{std::string(parts[1]), std::string(parts[2])};
  if (!FromParts(mesh, parts[3], parts[4], parts[5])) return Malformed(reference_key);
  std::optional<ResourceKey> from = FromParts(std::move(mesh), parts[6], parts[7], parts[8]);
  if (!from) return Malformed(reference_key);
  return *std::move(from);
}

std::string ShareKeyText(const model::MeshId& mesh, std::string_view account) {
  return fmt::format("{}{}", SharesPrefix(mesh), account);
}

std::string SharesPrefix(const model::MeshId& mesh) { return fmt::format("share/{}/", MeshPart(mesh)); }

std::string SharedKeyText(std::string_view account, const model::MeshId& mesh) {
  return SharedPrefix(account) + MeshPart(mesh);
}

std::string SharedPrefix(std::string_view account) { return fmt::format("shared/{}/", account); }

base::Result<model::MeshId> ParseSharedKeyText(std::string_view text) {
  const std::vector<std::string_view> parts = SplitParts(text);
  if (parts.size() != 4 || parts[0] != "shared" || parts[2].empty() || parts[3].empty()) return Malformed(text);
  return model::MeshId{std::string(parts[2]), std::string(parts[3])};
}

std::string IdempotencyKeyText(std::string_view account, std::string_view operation, std::string_view target,
                               std::string_view token) {
  const std::string token_part = IsPlainToken(token) ? std::string(token) : "~" + base::HashOf(token).ToHex();
  return fmt::format("{}{}/{}/{}/{}", kIdempotencyPrefix, account, operation, base::HashOf(target).ToHex(), token_part);
}

bool IsRecorded(std::string_view key) {
  return key.starts_with(kResourcePrefix) || key.starts_with(kIamPrefix) || key.starts_with(kSharePrefix);
}

namespace {

std::string Exchange(std::string_view text, char from, char to) {
  std::string exchanged(text);
  std::replace(exchanged.begin(), exchanged.end(), from, to);
  return exchanged;
}

}  // namespace

std::string_view ToString(AttachedTo to) {
  switch (to) {
    case AttachedTo::kUser:
      return "user";
    case AttachedTo::kGroup:
      return "group";
    case AttachedTo::kAccount:
      break;
  }
  return "account";
}

std::string AccessKeyText(std::string_view access_key_id) { return fmt::format("iam/key/{}", access_key_id); }

std::string QuotaKeyText(std::string_view account, std::string_view quota) {
  return fmt::format("quota/{}/{}", account, quota);
}

std::string SecretKeyText(std::string_view access_key_id) { return fmt::format("secret/{}", access_key_id); }

std::string PolicyKeyText(std::string_view account, std::string_view policy) {
  return fmt::format("iam/policy/{}/{}", account, policy);
}

std::string AttachedKeyText(std::string_view account, AttachedTo to, std::string_view name, std::string_view policy) {
  return fmt::format("iam/attached/{}/{}/{}/{}", account, ToString(to), Exchange(name, '/', '!'), policy);
}

std::string MemberKeyText(std::string_view account, std::string_view group, std::string_view user) {
  return fmt::format("iam/member/{}/{}/{}", account, group, Exchange(user, '/', '!'));
}

base::Result<std::vector<std::string>> ParseIamKeyText(std::string_view text) {
  const std::vector<std::string_view> parts = SplitParts(text);
  const std::string_view space = parts.size() > 1 && parts[0] == "iam" ? parts[1] : "";
  const size_t wanted = space == "key"        ? 3
                        : space == "policy"   ? 4
                        : space == "member"   ? 5
                        : space == "attached" ? 6
                                              : 0;
  if (parts.size() != wanted) {
    return Error{Code::kInternal, fmt::format("'{}' is no key of an access key, policy or group", text), {}};
  }
  std::vector<std::string> found(parts.begin() + 1, parts.end());
  if (space == "member" || space == "attached") found[3] = Exchange(found[3], '!', '/');
  return found;
}

}  // namespace chancery::store
