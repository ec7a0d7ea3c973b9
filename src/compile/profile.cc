#include "compile/profile.h"

#include <utility>

#include "base/check.h"

namespace chancery::compile {

std::string_view Label(Profile profile) {
  switch (profile) {
    case Profile::kStock:
      return "stock";
    case Profile::kOld:
      return "old";
  }
  base::CheckFailed("a known profile", __FILE__, __LINE__);
}

Profile ProfileOfEnvoy(uint32_t major, uint32_t minor) {
  constexpr std::pair<uint32_t, uint32_t> kFirstStock{1, 31};
  return std::pair{major, minor} < kFirstStock ? Profile::kOld : Profile::kStock;
}

bool Has(Profile profile, EnvoyFeature feature) {
  switch (feature) {
    case EnvoyFeature::kAppendAction:
    case EnvoyFeature::kAlwaysEjectOneHost:
      return profile == Profile::kStock;
  }
  base::CheckFailed("a known feature", __FILE__, __LINE__);
}

}  // namespace chancery::compile
