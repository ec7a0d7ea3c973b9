#include "edge/worker.h"

#include <utility>

namespace chancery::edge {

// A socket on its way between loops; counted out again if it does not arrive.
struct Worker::Handed {
  base::UniqueFd socket;
  size_t listener;
  Context& context;

  Handed(base::UniqueFd taken, size_t from, Context& shared)
      : socket(std::move(taken)), listener(from), context(shared) {}
  Handed(const Handed&) = delete;
  Handed& operator=(const Handed&) = delete;
  ~Handed() {
    if (socket) Uncount(context.stats.connections_open);
  }
};

Worker::Worker(std::unique_ptr<Loop> loop, Context& context)
    : context_(context), loop_(std::move(loop)), jitter_(std::random_device()()) {}

Worker::~Worker() {
  if (!thread_.joinable()) return;
  Stop();
  Join();
}

void Worker::Start() {
  thread_ = std::thread([this] { loop_->Run(); });
}

void Worker::Hand(base::UniqueFd socket, size_t listener) {
  load_.fetch_add(1, std::memory_order_relaxed);
  auto handed = std::make_shared<Handed>(std::move(socket), listener, context_);
  loop_->Post([this, handed] { Adopt(*handed); });
}

void Worker::Adopt(Handed& handed) {
  const double jitter = std::uniform_real_distribution<double>(-1.0, 1.0)(jitter_);
  auto connection =
      std::make_unique<Connection>(std::move(handed.socket), handed.listener, *loop_, context_, *this, jitter);
  if (!connection->Open()) {
    load_.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  if (draining_) connection->Drain();
  connections_.push_front(std::move(connection));
  connections_.front()->place = connections_.begin();
}

void Worker::OnConnectionClosed(Connection& connection) {
  load_.fetch_sub(1, std::memory_order_relaxed);
  const auto place = connection.place;
  loop_->Bury(std::move(*place));
  connections_.erase(place);
}

void Worker::Drain() {
  loop_->Post([this] {
    draining_ = true;
    for (const auto& connection : connections_) connection->Drain();
  });
}

void Worker::CloseAll() {
  while (!connections_.empty()) connections_.front()->CloseNow("the server is stopping");
}

void Worker::Stop() {
  loop_->Post([this] {
    CloseAll();
    loop_->Quit();
  });
}

void Worker::Join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace chancery::edge
