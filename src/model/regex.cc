#include "model/regex.h"

#include <fmt/format.h>
#include <re2/re2.h>

namespace chancery::model {
namespace {

constexpr int kLargestProgram = 1000;

}  // namespace

std::optional<std::string> WhyNoRegex(const std::string& pattern) {
  const re2::RE2 regex(pattern, re2::RE2::Quiet);
  if (!regex.ok()) return "must be a regular expression of RE2: " + regex.error();
  if (regex.ProgramSize() <= kLargestProgram) return std::nullopt;
  return fmt::format("compiles to {} RE2 instructions; Envoys take at most {}", regex.ProgramSize(), kLargestProgram);
}

}  // namespace chancery::model
