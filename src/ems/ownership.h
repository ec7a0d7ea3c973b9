#pragma once

#include <chancery/store/records.pb.h>

#include <string>

#include "base/result.h"
#include "model/resource.h"
#include "store/store.h"

namespace chancery::ems {

// What is stored of `key`; empty while there is none. kInternal when it is damaged.
base::Result<store::ResourceRecord> RecordOf(const store::Store& store, const model::ResourceKey& key);

// Whether `account` may be given the configuration of `key`, whatever else allows it: the resource is its own
// (`resource_owner` is empty while it does not exist, and may be waited for), in a mesh that is its own or shared with
// it. kAccessDenied.
base::Status CheckOwner(const store::Store& store, const std::string& account, const model::ResourceKey& key,
                        const std::string& resource_owner);

}  // namespace chancery::ems
