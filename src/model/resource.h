#pragma once

#include <chancery/store/records.pb.h>

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/kind.h"

namespace chancery::model {

// A mesh as an identity: two accounts may each own a mesh of one name.
struct MeshId {
  std::string owner;  // 12 digits
  std::string name;
  auto operator<=>(const MeshId&) const = default;
};

// The identity of any resource. For the mesh itself `name` is the mesh's name and `parent` empty;
// for a route or gateway route `parent` is the router's or gateway's name, else it is empty.
struct ResourceKey {
  MeshId mesh;
  Kind kind = Kind::kMesh;
  std::string parent;
  std::string name;
  auto operator<=>(const ResourceKey&) const = default;
};

// One stored resource. Shared between snapshots, immutable.
struct Resource {
  ResourceKey key;
  chancery::store::ResourceRecord record;
  // The transaction that wrote it.
  uint64_t txn = 0;
};
using ResourcePtr = std::shared_ptr<const Resource>;

// The ARN (contract/api.md §3.1). `account` is the resource owner; the mesh segment is plain for
// the mesh's own account and `mesh@owner` when `account` is not the mesh owner.
std::string ArnOf(const ResourceKey& key, std::string_view partition, std::string_view region,
                  std::string_view account);

// The ARN as ArnOf gives it, then with the other form of the mesh's segment, mesh/M or mesh/M@owner: documents and
// answers show both, so policies may use either.
std::vector<std::string> ArnSpellings(const ResourceKey& key, std::string_view partition, std::string_view region,
                                      std::string_view account);

struct ParsedArn {
  std::string partition;
  std::string region;
  std::string account;
  ResourceKey key;  // key.mesh.owner is `account` unless the ARN says mesh/<name>@<owner>
};
// Accepts every form of contract/api.md §3.1. Errors: kBadRequest naming what is wrong.
base::Result<ParsedArn> ParseArn(std::string_view arn);

// The bare resource path behind the account of an ARN, such as mesh/M[@owner]/virtualNode/N; also
// what proxies may send as node id (contract/envoy.md §1.1). `default_owner` is used without @owner.
base::Result<ResourceKey> ParseResourcePath(std::string_view path, std::string_view default_owner);

// Who a proxy says it is (contract/envoy.md §1.1): the ARN or the bare path of a virtual node or
// virtual gateway. What follows the name is ignored, as the App Mesh agent did. A bare path has no
// partition or region and belongs to `default_account`. Errors: kBadRequest naming what is wrong.
base::Result<ParsedArn> ParseNodeId(std::string_view id, std::string_view default_account);

// The spec of `record` as a message of the kind's spec type.
const google::protobuf::Message& SpecOf(const chancery::store::ResourceRecord& record, Kind kind);
google::protobuf::Message* MutableSpecOf(chancery::store::ResourceRecord& record, Kind kind);

}  // namespace chancery::model
