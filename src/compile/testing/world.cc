#include "compile/testing/world.h"

#include <gtest/gtest.h>

#include "model/codec.h"

namespace chancery::compile::testing {

model::ResourcePtr MakeResource(model::Kind kind, std::string parent, std::string name, std::string_view spec_json) {
  auto resource = std::make_shared<model::Resource>();
  resource->key = {kMesh, kind, std::move(parent), std::move(name)};
  google::protobuf::Message* spec = model::MutableSpecOf(resource->record, kind);
  std::vector<base::Violation> violations;
  const base::Status status = model::ParseJson(spec_json, *spec, violations);
  EXPECT_TRUE(status) << status.error().message << " in " << spec_json;
  model::CheckConstraints(*spec, violations);
  for (const base::Violation& violation : violations) {
    ADD_FAILURE() << resource->key.name << ": " << violation.path << ": " << violation.text << " in " << spec_json;
  }
  return resource;
}

model::ResourcePtr MakeResource(model::Kind kind, std::string parent, std::string name,
                                const google::protobuf::Message& spec) {
  auto resource = std::make_shared<model::Resource>();
  resource->key = {kMesh, kind, std::move(parent), std::move(name)};
  model::MutableSpecOf(resource->record, kind)->CopyFrom(spec);
  return resource;
}

World& World::Add(model::Kind kind, std::string parent, std::string name, std::string_view spec) {
  snapshot_.Put(MakeResource(kind, std::move(parent), std::move(name), spec));
  return *this;
}

ProxyConfig World::CompileNode(std::string name) const {
  return Compile(snapshot_, {kMesh, model::Kind::kVirtualNode, std::move(name)});
}

ProxyConfig World::CompileGateway(std::string name) const {
  return Compile(snapshot_, {kMesh, model::Kind::kVirtualGateway, std::move(name)});
}

const Fragment* FindFragment(const ProxyConfig& config, FragmentType type, std::string_view name) {
  for (const FragmentPtr& fragment : config.fragments) {
    if (fragment->type == type && fragment->name == name) return fragment.get();
  }
  return nullptr;
}

std::vector<std::string> NamesOf(const ProxyConfig& config, FragmentType type) {
  std::vector<std::string> names;
  for (const FragmentPtr& fragment : config.fragments) {
    if (fragment->type == type) names.push_back(fragment->name);
  }
  return names;
}

}  // namespace chancery::compile::testing
