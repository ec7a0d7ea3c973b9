#include "ems/customize.h"

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/check.h"
#include "model/serialize.h"

namespace chancery::ems {
namespace {

using compile::Slot;
using envoy::config::listener::v3::Listener;

constexpr std::string_view kOriginalDst = "envoy.filters.listener.original_dst";

const std::string& ValueOf(Slot slot, const SlotValues& values) {
  switch (slot) {
    case Slot::kBindIngress:
      return values.bind_ingress;
    case Slot::kBindEgress:
      return values.bind_egress;
    case Slot::kBindApplication:
      return values.bind_application;
  }
  static const std::string empty;
  return empty;
}

// Without interception a connection has no other destination than the address that it came to; to be sent on there
// would bring it here again, where the kernel tracks connections.
void DropOriginalDestination(Listener& listener) {
  auto& filters = *listener.mutable_listener_filters();
  filters.erase(
      std::remove_if(filters.begin(), filters.end(), [](const auto& filter) { return filter.name() == kOriginalDst; }),
      filters.end());
}

// The listener binds `address` at the ports of its own chains: without interception a connection's own
// port is what the chains match on.
void BindListener(Listener& listener, const std::vector<uint32_t>& ports, const std::string& address) {
  DropOriginalDestination(listener);
  auto* first = listener.mutable_address()->mutable_socket_address();
  first->set_address(address);
  first->clear_ipv4_compat();  // of :: alone
  listener.clear_additional_addresses();
  if (ports.empty()) return;
  first->set_port_value(ports.front());
  for (auto port = std::next(ports.begin()); port != ports.end(); ++port) {
    auto* more = listener.add_additional_addresses()->mutable_address()->mutable_socket_address();
    more->set_address(address);
    more->set_port_value(*port);
  }
}

std::string CustomizeListener(const compile::Fragment& fragment, const std::string& address) {
  Listener listener;
  CHANCERY_CHECK(listener.ParseFromString(fragment.bytes));
  BindListener(listener, fragment.ports, address);
  return model::SerializeSorted(listener);
}

std::string CustomizeCluster(const compile::Fragment& fragment, const std::string& address) {
  envoy::config::cluster::v3::Cluster cluster;
  CHANCERY_CHECK(cluster.ParseFromString(fragment.bytes));
  for (auto& locality : *cluster.mutable_load_assignment()->mutable_endpoints()) {
    for (auto& endpoint : *locality.mutable_lb_endpoints()) {
      endpoint.mutable_endpoint()->mutable_address()->mutable_socket_address()->set_address(address);
    }
  }
  return model::SerializeSorted(cluster);
}

}  // namespace

bool AreValid(const SlotValues& values) {
  return std::ranges::all_of(std::array{&values.bind_ingress, &values.bind_egress, &values.bind_application},
                             [](const std::string* value) { return value->empty() || base::IsIpAddress(*value); });
}

bool Alters(const compile::Fragment& fragment, const SlotValues& values) {
  return std::ranges::any_of(fragment.slots, [&](Slot slot) { return !ValueOf(slot, values).empty(); });
}

std::string Customize(const compile::Fragment& fragment, const SlotValues& values) {
  for (const Slot slot : fragment.slots) {
    const std::string& address = ValueOf(slot, values);
    if (address.empty()) continue;
    return fragment.type == compile::FragmentType::kListener ? CustomizeListener(fragment, address)
                                                             : CustomizeCluster(fragment, address);
  }
  return fragment.bytes;
}

}  // namespace chancery::ems
