#pragma once

#include <string>
#include <string_view>

#include "intercept/options.h"

// The rules as text for `nft -f -` and `iptables-restore --noflush`, each taken by the kernel as a whole or not at all.
// Setting replaces what an earlier call set, so twice is once; other rules of the host stay as they are. All functions
// are pure and thread-safe.
//
// Outbound: TCP to another host goes to the egress port, but of the ignored owners and to ignored ports and
// destinations. Inbound: TCP from another host to an application port goes to the ingress port. Connections within the
// host are never redirected.
namespace chancery::intercept {

// Of the family inet.
inline constexpr char kNftTable[] = "chancery_intercept";
// One table of our own, for both families.
std::string NftRules(const InterceptOptions& options);
// Removes that table; no error if there is none.
std::string NftRemoval();

enum class Family { kIpv4, kIpv6 };

// Chains named as the App Mesh init container names them, so its rules are replaced too. `saved` is the output of
// iptables-save or ip6tables-save for the table nat: it says which jumps to our chains are there already.
std::string IptablesRules(const InterceptOptions& options, Family family, std::string_view saved);
// Empty when nothing of ours is in `saved`.
std::string IptablesRemoval(std::string_view saved);

}  // namespace chancery::intercept
