#include "cli/platform.h"

#include <envoy/config/core/v3/base.pb.h>

namespace chancery::cli {
namespace {

using google::protobuf::Struct;

// A member of a Struct that is one too.
Struct& Member(Struct& object, const std::string& name) {
  return *(*object.mutable_fields())[name].mutable_struct_value();
}

void SetText(Struct& object, const std::string& name, const std::string& value) {
  if (!value.empty()) (*object.mutable_fields())[name].set_string_value(value);
}

void SetTexts(Struct& object, const std::string& name, const std::map<std::string, std::string>& values) {
  if (values.empty()) return;
  Struct& member = Member(object, name);
  for (const auto& [key, value] : values) SetText(member, key, value);
}

void SetAddresses(Struct& object, const std::string& name,
                  const std::map<std::string, std::vector<std::string>>& interfaces) {
  if (interfaces.empty()) return;
  Struct& member = Member(object, name);
  for (const auto& [interface, addresses] : interfaces) {
    auto& list = *(*member.mutable_fields())[interface].mutable_list_value();
    for (const std::string& address : addresses) list.add_values()->set_string_value(address);
  }
}

Struct PlatformInfo(const Platform& platform) {
  Struct info;
  SetTexts(info, "k8sPlatformInfo", platform.k8s);
  SetTexts(info, "ecsPlatformInfo", platform.ecs);
  SetTexts(info, "systemInfo", platform.system);
  SetText(info, "AvailabilityZone", platform.zone);
  SetText(info, "AvailabilityZoneID", platform.zone_id);
  SetText(info, "supportedIPFamilies", platform.ip_families);
  if (platform.fips) (*info.mutable_fields())["fipsModeEnabled"].set_bool_value(true);
  return info;
}

}  // namespace

void SetPlatform(const Platform& platform, envoy::config::core::v3::Node& node) {
  Struct metadata;
  if (Struct info = PlatformInfo(platform); info.fields_size() > 0) Member(metadata, "aws.appmesh.platformInfo") = info;
  if (!platform.ipv4.empty() || !platform.ipv6.empty()) {
    Struct& interfaces = Member(metadata, "aws.appmesh.task.interfaces");
    SetAddresses(interfaces, "ipv4", platform.ipv4);
    SetAddresses(interfaces, "ipv6", platform.ipv6);
  }
  if (platform.metric_filter) SetText(Member(metadata, "aws.appmesh.metric_filter"), "level", "1");
  if (metadata.fields_size() > 0) node.mutable_metadata()->MergeFrom(metadata);
  if (platform.zone_id.empty()) return;
  node.mutable_locality()->set_region(platform.region);
  node.mutable_locality()->set_zone(platform.zone_id);
}

}  // namespace chancery::cli
