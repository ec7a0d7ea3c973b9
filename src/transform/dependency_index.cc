#include "transform/dependency_index.h"

#include <utility>

namespace chancery::transform {

void DependencyIndex::Set(const compile::ProxyKey& proxy, std::set<compile::ReadKey> reads) {
  std::set<compile::ReadKey>& current = reads_[proxy];
  for (const compile::ReadKey& read : current) {
    if (!reads.contains(read)) Unlink(read, proxy);
  }
  for (const compile::ReadKey& read : reads) {
    if (!current.contains(read)) readers_[read].insert(proxy);
  }
  current = std::move(reads);
}

void DependencyIndex::Remove(const compile::ProxyKey& proxy) {
  const auto found = reads_.find(proxy);
  if (found == reads_.end()) return;
  for (const compile::ReadKey& read : found->second) Unlink(read, proxy);
  reads_.erase(found);
}

void DependencyIndex::Collect(const compile::ReadKey& changed, std::set<compile::ProxyKey>& affected) const {
  // Who listed the siblings saw this one, whether it was there or not.
  for (const compile::ReadKey& key : {changed, compile::ReadKey{changed.kind, changed.parent, ""}}) {
    const auto found = readers_.find(key);
    if (found != readers_.end()) affected.insert(found->second.begin(), found->second.end());
  }
}

void DependencyIndex::Unlink(const compile::ReadKey& read, const compile::ProxyKey& proxy) {
  const auto found = readers_.find(read);
  if (found == readers_.end()) return;
  found->second.erase(proxy);
  if (found->second.empty()) readers_.erase(found);
}

}  // namespace chancery::transform
