#pragma once

#include <functional>
#include <string_view>

#include "base/result.h"
#include "store/store.h"

namespace chancery::store {

// Calls `visit` for each entry whose key begins with `prefix`, in byte order, however many there are. They are read in
// pages, so of what is written meanwhile some may be seen. An error of `visit` ends the walk and is its result; other
// errors are those of Store::Scan. Thread-safe.
base::Status ForEachEntry(const Store& store, std::string_view prefix,
                          const std::function<base::Status(const Entry&)>& visit);

}  // namespace chancery::store
