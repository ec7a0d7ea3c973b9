#include "ems/ems.h"

#include <string>
#include <utility>

#include "ems/proxy_stream.h"

namespace chancery::ems {

Ems::Ems(EmsOptions options, transform::MemoryFeed& feed, const StreamGate& gate, const base::Clock& clock)
    : options_(std::move(options)),
      configs_(options_.config_cache_sets),
      responses_(options_.response_cache_bytes),
      status_(clock),
      context_{options_.installation,
               feed,
               clock,
               options_.session,
               configs_,
               responses_,
               status_,
               gate,
               options_.max_waiting,
               options_.stream_limit} {
  feed.Subscribe([this](const transform::FeedUpdate& update) { OnUpdate(update); });
}

std::unique_ptr<xds::StreamHandler> Ems::Accept(const StreamHead& head, xds::Transport& transport,
                                                xds::Executor& executor) {
  if (head.path != kAdsMethod) return nullptr;
  return std::make_unique<ProxyStream>(next_stream_.fetch_add(1), head, transport, HubOf(executor));
}

void Ems::Recheck() {
  for (const auto& [executor, hub] : Hubs()) executor->Post([hub = hub] { hub->Recheck(); });
}

void Ems::Expire() {
  for (const auto& [executor, hub] : Hubs()) executor->Post([hub = hub] { hub->Expire(); });
}

void Ems::OnUpdate(const transform::FeedUpdate& update) {
  const bool complete = update.mesh.name.empty();
  auto keys = std::make_shared<std::vector<compile::ProxyKey>>(update.removed);
  if (!complete) status_.OnUpdate(update);
  for (const auto& manifest : update.changed) keys->push_back(manifest->key);
  if (!complete && keys->empty()) return;
  for (const auto& [executor, hub] : Hubs()) {
    executor->Post([hub = hub, keys, complete] {
      if (complete) hub->RefreshAll();
      for (const compile::ProxyKey& key : *keys) hub->Refresh(key);
    });
  }
}

std::vector<std::pair<xds::Executor*, Hub*>> Ems::Hubs() {
  base::MutexLock lock(mutex_);
  std::vector<std::pair<xds::Executor*, Hub*>> hubs;
  for (const auto& [executor, hub] : hubs_) hubs.emplace_back(executor, hub.get());
  return hubs;
}

Hub& Ems::HubOf(xds::Executor& executor) {
  base::MutexLock lock(mutex_);
  std::unique_ptr<Hub>& hub = hubs_[&executor];
  if (hub == nullptr) hub = std::make_unique<Hub>(context_);
  return *hub;
}

}  // namespace chancery::ems
