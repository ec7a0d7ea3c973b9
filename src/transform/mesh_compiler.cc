#include "transform/mesh_compiler.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace chancery::transform {
namespace {

using compile::ProxyKey;
using compile::ReadKey;

bool HasProxies(model::Kind kind) { return kind == model::Kind::kVirtualNode || kind == model::Kind::kVirtualGateway; }

ProxyKey ProxyOf(const model::ResourceKey& key, compile::Profile profile = compile::Profile::kStock) {
  return {key.mesh, key.kind, key.name, profile};
}

base::Hash HashOfList(std::span<const compile::FragmentPtr> fragments) {
  std::string list;
  for (const compile::FragmentPtr& fragment : fragments) {
    list.append(fragment->name).push_back('\0');
    list.append(fragment->hash.AsBytes());
  }
  return base::HashOf(list);
}

}  // namespace

MeshCompiler::MeshCompiler(model::MeshId mesh, CompileFunction compile)
    : compile_(std::move(compile)), snapshot_(std::move(mesh)) {}

FeedUpdate MeshCompiler::CompileAll(store::Txn through) {
  through_ = through;
  FeedUpdate update{snapshot_.mesh(), through, {}, {}, {}};
  for (const model::Kind kind : {model::Kind::kVirtualNode, model::Kind::kVirtualGateway}) {
    for (const model::Resource* resource : snapshot_.All(kind)) {
      CompileOne(ProxyOf(resource->key), {}, update);
    }
  }
  return update;
}

FeedUpdate MeshCompiler::Apply(std::span<const MeshTransaction> transactions, const DemandChanges& demand) {
  if (!transactions.empty()) through_ = transactions.back().txn;
  FeedUpdate update{snapshot_.mesh(), through_, {}, {}, {}};
  Release(demand.ended, update);
  demanded_.insert(demand.began.begin(), demand.began.end());
  // Who read what changed, before and after: a proxy that is compiled for one change may come to read
  // what another one of the same step changed.
  std::vector<Affected> steps;
  std::set<ProxyKey> affected;
  for (const MeshTransaction& transaction : transactions) {
    Affected& step = steps.emplace_back(Affected{transaction.txn, {}, {}});
    for (const ResourceChange& change : transaction.changes) TakeChange(change, step);
    affected.insert(step.proxies.begin(), step.proxies.end());
  }
  std::map<ProxyKey, Types> changed = CompileAffected(affected, steps, update);
  CompileDemanded(demand.began, changed, update);
  Attribute(std::move(steps), changed, update);
  ForgetUnused();
  return update;
}

void MeshCompiler::Release(std::span<const ProxyKey> ended, FeedUpdate& update) {
  for (const ProxyKey& key : ended) {
    demanded_.erase(key);
    index_.Remove(key);
    if (manifests_.erase(key) > 0) update.removed.push_back(key);
  }
}

std::map<ProxyKey, MeshCompiler::Types> MeshCompiler::CompileAffected(const std::set<ProxyKey>& proxies,
                                                                      std::span<const Affected> steps,
                                                                      FeedUpdate& update) {
  std::map<ProxyKey, Types> changed;
  for (const ProxyKey& proxy : proxies) {
    if (snapshot_.Find(proxy.kind, "", proxy.name) == nullptr) {
      index_.Remove(proxy);
      if (manifests_.erase(proxy) > 0) update.removed.push_back(proxy);
    } else if (const Types types = CompileOne(proxy, steps, update); types.any()) {
      changed.emplace(proxy, types);
    }
  }
  return changed;
}

void MeshCompiler::CompileDemanded(std::span<const ProxyKey> began, std::map<ProxyKey, Types>& changed,
                                   FeedUpdate& update) {
  for (const ProxyKey& key : began) {
    if (manifests_.contains(key) || snapshot_.Find(key.kind, "", key.name) == nullptr) continue;
    changed.emplace(key, CompileOne(key, {}, update));
  }
}

void MeshCompiler::Attribute(std::vector<Affected> steps, const std::map<ProxyKey, Types>& changed,
                             FeedUpdate& update) {
  for (Affected& step : steps) {
    for (const ReadKey& key : step.changed) index_.Collect(key, step.proxies);
    FeedUpdate::Touched touched{step.txn, {}};
    for (const ProxyKey& proxy : step.proxies) {
      if (const auto found = changed.find(proxy); found != changed.end()) touched.proxies.insert(*found);
    }
    if (!touched.proxies.empty()) update.touched.push_back(std::move(touched));
  }
}

