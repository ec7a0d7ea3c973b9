#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "xds/resource.h"

namespace chancery::xds {

// What a client asks for of one type, from the lists of names in its state-of-the-world requests
// (contract/xds.md 9). A pure value.
//
// Invariant: a legacy wildcard ends with the first request that has names, and does not come back:
// from then on an empty list asks for nothing.
class Subscription {
 public:
  enum class State : uint8_t {
    kUnsubscribed,     // never asked
    kLegacyWildcard,   // the first request had no names: everything
    kWildcard,         // `*`: everything
    kNames,            // these names alone; none of them: nothing
    kNamesOnWildcard,  // `*` and names: everything
  };

  // `can_wildcard`: the type has wildcards (TypeDescriptor); for others `*` is a name like any other.
  explicit Subscription(bool can_wildcard) : can_wildcard_(can_wildcard) {}

  // Takes the list of a request, which replaces the one before. True when what is asked for changed.
  bool Apply(const std::vector<std::string_view>& names);

  State state() const { return state_; }
  bool wildcard() const {
    return state_ == State::kLegacyWildcard || state_ == State::kWildcard || state_ == State::kNamesOnWildcard;
  }
  // Asks for anything at all.
  bool active() const { return wildcard() || !names_.empty(); }
  bool Covers(std::string_view name) const;
  // Sorted, unique, without `*`.
  const std::vector<std::string>& names() const { return names_; }

  // The part of `set` that is asked for; `set` itself when that is all of it.
  ResourceSetPtr Filter(const ResourceSetPtr& set) const;

  bool operator==(const Subscription&) const = default;

 private:
  State Next(bool star, bool names) const;

  bool can_wildcard_;
  State state_ = State::kUnsubscribed;
  std::vector<std::string> names_;
};

}  // namespace chancery::xds
