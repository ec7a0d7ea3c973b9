#pragma once

#include <string>

#include "base/result.h"
#include "model/resource.h"
#include "store/store.h"

namespace chancery::ems {

// Whether `account` may be given the configuration of `key`, whatever else allows it: the resource is its own, in a
// mesh that is its own or shared with it. One that does not exist yet may be waited for in such a mesh. kAccessDenied.
base::Status CheckOwner(const store::Store& store, const std::string& account, const model::ResourceKey& key);

}  // namespace chancery::ems
