#include "frontend/view.h"

#include <chancery/model/virtual_gateway.pb.h>
#include <chancery/model/virtual_node.pb.h>

#include <set>

#include "frontend/reflect.h"
#include "model/codec.h"
#include "model/json_text.h"

namespace chancery::frontend {
namespace {

using google::protobuf::Message;
using model::Kind;
using model::KindDescriptor;

// The values of every kind's ...StatusCode.
constexpr int kActive = 1;
constexpr int kDeletedStatus = 3;

double Seconds(int64_t ms) { return static_cast<double>(ms) / 1000.0; }

template <typename Spec>
void FillHealthCheckPorts(Spec& spec) {
  for (auto& listener : *spec.mutable_listeners()) {
    if (!listener.has_health_check() || listener.health_check().has_port()) continue;
    listener.mutable_health_check()->set_port(listener.port_mapping().port());
  }
}

// Of two backends with one name the first stays.
void CollapseBackends(model::VirtualNodeSpec& spec) {
  std::set<std::string> seen;
  google::protobuf::RepeatedPtrField<model::Backend> kept;
  for (model::Backend& backend : *spec.mutable_backends()) {
    if (seen.insert(backend.virtual_service().virtual_service_name()).second) *kept.Add() = std::move(backend);
  }
  *spec.mutable_backends() = std::move(kept);
  if (spec.backends().empty()) ShowEmptyList(spec, "backends");
}

void NormalizeForRead(Kind kind, Message& spec) {
  if (kind == Kind::kVirtualNode) {
    auto& node = static_cast<model::VirtualNodeSpec&>(spec);
    FillHealthCheckPorts(node);
    CollapseBackends(node);
  }
  if (kind == Kind::kVirtualGateway) FillHealthCheckPorts(static_cast<model::VirtualGatewaySpec&>(spec));
}

void SetStatus(Message& data, int value) {
  Message* status = MutableMessageMember(data, "status");
  status->GetReflection()->SetEnumValue(status, FindMember(*status, "status"), value);
}

void FillNames(const model::Resource& resource, Message& message) {
  const KindDescriptor& kind = model::DescriptorOf(resource.key.kind);
  SetStringMember(message, "meshName", resource.key.mesh.name);
  SetStringMember(message, kind.name_member, resource.key.name);
  if (!resource.key.parent.empty()) {
    SetStringMember(message, model::DescriptorOf(*kind.parent).name_member, resource.key.parent);
  }
}

std::string ArnFor(const Viewer& viewer, const model::ResourceKey& key, const std::string& owner) {
  model::ResourceKey shown = key;
  if (viewer.account != key.mesh.owner) shown.mesh.name += "@" + key.mesh.owner;
  shown.mesh.owner = owner;
  return model::ArnOf(shown, viewer.settings.partition, viewer.settings.region, owner);
}

void FillMetadata(const Viewer& viewer, const model::Resource& resource, model::ResourceMetadata& metadata) {
  metadata.set_arn(ArnFor(viewer, resource.key, resource.record.resource_owner()));
  metadata.set_created_at(Seconds(resource.record.created_at_ms()));
  metadata.set_last_updated_at(Seconds(resource.record.last_updated_at_ms()));
  metadata.set_mesh_owner(resource.key.mesh.owner);
  metadata.set_resource_owner(resource.record.resource_owner());
  metadata.set_uid(resource.record.uid());
  metadata.set_version(resource.record.version());
}

// Of a member that is not the first.
void AddName(std::string_view name, std::string& json) { json.append(",\"").append(name).append("\":"); }

void AddText(std::string_view name, std::string_view value, std::string& json) {
  AddName(name, json);
  model::AppendJsonText(value, json);
}

void AddTime(std::string_view name, int64_t ms, std::string& json) {
  AddName(name, json);
  model::AppendJsonTime(Seconds(ms), json);
}

}  // namespace

std::string DataJson(const Viewer& viewer, model::Resource resource, Shown shown) {
  const Kind kind = resource.key.kind;
  const std::unique_ptr<Message> data = NewMessage(model::DescriptorOf(kind).data);
  FillNames(resource, *data);
  FillMetadata(viewer, resource, static_cast<model::ResourceMetadata&>(*MutableMessageMember(*data, "metadata")));
  Message* spec = MutableMessageMember(*data, "spec");
  spec->GetReflection()->Swap(spec, model::MutableSpecOf(resource.record, kind));
  if (shown != Shown::kAsSent) NormalizeForRead(kind, *spec);
  SetStatus(*data, shown == Shown::kDeleted ? kDeletedStatus : kActive);
  return model::ToJson(*data);
}

void AppendRefJson(const Viewer& viewer, const Listed& listed, std::string& json) {
  const auto& [key, header] = listed;
  const KindDescriptor& kind = model::DescriptorOf(key.kind);
  json += "{\"arn\":";
  model::AppendJsonText(ArnFor(viewer, key, header.resource_owner()), json);
  AddTime("createdAt", header.created_at_ms(), json);
  AddTime("lastUpdatedAt", header.last_updated_at_ms(), json);
  AddText("meshName", key.mesh.name, json);
  AddText("meshOwner", key.mesh.owner, json);
  AddText("resourceOwner", header.resource_owner(), json);
  if (key.kind != Kind::kMesh) AddText(kind.name_member, key.name, json);
  if (!key.parent.empty()) AddText(model::DescriptorOf(*kind.parent).name_member, key.parent, json);
  AddName("version", json);
  json.append(std::to_string(header.version())).append(1, '}');
}

}  // namespace chancery::frontend
