#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "iam/pattern.h"
#include "model/resource.h"

namespace chancery::iam {

// Which proxies may be claimed where nobody proves who it is: patterns of mesh/<mesh>[@<owner>]/virtualNode/<name> or
// .../virtualGateway/<name>, in which * stands for any characters and ? for one. None: nothing may be. Immutable.
class Claims {
 public:
  Claims() = default;
  // kBadRequest for a pattern that could match nothing.
  static base::Result<Claims> Parse(const std::vector<std::string>& patterns);

  // `account`: whose meshes the patterns without an owner name.
  bool Allow(const model::ResourceKey& key, std::string_view account) const;
  bool empty() const { return patterns_.empty(); }
  void Add(const Claims& more) { patterns_.insert(patterns_.end(), more.patterns_.begin(), more.patterns_.end()); }

 private:
  std::vector<Pattern> patterns_;
};

}  // namespace chancery::iam
