#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"

namespace chancery::compile {

// The types of xDS resource that a proxy is given, in the order in which additions are sent.
enum class FragmentType : uint8_t { kCluster = 0, kEndpoint = 1, kListener = 2, kRoute = 3, kSecret = 4 };
inline constexpr size_t kFragmentTypes = 5;
inline constexpr std::array<FragmentType, kFragmentTypes> kAllFragmentTypes = {
    FragmentType::kCluster, FragmentType::kEndpoint, FragmentType::kListener, FragmentType::kRoute,
    FragmentType::kSecret};

// The typed substitutions a proxy's own metadata may make in a fragment. Never structure: a proxy
// whose slots all take their defaults is given the fragment's bytes as they are. All are listed here;
// src/ems/customize.h makes them.
enum class Slot : uint8_t {
  // chancery.bind.ingress: the address of an ingress listener; it then listens on the ports of its
  // chains instead of on 15000.
  kBindIngress = 1,
  // chancery.bind.egress: likewise of the egress listener, and of the gateway's own hop to it.
  kBindEgress = 2,
  // chancery.bind.application: where a virtual node's application listens.
  kBindApplication = 3,
};

// What a cluster asks of whoever answers, from the weakest on: nothing, encryption, a trusted certificate, one of
// certain names too.
enum class Strictness : uint8_t { kPlaintext, kEncrypted, kTrusted, kNamed };

// What the EMS must know of a fragment to send it in order; a function of its bytes.
struct FragmentTraits {
  // Names of the clusters that a route configuration or listener sends traffic to; sorted, unique.
  std::vector<std::string> clusters = {};
  // Names of the route configurations that a listener asks for; sorted, unique.
  std::vector<std::string> routes = {};
  // A cluster whose endpoints come from DNS: new ones are given a moment to resolve.
  bool dns = false;
  // How little a cluster believes whoever answers: bytes of a lower strictness never take the place of others while
  // traffic that was to have those may use it (docs/adr/0017).
  Strictness strictness = Strictness::kPlaintext;
  // Ports that a listener binds where a slot names an address; sorted, unique.
  std::vector<uint32_t> ports = {};
  // The slots in it, sorted; mostly none.
  std::vector<Slot> slots = {};
};

// One xDS resource: its deterministic bytes. Immutable and shared by every proxy that needs it.
struct Fragment : FragmentTraits {
  FragmentType type = FragmentType::kCluster;
  std::string name;
  // The serialized resource message (not the Any around it).
  std::string bytes;
  // Of type, name and bytes.
  base::Hash hash;
};
using FragmentPtr = std::shared_ptr<const Fragment>;

// Fills in the hash; sorts the traits' lists and makes them unique.
FragmentPtr MakeFragment(FragmentType type, std::string name, std::string bytes, FragmentTraits traits = {});

// "type.googleapis.com/envoy.config.cluster.v3.Cluster" and so on.
std::string_view TypeUrl(FragmentType type);

}  // namespace chancery::compile
