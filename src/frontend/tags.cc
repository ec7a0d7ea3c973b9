#include "frontend/tags.h"

#include <chancery/model/tags.pb.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "frontend/page_token.h"
#include "frontend/reflect.h"
#include "frontend/rules.h"
#include "frontend/sharing.h"
#include "model/codec.h"

namespace chancery::frontend {
namespace {

using base::Code;
using base::Error;
using google::protobuf::Message;
using google::protobuf::RepeatedPtrField;
using model::ResourceKey;
using model::TagRef;

constexpr int kMaxTags = 50;
constexpr int32_t kDefaultPage = 50;

void Upsert(const TagRef& tag, RepeatedPtrField<TagRef>& tags) {
  const auto same = std::find_if(tags.begin(), tags.end(), [&tag](const TagRef& t) { return t.key() == tag.key(); });
  (same != tags.end() ? *same : *tags.Add()) = tag;
}

// The resource that an ARN names. Tags belong to the account that created the resource, so an ARN
// of another account is refused before anything is read.
base::Result<model::ParsedArn> Resolve(const Context& context, const std::string& arn) {
  auto parsed = model::ParseArn(arn);
  if (!parsed) return Error{Code::kBadRequest, "invalid request", {{"resourceArn", parsed.error().message}}};
  if (parsed->partition != context.settings.partition || parsed->region != context.settings.region) {
    return Error{
        Code::kNotFound,
        fmt::format("{} is not of region {} in partition {}", arn, context.settings.region, context.settings.partition),
        {}};
  }
  if (parsed->account != context.caller.account) {
    return Error{Code::kForbidden, fmt::format("the tags of {} belong to account {}", arn, parsed->account), {}};
  }
  return parsed;
}

// The resource, if it is the account's own and its mesh is visible to it.
base::Result<std::optional<Stored>> FindOwn(UnitOfWork& work, const Caller& caller, const ResourceKey& key) {
  const auto visible = RequireVisible(work, caller, key.mesh);
  if (!visible) {
    if (visible.error().code == Code::kNotFound) return std::optional<Stored>();
    return visible.error();
  }
  auto stored = work.Read(key);
  if (stored && stored->has_value() && (*stored)->resource.record.resource_owner() != caller.account) stored->reset();
  return stored;
}

base::Result<Stored> RequireTagged(UnitOfWork& work, const Caller& caller, const model::ParsedArn& arn) {
  auto stored = FindTagged(work, caller, arn);
  if (!stored) return stored.error();
  if (!stored->has_value()) return NotPresent(arn.key);
  return **std::move(stored);
}

base::Result<Outcome> List(const Context& context, const model::ParsedArn& arn,
                           const model::ListTagsForResourceInput& input) {
  UnitOfWork work(context.store, context.now_ms);
  auto stored = RequireTagged(work, context.caller, arn);
  if (!stored) return stored.error();
  std::vector<TagRef> tags(stored->resource.record.tags().begin(), stored->resource.record.tags().end());
  std::sort(tags.begin(), tags.end(), [](const TagRef& a, const TagRef& b) { return a.key() < b.key(); });
  const std::string list = "tags of " + stored->resource.record.uid();
  auto tag = tags.begin();
  if (!input.next_token().empty()) {
    auto last = ParsePageToken(list, input.next_token());
    if (!last) return last.error();
    tag = std::find_if(tags.begin(), tags.end(), [&last](const TagRef& t) { return t.key() > *last; });
  }
  const int limit = input.has_limit() ? input.limit() : kDefaultPage;
  model::ListTagsForResourceOutput output;
  for (; tag != tags.end() && output.tags_size() < limit; ++tag) *output.add_tags() = *tag;
  if (tag != tags.end()) output.set_next_token(ToPageToken(list, output.tags(output.tags_size() - 1).key()));
  if (output.tags().empty()) ShowEmptyList(output, "tags");
  return Outcome{model::ToJson(output)};
}

base::Status Tag(const model::TagResourceInput& input, chancery::store::ResourceRecord& record) {
  for (const TagRef& tag : input.tags()) Upsert(tag, *record.mutable_tags());
  if (record.tags_size() <= kMaxTags) return base::Status::Ok();
  return Error{Code::kTooManyTags,
               fmt::format("the resource would have {} tags; at most {} are allowed", record.tags_size(), kMaxTags),
               {}};
}

void Untag(const model::UntagResourceInput& input, chancery::store::ResourceRecord& record) {
  auto& tags = *record.mutable_tags();
  const auto& keys = input.tag_keys();
  tags.erase(std::remove_if(
                 tags.begin(), tags.end(),
                 [&keys](const TagRef& tag) { return std::find(keys.begin(), keys.end(), tag.key()) != keys.end(); }),
             tags.end());
}

base::Result<Outcome> ChangeTags(const Context& context, const Operation& operation, const model::ParsedArn& arn,
                                 const Message& input, UnitOfWork& work) {
  auto stored = RequireTagged(work, context.caller, arn);
  if (!stored) return stored.error();
  auto& record = stored->resource.record;
  const std::string before = record.SerializeAsString();
  if (operation.verb == Verb::kTag) {
    CHANCERY_RETURN_IF_ERROR(Tag(static_cast<const model::TagResourceInput&>(input), record));
  } else {
    Untag(static_cast<const model::UntagResourceInput&>(input), record);
  }
  // Done already, as for a retry within the second, whose signature is that of the first.
  if (record.SerializeAsString() == before) return Outcome{"{}", stored->version};
  work.Put(stored->resource);
  return Outcome{"{}"};
}

}  // namespace

base::Result<Outcome> RunTags(const Context& context, const Operation& operation, const Message& input) {
  const auto arn = Resolve(context, StringMember(input, "resourceArn"));
  if (!arn) return arn.error();
  if (operation.verb == Verb::kListTags) {
    return List(context, *arn, static_cast<const model::ListTagsForResourceInput&>(input));
  }
  return RunMutation(context.store, context.now_ms, OriginOf(context, operation, input),
                     [&](UnitOfWork& work) { return ChangeTags(context, operation, *arn, input, work); });
}

base::Result<std::optional<Stored>> FindTagged(UnitOfWork& work, const Caller& caller, const model::ParsedArn& arn) {
  std::vector<model::MeshId> meshes = {arn.key.mesh};
  if (arn.key.mesh.owner == caller.account && arn.key.kind != model::Kind::kMesh) {
    auto shared = SharedMeshesNamed(work.store(), caller.account, arn.key.mesh.name);
    if (!shared) return shared.error();
    meshes.insert(meshes.end(), shared->begin(), shared->end());
  }
  for (const model::MeshId& mesh : meshes) {
    ResourceKey key = arn.key;
    key.mesh = mesh;
    auto stored = FindOwn(work, caller, key);
    if (!stored || stored->has_value()) return stored;
  }
  return std::optional<Stored>();
}

void SetInitialTags(const Message& create_input, chancery::store::ResourceRecord& record) {
  const auto* member = FindMember(create_input, "tags");
  if (member == nullptr) return;
  const auto* reflection = create_input.GetReflection();
  for (int i = 0; i < reflection->FieldSize(create_input, member); ++i) {
    Upsert(static_cast<const TagRef&>(reflection->GetRepeatedMessage(create_input, member, i)), *record.mutable_tags());
  }
}

}  // namespace chancery::frontend
