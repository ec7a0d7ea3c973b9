#include "model/resource.h"

#include <fmt/format.h>

#include <vector>

#include "model/utf8.h"

namespace chancery::model {
namespace {

using base::Code;
using base::Error;

// Of a proxy's id: any ARN that can name a resource is shorter.
constexpr size_t kQuotedId = 700;

std::vector<std::string_view> Split(std::string_view text, char separator, size_t max_parts) {
  std::vector<std::string_view> parts;
  while (parts.size() + 1 < max_parts) {
    const size_t at = text.find(separator);
    if (at == std::string_view::npos) break;
    parts.push_back(text.substr(0, at));
    text.remove_prefix(at + 1);
  }
  parts.push_back(text);
  return parts;
}

Error BadPath(std::string_view path) {
  return {
      Code::kBadRequest, fmt::format("{} names no resource: expected mesh/<mesh>[/<kind>/<name>]", Quoted(path)), {}};
}

Error BadArn(std::string_view arn, std::string_view fault) {
  return {Code::kBadRequest, fmt::format("{} {}", Quoted(arn), fault), {}};
}

bool IsAccount(std::string_view text) {
  return text.size() == 12 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::string ArnOf(const ResourceKey& key, std::string_view partition, std::string_view region,
                  std::string_view account) {
  const std::string owner = account == key.mesh.owner ? "" : "@" + key.mesh.owner;
  std::string arn = fmt::format("arn:{}:appmesh:{}:{}:mesh/{}{}", partition, region, account, key.mesh.name, owner);
  const KindDescriptor& kind = DescriptorOf(key.kind);
  if (!kind.parent) return arn;
  if (*kind.parent != Kind::kMesh) {
    arn += fmt::format("/{}/{}", DescriptorOf(*kind.parent).segment, key.parent);
  }
  return arn + fmt::format("/{}/{}", kind.segment, key.name);
}

std::vector<std::string> ArnSpellings(const ResourceKey& key, std::string_view partition, std::string_view region,
                                      std::string_view account) {
  ResourceKey other = key;
  if (account == key.mesh.owner) {
    other.mesh.name += "@" + key.mesh.owner;
  } else {
    other.mesh.owner = account;
  }
  return {ArnOf(key, partition, region, account), ArnOf(other, partition, region, account)};
}

base::Result<ParsedArn> ParseArn(std::string_view arn) {
  const std::vector<std::string_view> parts = Split(arn, ':', 6);
  if (parts.size() != 6 || parts[0] != "arn" || parts[1].empty()) return BadArn(arn, "is not an ARN");
  if (parts[2] != "appmesh" && parts[2] != "appmesh-preview") {
    return BadArn(arn, "is not an ARN of appmesh");
  }
  if (parts[3].empty()) return BadArn(arn, "has no region");
  if (!IsAccount(parts[4])) return BadArn(arn, "has no account of 12 digits");
  auto key = ParseResourcePath(parts[5], parts[4]);
  if (!key) return key.error();
  return ParsedArn{std::string(parts[1]), std::string(parts[3]), std::string(parts[4]), *std::move(key)};
}

base::Result<ResourceKey> ParseResourcePath(std::string_view path, std::string_view default_owner) {
  const std::vector<std::string_view> parts = Split(path, '/', 8);
  if (parts.size() < 2 || parts[0] != "mesh" || parts[1].empty()) return BadPath(path);
  ResourceKey key;
  const size_t at = parts[1].find('@');
  key.mesh.name = std::string(parts[1].substr(0, at));
  key.mesh.owner = std::string(at == std::string_view::npos ? default_owner : parts[1].substr(at + 1));
  if (key.mesh.name.empty() || !IsAccount(key.mesh.owner)) return BadPath(path);
  key.name = key.mesh.name;
  for (size_t i = 2; i < parts.size(); i += 2) {
    const std::optional<Kind> kind = KindOfSegment(parts[i]);
    if (!kind || i + 1 == parts.size() || parts[i + 1].empty() || DescriptorOf(*kind).parent != key.kind) {
      return BadPath(path);
    }
    key.parent = key.kind == Kind::kMesh ? "" : key.name;
    key.kind = *kind;
    key.name = std::string(parts[i + 1]);
  }
  return key;
}

base::Result<ParsedArn> ParseNodeId(std::string_view id, std::string_view default_account) {
  size_t end = 0;
  for (int part = 0; part < 4 && end != std::string_view::npos; ++part) {
    end = id.find('/', part == 0 ? 0 : end + 1);
  }
  const std::string_view named = id.substr(0, end);
  base::Result<ParsedArn> parsed = ParsedArn{"", "", std::string(default_account), {}};
  if (named.starts_with("arn:")) {
    parsed = ParseArn(named);
  } else if (auto key = ParseResourcePath(named, default_account)) {
    parsed->key = *std::move(key);
  }
  if (parsed && (parsed->key.kind == Kind::kVirtualNode || parsed->key.kind == Kind::kVirtualGateway)) return parsed;
  return base::Error{base::Code::kBadRequest,
                     fmt::format("node.id {} names no proxy: expected an ARN or path such as "
                                 "mesh/<mesh>/virtualNode/<name> or mesh/<mesh>/virtualGateway/<name>",
                                 Quoted(id, kQuotedId)),
                     {}};
}

const google::protobuf::Message& SpecOf(const chancery::store::ResourceRecord& record, Kind kind) {
  const auto* field = record.GetDescriptor()->FindFieldByNumber(16 + static_cast<int>(kind));
  return record.GetReflection()->GetMessage(record, field);
}

google::protobuf::Message* MutableSpecOf(chancery::store::ResourceRecord& record, Kind kind) {
  const auto* field = record.GetDescriptor()->FindFieldByNumber(16 + static_cast<int>(kind));
  return record.GetReflection()->MutableMessage(&record, field);
}

}  // namespace chancery::model
