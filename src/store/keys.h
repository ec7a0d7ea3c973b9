#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/resource.h"

// Every key space of the store. Persistent: tests pin the literal bytes.
//
//   res/mesh/<owner>/<mesh>                                  ResourceRecord; watched and in the history
//   res/in/<owner>/<mesh>/<kind>/<parent>/<name>             ResourceRecord; watched and in the history
//   guard/<owner>/<mesh>/<kind>/<parent>/<name>              empty; its version moves whenever a child of
//                                                            the resource or a reference to it comes or goes
//   ref/<owner>/<mesh>/<kind>//<name>/<from kind>/<from parent>/<from name>
//                                                            empty; the second resource refers to the first
//   share/<owner>/<mesh>/<account>                           empty; the account may use the mesh; watched and in the
//                                                            history
//   shared/<account>/<owner>/<mesh>                          empty; the same share, as the account finds it
//   idem/<account>/<operation>/<target>/<token>              IdempotencyRecord
//   iam/key/<access key id>                                  AccessKeyRecord; watched and in the history
//   iam/policy/<account>/<policy>                            PolicyRecord; watched and in the history
//   iam/attached/<account>/<user|group|account>/<name>/<policy>
//                                                            empty; watched and in the history
//   iam/member/<account>/<group>/<user>                      empty; watched and in the history
//   quota/<account>/<quota>                                  a limit of the account's own, in decimal digits
//   secret/<access key id>                                   the key's secret, sealed (iam/secret_box.h)
//
// <kind> is KindDescriptor::segment; <parent> is empty for what hangs directly under the mesh. The
// part of a mesh itself, in guard/ and ref/, is mesh//<mesh>; guard/<owner>//mesh// is that of the account's
// meshes, while their number has a quota. Names cannot hold '/', so no part needs
// escaping. Functions are pure.
namespace chancery::store {

inline constexpr std::string_view kResourcePrefix = "res/";
inline constexpr std::string_view kIdempotencyPrefix = "idem/";
inline constexpr std::string_view kIamPrefix = "iam/";
inline constexpr std::string_view kSharePrefix = "share/";
inline constexpr std::string_view kSecretPrefix = "secret/";

// Whether changes of `key` are watched and in the history: those of resources, keys, policies and shares.
bool IsRecorded(std::string_view key);

std::string ResourceKeyText(const model::ResourceKey& key);
// The inverse. Error: kInternal for a key that is none.
base::Result<model::ResourceKey> ParseResourceKeyText(std::string_view text);

// Prefix of all meshes of an owner; of all resources of a kind below a parent, in name order (not for
// Kind::kMesh).
std::string MeshesPrefix(std::string_view owner);
std::string SiblingsPrefix(const model::MeshId& mesh, model::Kind kind, std::string_view parent);

std::string GuardKeyText(const model::ResourceKey& key);
// REQUIRES: both are in one mesh.
std::string ReferenceKeyText(const model::ResourceKey& target, const model::ResourceKey& from);
// Prefix of all references to `target`.
std::string ReferencesPrefix(const model::ResourceKey& target);
// The resource that refers, of a key below ReferencesPrefix.
base::Result<model::ResourceKey> ParseReferrer(std::string_view reference_key);

std::string ShareKeyText(const model::MeshId& mesh, std::string_view account);
// Prefix of all shares of a mesh; the account follows it.
std::string SharesPrefix(const model::MeshId& mesh);
std::string SharedKeyText(std::string_view account, const model::MeshId& mesh);
// Prefix of all that is shared with an account.
std::string SharedPrefix(std::string_view account);
// The mesh of a key below SharedPrefix. Error: kInternal for a key that is none.
base::Result<model::MeshId> ParseSharedKeyText(std::string_view text);

// `target` may hold any byte; it is hashed. So is a `token` of other bytes than [A-Za-z0-9_-] or of
// more than 64; its hash stands behind a '~', which no plain token begins with.
std::string IdempotencyKeyText(std::string_view account, std::string_view operation, std::string_view target,
                               std::string_view token);

// Names of groups and policies hold no '/', and those of users no '!', which stands for the '/' of a SPIFFE ID in a
// key. What a policy is attached to has no name when it is the account.
enum class AttachedTo { kUser, kGroup, kAccount };
std::string_view ToString(AttachedTo to);
std::string AccessKeyText(std::string_view access_key_id);
std::string QuotaKeyText(std::string_view account, std::string_view quota);
std::string SecretKeyText(std::string_view access_key_id);
std::string PolicyKeyText(std::string_view account, std::string_view policy);
std::string AttachedKeyText(std::string_view account, AttachedTo to, std::string_view name, std::string_view policy);
std::string MemberKeyText(std::string_view account, std::string_view group, std::string_view user);
// The parts between the slashes, the name of the key space first: {"key", id}, {"policy", account, policy} and so
// on. kInternal for a key that is none below iam/.
base::Result<std::vector<std::string>> ParseIamKeyText(std::string_view text);

}  // namespace chancery::store
