#include "ems/hub.h"

#include "ems/proxy_stream.h"

namespace chancery::ems {

void Hub::Add(ProxyStream& stream) {
  streams_[stream.key()].insert(&stream);
  if (const auto until = stream.until()) expiring_.emplace(*until, &stream);
}

void Hub::Remove(ProxyStream& stream) {
  if (const auto until = stream.until()) expiring_.erase({*until, &stream});
  const auto found = streams_.find(stream.key());
  if (found == streams_.end()) return;
  found->second.erase(&stream);
  if (found->second.empty()) streams_.erase(found);
}

void Hub::Refresh(const compile::ProxyKey& key) {
  const auto found = streams_.find(key);
  if (found == streams_.end()) return;
  for (ProxyStream* stream : found->second) stream->Refresh();
}

void Hub::RefreshAll() {
  for (const auto& [key, streams] : streams_) {
    for (ProxyStream* stream : streams) stream->Refresh();
  }
}

void Hub::Recheck() {
  for (const auto& [key, streams] : streams_) {
    for (ProxyStream* stream : streams) stream->Recheck();
  }
}

void Hub::Expire() {
  const auto now = context_.clock.WallNow();
  while (!expiring_.empty() && expiring_.begin()->first <= now) {
    // Before it ends, which may take it out of the hub.
    ProxyStream* const stream = expiring_.begin()->second;
    expiring_.erase(expiring_.begin());
    stream->Expire();
  }
}

}  // namespace chancery::ems
