#include "relay/resolver.h"

#include <netdb.h>

#include <chrono>
#include <cstring>
#include <utility>

namespace chancery::relay {

Resolver::Resolver(std::string host, uint16_t port) : host_(std::move(host)), port_(port), thread_([this] { Run(); }) {}

Resolver::~Resolver() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  thread_.join();
}

void Resolver::Resolve(xds::Executor& executor, Found found) {
  {
    base::MutexLock lock(mutex_);
    if (tasks_.size() < kMostWaiting) {
      tasks_.push_back({&executor, std::move(found)});
      changed_.NotifyAll();
      return;
    }
  }
  executor.Post([found = std::move(found)] {
    found(base::Error{base::Code::kUnavailable, "too many streams wait for a name to be resolved", {}});
  });
}

void Resolver::Run() {
  for (;;) {
    Task task{};
    {
      base::MutexLock lock(mutex_);
      while (tasks_.empty() && !stopping_) changed_.WaitFor(mutex_, std::chrono::seconds(60));
      if (stopping_) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    auto addresses = LookUp();
    task.executor->Post([found = std::move(task.found), addresses = std::move(addresses)] { found(addresses); });
  }
}

base::Result<Resolver::Addresses> Resolver::LookUp() const {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  int result = ::getaddrinfo(host_.c_str(), std::to_string(port_).c_str(), &hints, &found);
  if (result != 0) {
    // Without AI_ADDRCONFIG a machine with loopback alone finds 127.0.0.1 too.
    hints.ai_flags = AI_NUMERICSERV;
    result = ::getaddrinfo(host_.c_str(), std::to_string(port_).c_str(), &hints, &found);
  }
  if (result != 0) return base::Error{base::Code::kUnavailable, host_ + ": " + ::gai_strerror(result), {}};
  Addresses addresses;
  for (const addrinfo* at = found; at != nullptr && addresses.size() < kMostAddresses; at = at->ai_next) {
    std::memcpy(&addresses.emplace_back().address, at->ai_addr, at->ai_addrlen);
    addresses.back().size = at->ai_addrlen;
  }
  ::freeaddrinfo(found);
  return addresses;
}

}  // namespace chancery::relay
