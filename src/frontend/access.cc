#include "frontend/access.h"

#include <chancery/model/tags.pb.h>
#include <chancery/model/virtual_node.pb.h>

#include <algorithm>

#include "frontend/reflect.h"
#include "frontend/rules.h"
#include "frontend/tags.h"
#include "model/resource.h"
#include "store/keys.h"

namespace chancery::frontend {
namespace {

using google::protobuf::Message;
using model::Kind;
using model::ResourceKey;
using model::TagRef;

// What is there, as far as permission depends on it.
struct Found {
  std::string owner;
  std::vector<TagRef> tags;
};

// `otherwise` owns what does not exist.
base::Result<Found> Find(const Context& context, const ResourceKey& key, const std::string& otherwise) {
  auto entry = context.store.Read(store::ResourceKeyText(key));
  if (!entry) return entry.error();
  if (!entry->has_value()) return Found{otherwise, {}};
  auto stored = ParseStored(**entry);
  if (!stored) return stored.error();
  const auto& record = stored->resource.record;
  return Found{record.resource_owner(), {record.tags().begin(), record.tags().end()}};
}

base::Result<Access> AccessTo(const Context& context, const ResourceKey& key, const std::string& otherwise) {
  auto found = Find(context, key, otherwise);
  if (!found) return found.error();
  const Settings& settings = context.settings;
  Access access{model::ArnSpellings(key, settings.partition, settings.region, found->owner), {}};
  for (const TagRef& tag : found->tags) access.context.Add("aws:ResourceTag/" + tag.key(), tag.value());
  return access;
}

// aws:RequestTag and aws:TagKeys: of the tags, or tag keys, that a call brings.
void AddRequestTags(const Message& input, iam::ContextKeys& context) {
  const auto& reflection = *input.GetReflection();
  if (const auto* tags = FindMember(input, "tags")) {
    for (int i = 0; i < reflection.FieldSize(input, tags); ++i) {
      const auto& tag = static_cast<const TagRef&>(reflection.GetRepeatedMessage(input, tags, i));
      context.Add("aws:RequestTag/" + tag.key(), tag.value());
      context.Add("aws:TagKeys", tag.key());
    }
  }
  if (const auto* keys = FindMember(input, "tagKeys")) {
    for (int i = 0; i < reflection.FieldSize(input, keys); ++i) {
      context.Add("aws:TagKeys", reflection.GetRepeatedString(input, keys, i));
    }
  }
}

// A list is a matter of what it lists below: the mesh, the router, the gateway.
ResourceKey Subject(const Operation& operation, const ResourceKey& key) {
  if (operation.verb != Verb::kList) return key;
  const Kind parent = *operation.kind->parent;
  if (parent == Kind::kMesh) return {key.mesh, Kind::kMesh, "", key.mesh.name};
  return {key.mesh, parent, "", key.parent};
}

// The services that a new virtual node names as backends; they need not exist.
void AddBackends(const ResourceKey& key, const Message& spec, std::vector<ResourceKey>& referenced) {
  for (const model::Backend& backend : static_cast<const model::VirtualNodeSpec&>(spec).backends()) {
    const std::string& name = backend.virtual_service().virtual_service_name();
    if (!name.empty()) referenced.push_back({key.mesh, Kind::kVirtualService, "", name});
  }
}

std::vector<ResourceKey> ReferencedBy(const Operation& operation, const ResourceKey& key, const Message& input) {
  const Message* spec = MessageMember(input, "spec");
  if (spec == nullptr || (operation.verb != Verb::kCreate && operation.verb != Verb::kUpdate)) return {};
  std::vector<ResourceKey> referenced = TargetsOf(ReferencesOf(key.mesh, key.kind, *spec));
  if (key.kind == Kind::kVirtualNode && operation.verb == Verb::kCreate) AddBackends(key, *spec, referenced);
  std::sort(referenced.begin(), referenced.end());
  referenced.erase(std::unique(referenced.begin(), referenced.end()), referenced.end());
  return referenced;
}

base::Result<std::vector<Access>> AccessesOfTags(const Context& context, const Message& input) {
  const auto arn = model::ParseArn(StringMember(input, "resourceArn"));
  if (!arn) return std::vector<Access>();
  // Permission is of the resource whose tags are meant, however it is spelled.
  UnitOfWork work(context.store, context.now_ms);
  const auto found = FindTagged(work, context.caller, *arn);
  if (!found) return found.error();
  const ResourceKey& key = found->has_value() ? (*found)->resource.key : arn->key;
  auto access = AccessTo(context, key, arn->account);
  if (!access) return access.error();
  AddRequestTags(input, access->context);
  return std::vector<Access>{*std::move(access)};
}

}  // namespace

base::Result<std::vector<Access>> AccessesOf(const Context& context, const Operation& operation, const Message& input) {
  if (operation.kind == nullptr) return AccessesOfTags(context, input);
  if (operation.verb == Verb::kList && operation.kind->kind == Kind::kMesh) return std::vector<Access>{{{"*"}, {}}};
  const ResourceKey key = KeyOf(context, *operation.kind, input);
  auto own = AccessTo(context, Subject(operation, key), context.caller.account);
  if (!own) return own.error();
  AddRequestTags(input, own->context);
  std::vector<Access> accesses = {*std::move(own)};
  for (const ResourceKey& referenced : ReferencedBy(operation, key, input)) {
    auto access = AccessTo(context, referenced, referenced.mesh.owner);
    if (!access) return access.error();
    accesses.push_back(*std::move(access));
  }
  return accesses;
}

}  // namespace chancery::frontend
