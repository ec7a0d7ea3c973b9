#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "frontend/unit_of_work.h"
#include "model/resource.h"

namespace chancery::frontend {

// The rules between resources (contract/api.md §4.2, §4.3): what a spec refers to and must exist,
// and what keeps a resource from being deleted. Two tables of named rules; everything else here
// only walks them. Thread-safe, without state.

// One place in a spec that names another resource of the same mesh. Backends of a virtual node are
// none: they may dangle and block nothing.
struct Reference {
  model::ResourceKey target;
  // Such as spec.httpRoute.action.weightedTargets[0].virtualNode.
  std::string path;
};
std::vector<Reference> ReferencesOf(const model::MeshId& mesh, model::Kind kind, const google::protobuf::Message& spec);

// Each target, once.
std::vector<model::ResourceKey> TargetsOf(const std::vector<Reference>& references);

// kNotFound naming every field whose target is missing.
base::Status CheckReferences(UnitOfWork& work, const std::vector<Reference>& references);

// kResourceInUse by the first rule that blocks. Relies on the guard of `key`.
base::Status CheckDeletable(UnitOfWork& work, const model::ResourceKey& key);

// "VirtualNode with name X is not present under mesh M for account A".
base::Error NotPresent(const model::ResourceKey& key);

}  // namespace chancery::frontend
