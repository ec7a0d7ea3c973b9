#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "compile/fragment.h"

namespace chancery::ems {

// The values that one proxy gives for slots (compile::Slot), from its node's metadata. Empty: default.
struct SlotValues {
  std::string bind_ingress;
  std::string bind_egress;
  std::string bind_application;

  bool all_default() const { return bind_ingress.empty() && bind_egress.empty() && bind_application.empty(); }
  auto operator<=>(const SlotValues&) const = default;
};

// True when each value is empty or an IP address; anything else would be refused by Envoy.
bool AreValid(const SlotValues& values);

// Behind the bytes of a cluster: wait_for_warm_on_init, field 54, is true, for the last value of a field counts. A DNS
// cluster that a client has is replaced by it only once it has addresses (docs/adr/0009).
inline constexpr std::string_view kWaitForWarm = "\xb2\x03\x02\x08\x01";

// The fragment's bytes with the values put in: substitutions in typed fields, never structure. A
// fragment without a slot that has a value is given back as it is, byte for byte.
std::string Customize(const compile::Fragment& fragment, const SlotValues& values);
// Whether Customize would alter `fragment`.
bool Alters(const compile::Fragment& fragment, const SlotValues& values);

}  // namespace chancery::ems
