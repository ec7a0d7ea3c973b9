#pragma once

#include <string>

#include "compile/ir.h"
#include "compile/reader.h"

// From the model to what a proxy is to do. One function per kind of proxy; what they read and warn
// about goes to the reader.
namespace chancery::compile {

// Empty when the resource does not exist.
ir::Proxy ResolveNode(Reader& reader, const std::string& name);
ir::Proxy ResolveGateway(Reader& reader, const std::string& name);

}  // namespace chancery::compile
