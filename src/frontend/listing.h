#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "frontend/unit_of_work.h"
#include "store/store.h"

namespace chancery::frontend {

// Pages of lists (contract/api.md §3.4). A place in a list is a name, so that what comes and goes
// meanwhile does not disturb the rest. Thread-safe, without state.
struct ListPage {
  std::vector<store::Entry> records;
  bool more = false;
  // The place of the last item that was looked at, for the page's token.
  std::string last;
};

// Resources below `prefix`, in the order of their names, behind the name `after` (empty: from the start).
base::Result<ListPage> ListBelow(const store::Store& store, const std::string& prefix, const std::string& after,
                                 size_t limit);

// The account's own meshes by name, then those shared with it by owner and name. The place of a shared
// one is <owner>/<name>; no name has a '/'.
base::Result<ListPage> ListMeshes(UnitOfWork& work, const std::string& account, const std::string& after, size_t limit);

}  // namespace chancery::frontend
