#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "xds/resource.h"
#include "xds/type_state.h"

namespace chancery::xds {

// Which clusters of one stream are sent with their `when_replacing`: those that take the place of others in a client
// that may be serving. What was sent stays as it was sent, for other bytes would make the client build the cluster
// anew. Confined to its session.
class Replacements {
 public:
  // The names of those in `set`, sorted; it is what goes out next. `traffic`: the client may be serving.
  std::vector<std::string> Choose(const TypeState& clusters, const ResourceSet& set, bool traffic);

 private:
  bool Replaces(const TypeState& clusters, const Resource& cluster, bool traffic) const;
  void Recall(const TypeState& clusters);
  void Forget(const TypeState& clusters, const ResourceSet& set);

  bool first_ = true;
  std::set<std::pair<std::string, base::Hash>> sent_;  // with their when_replacing, as long as the client may have them
};

}  // namespace chancery::xds
