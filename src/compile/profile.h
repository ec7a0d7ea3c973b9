#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace chancery::compile {

// The age of a proxy's Envoy API: what is emitted for a profile is understood by all of its Envoys. An Envoy ignores
// over ADS what it does not know, so a field that is newer than the proxy is not used, rather than tried (ADR 0014).
// Closed and small, since a manifest exists for each profile in use. Values are stable.
enum class Profile : uint8_t {
  // Envoy 1.31 and newer: the stock Envoys of today, and the App Mesh images 1.34.
  kStock = 1,
  // Envoy 1.22 to 1.30: the App Mesh images before that, and whoever does not say what it is.
  kOld = 2,
};
inline constexpr std::array<Profile, 2> kAllProfiles = {Profile::kStock, Profile::kOld};

// The oldest minor version of Envoy 1 that is looked after.
inline constexpr uint32_t kOldestEnvoyMinor = 22;

// "stock", "old": in status and in the names of goldens.
std::string_view Label(Profile profile);

// The profile of Envoy `major`.`minor`. What is older than everything looked after gets the oldest, what is newer
// than everything tried the newest.
Profile ProfileOfEnvoy(uint32_t major, uint32_t minor);

// What Envoys of some profile cannot do. A feature that wants one of these asks Reader::Has, and where it is lacking
// finds another form or warns.
enum class EnvoyFeature : uint8_t {
  // HeaderValueOption.append_action: in the API since 1.20, without effect before 1.24.
  kAppendAction,
  // OutlierDetection.always_eject_one_host: since 1.31. Envoys before envoyproxy/envoy#27909 (2023) always do it, later
  // ones
  // only if asked.
  kAlwaysEjectOneHost,
};
bool Has(Profile profile, EnvoyFeature feature);

}  // namespace chancery::compile
