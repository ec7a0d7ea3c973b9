#pragma once

#include <filesystem>
#include <vector>

#include "model/resource.h"

namespace chancery::compile::testing {

// The resources of a golden's input.json: a list of {kind, parent, name, spec}, in the API's JSON. A
// file that is none throws; a spec that the API would refuse fails the test.
std::vector<model::ResourcePtr> ReadGoldenInput(const std::filesystem::path& path);

}  // namespace chancery::compile::testing
