#pragma once

#include <compare>
#include <string>

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

// The fragment's bytes with the values put in: substitutions in typed fields, never structure. A
// fragment without a slot that has a value is given back as it is, byte for byte.
std::string Customize(const compile::Fragment& fragment, const SlotValues& values);
// Whether Customize would alter `fragment`.
bool Alters(const compile::Fragment& fragment, const SlotValues& values);

}  // namespace chancery::ems
