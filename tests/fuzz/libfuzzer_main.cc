// libFuzzer's entry for the body that FUZZ_BODY names.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/log.h"
#include "fuzz/targets.h"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's names.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  spdlog::set_level(spdlog::level::off);
  return 0;
}

// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  chancery::fuzz::FUZZ_BODY({reinterpret_cast<const char*>(data), size});
  return 0;
}
