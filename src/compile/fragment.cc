#include "compile/fragment.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace chancery::compile {
namespace {

template <typename T>
void SortUnique(std::vector<T>& items) {
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
}

// The name is length-prefixed, so that no two (name, bytes) pairs share an input.
base::Hash HashOfParts(FragmentType type, const std::string& name, const std::string& bytes) {
  std::string content = std::to_string(static_cast<int>(type)) + ":" + std::to_string(name.size()) + ":";
  content += name;
  content += bytes;
  return base::HashOf(content);
}

}  // namespace

FragmentPtr MakeFragment(FragmentType type, std::string name, std::string bytes, FragmentTraits traits) {
  auto fragment = std::make_shared<Fragment>();
  static_cast<FragmentTraits&>(*fragment) = std::move(traits);
  SortUnique(fragment->clusters);
  SortUnique(fragment->routes);
  SortUnique(fragment->ports);
  SortUnique(fragment->slots);
  fragment->type = type;
  fragment->hash = HashOfParts(type, name, bytes);
  fragment->name = std::move(name);
  fragment->bytes = std::move(bytes);
  return fragment;
}

std::string_view TypeUrl(FragmentType type) {
  switch (type) {
    case FragmentType::kCluster:
      return "type.googleapis.com/envoy.config.cluster.v3.Cluster";
    case FragmentType::kEndpoint:
      return "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment";
    case FragmentType::kListener:
      return "type.googleapis.com/envoy.config.listener.v3.Listener";
    case FragmentType::kRoute:
      return "type.googleapis.com/envoy.config.route.v3.RouteConfiguration";
    case FragmentType::kSecret:
      return "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";
  }
  base::CheckFailed("a known type", __FILE__, __LINE__);
}

}  // namespace chancery::compile
