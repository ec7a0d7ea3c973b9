#pragma once

#include <map>
#include <set>
#include <vector>

#include "compile/compile.h"

namespace chancery::transform {

// From what was read, present or absent, to the proxies whose output read it. Confined.
class DependencyIndex {
 public:
  // Replaces what `proxy` reads. Cost: the difference to what it read before.
  void Set(const compile::ProxyKey& proxy, std::set<compile::ReadKey> reads);
  void Remove(const compile::ProxyKey& proxy);
  // The proxies to compile again when the resource (kind, parent, name) came, changed or went.
  void Collect(const compile::ReadKey& changed, std::set<compile::ProxyKey>& affected) const;

 private:
  void Unlink(const compile::ReadKey& read, const compile::ProxyKey& proxy);

  std::map<compile::ReadKey, std::set<compile::ProxyKey>> readers_;
  std::map<compile::ProxyKey, std::set<compile::ReadKey>> reads_;
};

}  // namespace chancery::transform
