#include "frontend/sharing.h"

#include <fmt/format.h>

#include <algorithm>

#include "frontend/rules.h"
#include "store/keys.h"
#include "store/walk.h"

namespace chancery::frontend {
namespace {

using base::Code;
using base::Error;
using base::Status;
using model::Kind;
using model::MeshId;
using model::ResourceKey;

ResourceKey KeyOf(const MeshId& mesh) { return {mesh, Kind::kMesh, "", mesh.name}; }

Error Invalid(std::string what) { return {Code::kBadRequest, "invalid request", {{"account", std::move(what)}}}; }

Status CheckAccount(const MeshId& mesh, const std::string& account) {
  if (account.size() != 12 || account.find_first_not_of("0123456789") != std::string::npos) {
    return Invalid("must be 12 digits");
  }
  if (account == mesh.owner) return Invalid("must not be the mesh's own");
  return Status::Ok();
}

// The accounts behind SharesPrefix.
base::Result<std::vector<std::string>> ReadShares(const store::Store& store, const MeshId& mesh) {
  const std::string prefix = store::SharesPrefix(mesh);
  std::vector<std::string> accounts;
  auto page = store.Scan(prefix, "", kMaxShares);
  if (!page) return page.error();
  for (const store::Entry& entry : page->entries) accounts.push_back(entry.key().substr(prefix.size()));
  return accounts;
}

base::Result<Outcome> Share(UnitOfWork& work, const MeshId& mesh, const std::string& account) {
  auto found = work.Read(KeyOf(mesh));
  if (!found) return found.error();
  if (!found->has_value()) return NotPresent(KeyOf(mesh));
  CHANCERY_RETURN_IF_ERROR(work.RelyOnGuard(KeyOf(mesh)));
  auto shares = ReadShares(work.store(), mesh);
  if (!shares) return shares.error();
  const bool again = std::ranges::find(*shares, account) != shares->end();
  if (!again && shares->size() >= kMaxShares) {
    return Error{Code::kLimitExceeded, fmt::format("a mesh is shared with {} accounts at most", kMaxShares), {}};
  }
  work.Write(store::ShareKeyText(mesh, account), "");
  work.Write(store::SharedKeyText(account, mesh), "");
  work.TouchGuard(KeyOf(mesh));
  return Outcome{""};
}

base::Result<Outcome> Unshare(UnitOfWork& work, const MeshId& mesh, const std::string& account) {
  auto share = work.ReadEntry(store::ShareKeyText(mesh, account));
  if (!share) return share.error();
  if (!share->has_value()) {
    return Error{Code::kNotFound,
                 fmt::format("Mesh {} of account {} is not shared with account {}", mesh.name, mesh.owner, account),
                 {}};
  }
  work.Write(store::ShareKeyText(mesh, account), std::nullopt);
  work.Write(store::SharedKeyText(account, mesh), std::nullopt);
  work.TouchGuard(KeyOf(mesh));
  return Outcome{""};
}

base::Result<store::Txn> TxnOf(base::Result<Outcome> outcome) {
  if (!outcome) return outcome.error();
  return outcome->txn.value_or(0);
}

Error NotAllowed(const Caller& caller, std::string_view what, const ResourceKey& key) {
  return {Code::kForbidden,
          fmt::format("account {} may not {} {} with name {} in mesh {} of account {}", caller.account, what,
                      model::DescriptorOf(key.kind).name, key.name, key.mesh.name, key.mesh.owner),
          {}};
}

}  // namespace

base::Result<store::Txn> ShareMesh(store::Store& store, int64_t now_ms, const std::string& actor, const MeshId& mesh,
                                   const std::string& account) {
  CHANCERY_RETURN_IF_ERROR(CheckAccount(mesh, account));
  return TxnOf(RunMutation(store, now_ms, Origin{actor, "ShareMesh", {}, {}},
                           [&](UnitOfWork& work) { return Share(work, mesh, account); }));
}

base::Result<store::Txn> UnshareMesh(store::Store& store, int64_t now_ms, const std::string& actor, const MeshId& mesh,
                                     const std::string& account) {
  CHANCERY_RETURN_IF_ERROR(CheckAccount(mesh, account));
  return TxnOf(RunMutation(store, now_ms, Origin{actor, "UnshareMesh", {}, {}},
                           [&](UnitOfWork& work) { return Unshare(work, mesh, account); }));
}

base::Result<std::vector<std::string>> ListShares(store::Store& store, const MeshId& mesh) {
  auto found = store.Read(store::ResourceKeyText(KeyOf(mesh)));
  if (!found) return found.error();
  if (!found->has_value()) return NotPresent(KeyOf(mesh));
  return ReadShares(store, mesh);
}

Status RequireVisible(UnitOfWork& work, const Caller& caller, const MeshId& mesh) {
  if (caller.account == mesh.owner) return Status::Ok();
  auto share = work.ReadEntry(store::ShareKeyText(mesh, caller.account));
  if (!share) return share.error();
  if (!share->has_value()) return NotPresent(KeyOf(mesh));
  return Status::Ok();
}

Status CheckMayCreate(const Caller& caller, const ResourceKey& key) {
  const bool owners_only = key.kind == Kind::kVirtualGateway || key.kind == Kind::kGatewayRoute;
  if (!owners_only || caller.account == key.mesh.owner) return Status::Ok();
  return NotAllowed(caller, "create", key);
}

Status CheckMayUpdate(const Caller& caller, const model::Resource& resource) {
  if (caller.account == resource.record.resource_owner()) return Status::Ok();
  return NotAllowed(caller, "update", resource.key);
}

Status CheckMayDelete(const Caller& caller, const model::Resource& resource) {
  if (caller.account == resource.record.resource_owner() || caller.account == resource.key.mesh.owner) {
    return Status::Ok();
  }
  return NotAllowed(caller, "delete", resource.key);
}

Status DropShares(UnitOfWork& work, const MeshId& mesh) {
  const auto accounts = ReadShares(work.store(), mesh);
  if (!accounts) return accounts.error();
  for (const std::string& account : *accounts) {
    work.Write(store::ShareKeyText(mesh, account), std::nullopt);
    work.Write(store::SharedKeyText(account, mesh), std::nullopt);
  }
  return Status::Ok();
}

base::Result<std::vector<MeshId>> SharedMeshesNamed(const store::Store& store, std::string_view account,
                                                    std::string_view name) {
  const std::string prefix = store::SharedPrefix(account);
  std::vector<MeshId> meshes;
  CHANCERY_RETURN_IF_ERROR(store::ForEachEntry(store, prefix, [&](const store::Entry& entry) -> Status {
    auto mesh = store::ParseSharedKeyText(entry.key());
    if (!mesh) return mesh.error();
    if (mesh->name == name) meshes.push_back(*std::move(mesh));
    return Status::Ok();
  }));
  return meshes;
}

}  // namespace chancery::frontend
