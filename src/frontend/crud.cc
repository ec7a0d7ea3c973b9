#include "frontend/crud.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/random.h"
#include "frontend/idempotency.h"
#include "frontend/listing.h"
#include "frontend/mesh_rules.h"
#include "frontend/page_token.h"
#include "frontend/quotas.h"
#include "frontend/reflect.h"
#include "frontend/rules.h"
#include "frontend/sharing.h"
#include "frontend/tags.h"
#include "frontend/view.h"
#include "model/json_text.h"
#include "store/keys.h"

namespace chancery::frontend {
namespace {

using base::Code;
using base::Error;
using google::protobuf::Message;
using model::Kind;
using model::KindDescriptor;
using model::ResourceKey;

constexpr int32_t kDefaultPage = 100;
// What a resource takes in a list, roughly.
constexpr size_t kRefBytes = 384;

// ---- Keys ----------------------------------------------------------------------------------------

ResourceKey MeshKey(const ResourceKey& key) { return {key.mesh, Kind::kMesh, "", key.mesh.name}; }

// What must exist for `key` to have a place: the mesh, and the router or gateway.
std::vector<ResourceKey> ParentsOf(const ResourceKey& key) {
  const KindDescriptor& kind = model::DescriptorOf(key.kind);
  if (!kind.parent) return {};
  std::vector<ResourceKey> parents = {MeshKey(key)};
  if (*kind.parent != Kind::kMesh) parents.push_back({key.mesh, *kind.parent, "", key.parent});
  return parents;
}

Viewer ViewerOf(const Context& context) { return {context.settings, context.caller.account}; }

// ---- Reading -------------------------------------------------------------------------------------

base::Status RequireParents(UnitOfWork& work, const ResourceKey& key) {
  for (const ResourceKey& parent : ParentsOf(key)) {
    auto found = work.Read(parent);
    if (!found) return found.error();
    if (!found->has_value()) return NotPresent(parent);
  }
  return base::Status::Ok();
}

base::Result<Stored> Require(UnitOfWork& work, const ResourceKey& key) {
  CHANCERY_RETURN_IF_ERROR(RequireParents(work, key));
  auto found = work.Read(key);
  if (!found) return found.error();
  if (!found->has_value()) return NotPresent(key);
  return **std::move(found);
}

base::Result<Outcome> Describe(const Context& context, const ResourceKey& key) {
  UnitOfWork work(context.store, context.now_ms);
  CHANCERY_RETURN_IF_ERROR(RequireVisible(work, context.caller, key.mesh));
  auto stored = Require(work, key);
  if (!stored) return stored.error();
  return Outcome{DataJson(ViewerOf(context), std::move(stored->resource), Shown::kAsRead)};
}

// ---- References ----------------------------------------------------------------------------------

// Brings the index of references in line, and moves the guard of each target that gains or loses one.
void MoveReferences(UnitOfWork& work, const ResourceKey& from, const std::vector<ResourceKey>& before,
                    const std::vector<ResourceKey>& after) {
  std::vector<ResourceKey> gone;
  std::vector<ResourceKey> come;
  std::set_difference(before.begin(), before.end(), after.begin(), after.end(), std::back_inserter(gone));
  std::set_difference(after.begin(), after.end(), before.begin(), before.end(), std::back_inserter(come));
  for (const ResourceKey& target : gone) {
    work.Write(store::ReferenceKeyText(target, from), std::nullopt);
    work.TouchGuard(target);
  }
  for (const ResourceKey& target : come) {
    work.Write(store::ReferenceKeyText(target, from), "");
    work.TouchGuard(target);
  }
}

std::vector<ResourceKey> TargetsOfResource(const model::Resource& resource) {
  const Kind kind = resource.key.kind;
  return TargetsOf(ReferencesOf(resource.key.mesh, kind, model::SpecOf(resource.record, kind)));
}

// ---- Writing -------------------------------------------------------------------------------------

model::Resource NewResource(const Context& context, const ResourceKey& key, const Message& input) {
  model::Resource resource{key, {}};
  auto& record = resource.record;
  record.set_resource_owner(context.caller.account);
  record.set_uid(base::NewUuid());
  record.set_version(1);
  record.set_created_at_ms(context.now_ms);
  record.set_last_updated_at_ms(context.now_ms);
  // A mesh without a spec still has one, and it is empty.
  Message* spec = model::MutableSpecOf(record, key.kind);
  if (const Message* sent = MessageMember(input, "spec")) spec->CopyFrom(*sent);
  SetInitialTags(input, record);
  return resource;
}

Error AlreadyExists(const ResourceKey& key) {
  if (key.kind == Kind::kMesh) {
    return {
        Code::kConflict, fmt::format("Mesh with name {} already exists for account {}", key.name, key.mesh.owner), {}};
  }
  return {Code::kConflict,
          fmt::format("{} with name {} already exists in mesh {} for account {}", model::DescriptorOf(key.kind).name,
                      key.name, key.mesh.name, key.mesh.owner),
          {}};
}

base::Result<Outcome> Create(const Context& context, const ResourceKey& key, const Message& input, UnitOfWork& work) {
  CHANCERY_RETURN_IF_ERROR(RequireParents(work, key));
  CHANCERY_RETURN_IF_ERROR(CheckMayCreate(context.caller, key));
  auto existing = work.Read(key);
  if (!existing) return existing.error();
  if (existing->has_value()) return AlreadyExists(key);
  model::Resource resource = NewResource(context, key, input);
  const Message& spec = model::SpecOf(resource.record, key.kind);
  const auto references = ReferencesOf(key.mesh, key.kind, spec);
  CHANCERY_RETURN_IF_ERROR(CheckReferences(work, references));
  CHANCERY_RETURN_IF_ERROR(CheckMeshRules({work, key, nullptr, spec}, context.settings.strict));
  CHANCERY_RETURN_IF_ERROR(CheckQuotas({work, key, spec, true}, context.settings.quotas_of));
  work.Put(resource);
  MoveReferences(work, key, {}, TargetsOf(references));
  if (const auto parents = ParentsOf(key); !parents.empty()) work.TouchGuard(parents.back());
  return Outcome{DataJson(ViewerOf(context), std::move(resource), Shown::kAsSent)};
}

// A change is never dated before the one that it builds on: requests overtake each other, and clocks are set back.
void MoveLastUpdated(const Context& context, store::ResourceRecord& record) {
  record.set_last_updated_at_ms(std::max(context.now_ms, record.last_updated_at_ms()));
}

base::Result<Outcome> Update(const Context& context, const ResourceKey& key, const Message& input, UnitOfWork& work) {
  auto stored = Require(work, key);
  if (!stored) return stored.error();
  model::Resource& resource = stored->resource;
  CHANCERY_RETURN_IF_ERROR(CheckMayUpdate(context.caller, resource));
  const model::Resource before = resource;
  // UpdateMesh without a spec leaves it (contract/api.md §4.1); the others require one.
  if (const Message* sent = MessageMember(input, "spec")) {
    model::MutableSpecOf(resource.record, key.kind)->CopyFrom(*sent);
  }
  const Message& spec = model::SpecOf(resource.record, key.kind);
  const auto references = ReferencesOf(key.mesh, key.kind, spec);
  CHANCERY_RETURN_IF_ERROR(CheckReferences(work, references));
  const Change change{work, key, &model::SpecOf(before.record, key.kind), spec};
  CHANCERY_RETURN_IF_ERROR(CheckMeshRules(change, context.settings.strict));
  CHANCERY_RETURN_IF_ERROR(CheckQuotas({work, key, spec, false}, context.settings.quotas_of));
  resource.record.set_version(resource.record.version() + 1);
  MoveLastUpdated(context, resource.record);
  work.Put(resource);
  MoveReferences(work, key, TargetsOfResource(before), TargetsOf(references));
  return Outcome{DataJson(ViewerOf(context), std::move(resource), Shown::kAsSent)};
}

base::Result<Outcome> Delete(const Context& context, const ResourceKey& key, UnitOfWork& work) {
  auto stored = Require(work, key);
  if (!stored) return stored.error();
  model::Resource& resource = stored->resource;
  CHANCERY_RETURN_IF_ERROR(CheckMayDelete(context.caller, resource));
  CHANCERY_RETURN_IF_ERROR(CheckDeletable(work, key));
  if (key.kind == Kind::kMesh) CHANCERY_RETURN_IF_ERROR(DropShares(work, key.mesh));
  work.Erase(key);
  work.DropGuard(key);
  MoveReferences(work, key, TargetsOfResource(resource), {});
  if (const auto parents = ParentsOf(key); !parents.empty()) work.TouchGuard(parents.back());
  MoveLastUpdated(context, resource.record);
  return Outcome{DataJson(ViewerOf(context), std::move(resource), Shown::kDeleted)};
}

base::Result<Outcome> Mutate(const Context& context, const Operation& operation, const ResourceKey& key,
                             const Message& input) {
  const Idempotency idempotency(context.caller.account, operation.name, key, input);
  const Attempt attempt = [&](UnitOfWork& work) -> base::Result<Outcome> {
    CHANCERY_RETURN_IF_ERROR(RequireVisible(work, context.caller, key.mesh));
    if (operation.verb == Verb::kDelete) return Delete(context, key, work);
    auto replay = idempotency.Recall(work);
    if (!replay) return replay.error();
    if (replay->has_value()) return **std::move(replay);
    auto outcome =
        operation.verb == Verb::kCreate ? Create(context, key, input, work) : Update(context, key, input, work);
    if (outcome) idempotency.Remember(work, outcome->body, context.caller.replayable_until_ms);
    return outcome;
  };
  return RunMutation(context.store, context.now_ms, OriginOf(context, operation, input), attempt);
}

// ---- Listing -------------------------------------------------------------------------------------

base::Result<std::string> ListJson(const Context& context, std::string_view plural, const std::string& prefix,
                                   const ListPage& page) {
  std::string json = fmt::format("{{\"{}\":[", plural);
  json.reserve(kRefBytes * page.records.size() + 256);
  CHANCERY_RETURN_IF_ERROR(context.refs.Append(ViewerOf(context), page.records, json));
  json += ']';
  if (page.more) {
    json += ",\"nextToken\":";
    model::AppendJsonText(ToPageToken(prefix, page.last), json);
  }
  return json + '}';
}

base::Result<Outcome> List(const Context& context, const Operation& operation, const ResourceKey& key,
                           const Message& input) {
  UnitOfWork work(context.store, context.now_ms);
  CHANCERY_RETURN_IF_ERROR(RequireVisible(work, context.caller, key.mesh));
  CHANCERY_RETURN_IF_ERROR(RequireParents(work, key));
  const bool meshes = key.kind == Kind::kMesh;
  const std::string prefix =
      meshes ? store::MeshesPrefix(key.mesh.owner) : store::SiblingsPrefix(key.mesh, key.kind, key.parent);
  std::string after;
  if (const std::string token = StringMember(input, "nextToken"); !token.empty()) {
    auto last = ParsePageToken(prefix, token);
    if (!last) return last.error();
    after = *std::move(last);
  }
  const auto limit = static_cast<size_t>(IntMember(input, "limit", kDefaultPage));
  const auto page =
      meshes ? ListMeshes(work, context.caller.account, after, limit) : ListBelow(context.store, prefix, after, limit);
  if (!page) return page.error();
  auto json = ListJson(context, operation.kind->plural, prefix, *page);
  if (!json) return json.error();
  return Outcome{*std::move(json)};
}

}  // namespace

ResourceKey KeyOf(const Context& context, const KindDescriptor& kind, const Message& input) {
  ResourceKey key;
  const std::string owner = StringMember(input, "meshOwner");
  key.mesh = {owner.empty() ? context.caller.account : owner, StringMember(input, "meshName")};
  key.kind = kind.kind;
  key.name = StringMember(input, kind.name_member);
  if (kind.parent && *kind.parent != Kind::kMesh) {
    key.parent = StringMember(input, model::DescriptorOf(*kind.parent).name_member);
  }
  return key;
}

Origin OriginOf(const Context& context, const Operation& operation, const Message& input) {
  Origin origin{context.caller.actor, operation.name, context.source, context.request_id};
  // A clientToken makes a replay harmless; it may be left out.
  if (StringMember(input, "clientToken").empty()) {
    origin.before_commit = context.caller.first_time;
    origin.on_failure = context.caller.nothing_done;
  }
  return origin;
}

base::Result<Outcome> RunCrud(const Context& context, const Operation& operation, const Message& input) {
  const ResourceKey key = KeyOf(context, *operation.kind, input);
  switch (operation.verb) {
    case Verb::kDescribe:
      return Describe(context, key);
    case Verb::kList:
      return List(context, operation, key, input);
    default:
      return Mutate(context, operation, key, input);
  }
}

}  // namespace chancery::frontend
