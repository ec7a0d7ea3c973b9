#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "frontend/gate.h"
#include "frontend/unit_of_work.h"
#include "model/resource.h"
#include "store/store.h"

namespace chancery::frontend {

// Meshes shared between accounts (contract/api.md §4.4). A share is a key of the store; what a
// request relies on of it becomes a precondition of its commit, so that no create slips past an
// unshare. Thread-safe, without state.
//
// 1. A mesh that is not the caller's nor shared with it does not exist for it.
// 2. A consumer creates nodes, routers, routes and services, and changes and deletes what it created.
//    The mesh owner deletes anything, and changes what it created. Gateways and their routes are the
//    owner's alone.
// 3. Shares die with their mesh. What a consumer created stays when its share ends.

// At most so many accounts for one mesh.
inline constexpr size_t kMaxShares = 1000;

// Gives `account` the use of the mesh; again, if it has it. Errors: kBadRequest for no account of 12
// digits or the owner itself, kNotFound without the mesh, kLimitExceeded beyond kMaxShares.
base::Result<store::Txn> ShareMesh(store::Store& store, int64_t now_ms, const std::string& actor,
                                   const model::MeshId& mesh, const std::string& account);
// kNotFound when it is not shared.
base::Result<store::Txn> UnshareMesh(store::Store& store, int64_t now_ms, const std::string& actor,
                                     const model::MeshId& mesh, const std::string& account);
// The accounts that a mesh is shared with, in order. kNotFound without the mesh.
base::Result<std::vector<std::string>> ListShares(store::Store& store, const model::MeshId& mesh);

// kNotFound, as for an absent mesh, unless the mesh is the caller's or shared with it.
base::Status RequireVisible(UnitOfWork& work, const Caller& caller, const model::MeshId& mesh);

// kForbidden by rule 2. REQUIRES: the mesh is visible.
base::Status CheckMayCreate(const Caller& caller, const model::ResourceKey& key);
base::Status CheckMayUpdate(const Caller& caller, const model::Resource& resource);
base::Status CheckMayDelete(const Caller& caller, const model::Resource& resource);

// Ends all shares of a mesh that is being deleted. REQUIRES: `work` relies on the mesh's guard.
base::Status DropShares(UnitOfWork& work, const model::MeshId& mesh);

// The meshes called `name` that are shared with `account`.
base::Result<std::vector<model::MeshId>> SharedMeshesNamed(const store::Store& store, std::string_view account,
                                                           std::string_view name);

}  // namespace chancery::frontend
