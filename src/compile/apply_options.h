#pragma once

#include "compile/ir.h"
#include "compile/options.h"

namespace chancery::compile {

// Changes a resolved proxy to what the installation chose; nothing by default.
void ApplyOptions(const Options& options, ir::Proxy& proxy);

}  // namespace chancery::compile
