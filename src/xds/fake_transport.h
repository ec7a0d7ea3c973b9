#pragma once

#include <envoy/service/discovery/v3/discovery.pb.h>
#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/clock.h"
#include "xds/transport.h"

namespace chancery::xds {

// The network of a test: strict about what a session may do with it. Ends the process when a write is made while
// one is in flight or after the stream was closed, or when what is written is no DiscoveryResponse; fails the test
// that leaves a message unread. For tests only. Confined to the test's thread.
class FakeTransport : public Transport {
 public:
  using Response = envoy::service::discovery::v3::DiscoveryResponse;

  explicit FakeTransport(base::FakeClock& clock) : clock_(clock) {}
  ~FakeTransport() override {
    for (const Response& response : unread_) ADD_FAILURE() << "was sent and not read: " << response.ShortDebugString();
  }

  // The session under the test; before anything else.
  void Attach(StreamHandler& handler) { handler_ = &handler; }

  void Write(Payload payload) override {
    CHANCERY_CHECK(!writing_);
    CHANCERY_CHECK(!closed_);
    writing_ = true;
    Response response;
    CHANCERY_CHECK(response.ParseFromString(*payload.shared + payload.own));
    bytes_ += payload.shared->size() + payload.own.size();
    unread_.push_back(std::move(response));
  }
  void Close(StatusCode code, std::string message) override {
    CHANCERY_CHECK(!closed_);
    closed_.emplace(code, std::move(message));
  }
  void SetTimer(base::Clock::TimePoint when) override { timer_ = when; }

  bool writing() const { return writing_; }
  // The socket took the last message.
  void FinishWrite() {
    CHANCERY_CHECK(writing_);
    writing_ = false;
    handler_->OnWriteDone();
  }
  // The client reads the next message; none: nothing has arrived.
  std::optional<Response> Read() {
    if (unread_.empty()) return std::nullopt;
    Response response = std::move(unread_.front());
    unread_.pop_front();
    return response;
  }
  bool has_unread() const { return !unread_.empty(); }
  // The connection breaks: what is on the way is lost.
  void Break() { unread_.clear(); }
  // Moves the clock, firing timers at their times.
  void Advance(base::Clock::TimePoint::duration by) {
    const auto end = clock_.Now() + by;
    while (timer_ && *timer_ <= end) {
      const auto when = *std::exchange(timer_, std::nullopt);
      if (when > clock_.Now()) clock_.Advance(when - clock_.Now());
      handler_->OnTimer();
    }
    clock_.Advance(end - clock_.Now());
  }
  bool has_timer() const { return timer_.has_value(); }
  // All bytes that were ever written.
  size_t bytes() const { return bytes_; }
  const std::optional<std::pair<StatusCode, std::string>>& closed() const { return closed_; }

 private:
  base::FakeClock& clock_;
  StreamHandler* handler_ = nullptr;
  bool writing_ = false;
  size_t bytes_ = 0;
  std::deque<Response> unread_;
  std::optional<base::Clock::TimePoint> timer_;
  std::optional<std::pair<StatusCode, std::string>> closed_;
};

}  // namespace chancery::xds