void MeshCompiler::TakeChange(const ResourceChange& change, Affected& step) {
  const auto& [mesh, kind, parent, name] = change.key;
  const model::Resource* current = snapshot_.Find(kind, parent, name);
  if (current != nullptr && current->txn >= step.txn) return;  // it was loaded already
  step.changed.push_back(ReadKey{kind, parent, name});
  index_.Collect(step.changed.back(), step.proxies);
  if (HasProxies(kind)) {
    for (const compile::Profile profile : compile::kAllProfiles) {
      const ProxyKey proxy = ProxyOf(change.key, profile);
      if (profile == compile::Profile::kStock || demanded_.contains(proxy)) step.proxies.insert(proxy);
    }
  }
  if (change.resource != nullptr) {
    snapshot_.Put(change.resource);
  } else {
    snapshot_.Erase(change.key);
  }
}

ManifestPtr MeshCompiler::Find(const ProxyKey& key) const {
  const auto found = manifests_.find(key);
  return found == manifests_.end() ? nullptr : found->second;
}

MeshCompiler::Types MeshCompiler::CompileOne(const ProxyKey& key, std::span<const Affected> steps, FeedUpdate& update) {
  compile::ProxyConfig config = compile_(snapshot_, key);
  const store::Txn txn = steps.empty() ? NewestRead(config.reads) : NewestStep(steps, key, config.reads);
  const ManifestPtr stock = Find(ProxyOf(key.resource()));
  ManifestPtr& current = manifests_[key];
  auto manifest = std::make_shared<Manifest>();
  manifest->key = key;
  manifest->warnings = std::move(config.warnings);
  // A proxy that is new is given every type, were it an empty set.
  Types changed = current == nullptr ? Types().set() : Types();
  auto begin = config.fragments.begin();
  for (const compile::FragmentType type : compile::kAllFragmentTypes) {
    const auto end = std::find_if(begin, config.fragments.end(), [type](const auto& f) { return f->type != type; });
    const size_t index = static_cast<size_t>(type);
    const auto before = current == nullptr ? nullptr : current->types[index];
    for (auto it = begin; it != end; ++it) *it = Shared(*it);
    manifest->types[index] = MakeSet({begin, end}, txn, before, stock == nullptr ? nullptr : stock->types[index]);
    if (manifest->types[index] != before) changed.set(index);
    begin = end;
  }
  index_.Set(key, std::move(config.reads));
  const auto known = current == nullptr ? std::span<const compile::Warning>() : current->warnings;
  std::ranges::set_difference(manifest->warnings, known, std::inserter(update.new_warnings, update.new_warnings.end()));
  if (changed.none() && manifest->warnings == current->warnings) return changed;
  current = manifest;
  update.changed.push_back(std::move(manifest));
  return changed;
}

std::shared_ptr<const TypeSet> MeshCompiler::MakeSet(std::span<const compile::FragmentPtr> fragments, store::Txn txn,
                                                     const std::shared_ptr<const TypeSet>& before,
                                                     const std::shared_ptr<const TypeSet>& stock) {
  const base::Hash hash = HashOfList(fragments);
  if (before != nullptr && before->hash == hash) return before;
  if (stock != nullptr && stock->hash == hash) return stock;
  auto set = std::make_shared<TypeSet>();
  set->fragments.assign(fragments.begin(), fragments.end());
  set->txn = txn;
  set->hash = hash;
  return set;
}

compile::FragmentPtr MeshCompiler::Shared(const compile::FragmentPtr& fragment) {
  std::weak_ptr<const compile::Fragment>& slot = fragments_[fragment->hash];
  if (compile::FragmentPtr known = slot.lock()) return known;
  slot = fragment;
  return fragment;
}

store::Txn MeshCompiler::NewestStep(std::span<const Affected> steps, const ProxyKey& key,
                                    const std::set<ReadKey>& reads) {
  const auto is_read = [&reads](const ReadKey& changed) {
    return reads.contains(changed) || reads.contains(ReadKey{changed.kind, changed.parent, ""});
  };
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    if (step->proxies.contains(key) || std::ranges::any_of(step->changed, is_read)) return step->txn;
  }
  return steps.back().txn;
}

store::Txn MeshCompiler::NewestRead(const std::set<ReadKey>& reads) const {
  store::Txn newest = 0;
  for (const ReadKey& read : reads) {
    if (!read.name.empty()) {
      const model::Resource* resource = snapshot_.Find(read.kind, read.parent, read.name);
      if (resource != nullptr) newest = std::max(newest, resource->txn);
      continue;
    }
    for (const model::Resource* child : snapshot_.Children(read.kind, read.parent))
      newest = std::max(newest, child->txn);
  }
  return newest;
}

void MeshCompiler::ForgetUnused() {
  if (fragments_.size() < forget_at_) return;
  std::erase_if(fragments_, [](const auto& entry) { return entry.second.expired(); });
  forget_at_ = std::max<size_t>(1024, fragments_.size() * 2);
}

}  // namespace chancery::transform
