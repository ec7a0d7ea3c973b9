#pragma once

#include <compare>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "compile/fragment.h"
#include "compile/options.h"
#include "compile/profile.h"
#include "model/resource.h"
#include "model/snapshot.h"

namespace chancery::compile {

// Goes into every manifest: raise it with each change of what the compiler emits.
inline constexpr uint32_t kCompilerBuild = 3;

// Whose configuration: a virtual node or a virtual gateway, as an Envoy of `profile` takes it.
struct ProxyKey {
  model::MeshId mesh;
  model::Kind kind = model::Kind::kVirtualNode;  // or kVirtualGateway
  std::string name;
  Profile profile = Profile::kStock;
  auto operator<=>(const ProxyKey&) const = default;

  model::ResourceKey resource() const { return {mesh, kind, "", name}; }
};

// What the compiler looked at, present or absent: one resource, or (with an empty name) all children
// of a parent. The reverse dependency index is made of these.
struct ReadKey {
  model::Kind kind = model::Kind::kMesh;
  std::string parent;
  std::string name;
  auto operator<=>(const ReadKey&) const = default;
};

// Something in the model that contradicts itself or is not served yet, and what was done instead.
struct Warning {
  model::Kind kind = model::Kind::kMesh;  // of the resource that is to be mended
  std::string parent;
  std::string name;
  std::string text;
  auto operator<=>(const Warning&) const = default;
};

struct ProxyConfig {
  // Sorted by (type, name), unique.
  std::vector<FragmentPtr> fragments;
  // Sorted, unique.
  std::vector<Warning> warnings;
  std::set<ReadKey> reads;
};

// The configuration of one proxy (contract/envoy.md §2). Pure: the same snapshot and key give the same
// bytes, on any machine; no clock, I/O or globals. Total: every accepted state gives a configuration
// that an Envoy of the profile accepts; what contradicts itself degrades by itself, deterministically,
// with a warning (architecture.md §6). When the resource itself is absent the configuration is empty.
ProxyConfig Compile(const model::Snapshot& snapshot, const ProxyKey& key);

// The same for an installation that chose otherwise; equal options are part of the promise.
ProxyConfig CompileWith(const Options& options, const model::Snapshot& snapshot, const ProxyKey& key);

}  // namespace chancery::compile
