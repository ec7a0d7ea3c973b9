#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "frontend/view.h"
#include "store/store.h"

namespace chancery::frontend {

// The ...Ref objects of lists, each written once for a version of its record and an account that looks, so that a List
// costs what its bytes cost. Never stale: a version has one content. Full, it forgets all and starts anew: then a List
// costs what it cost the first time. Memory: up to `max_refs`, of some 600 bytes each with usual names and a few KiB
// with the longest. Thread-safe.
class RefMemo {
 public:
  explicit RefMemo(size_t max_refs = 50'000) : max_refs_(max_refs) {}

  // Appends the refs of `records`, with commas between them. kInternal for a record that is damaged.
  base::Status Append(const Viewer& viewer, const std::vector<store::Entry>& records, std::string& json)
      EXCLUDES(mutex_);

 private:
  struct Ref {
    store::Txn version = 0;
    std::string json;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  // Appends those from `next` on that are known, up to the first that is not.
  void AppendKnown(std::string_view account, const std::vector<store::Entry>& records, size_t& next, std::string& json)
      EXCLUDES(mutex_);
  void Keep(std::string key, Ref ref) EXCLUDES(mutex_);

  const size_t max_refs_;
  base::Mutex mutex_;
  // By account and key.
  std::unordered_map<std::string, Ref, Hash, std::equal_to<>> refs_ GUARDED_BY(mutex_);
};

}  // namespace chancery::frontend
