#pragma once

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/mutex.h"
#include "edge/server.h"

// For tests: handlers for the methods below, and a record of what they heard.
//   /test/Echo   answers each message with itself, in order; OK behind the client's end
//   /test/Big    message N: answers N bytes "x" (shared) and "tail" (own)
//   /test/BigEnd the same, with Close(OK) right behind Write
//   /test/Fail   message: Close(PERMISSION_DENIED, message)
//   /test/Timer  message: answers "timer" from a timer
//   /test/Flood  message: answers twenty of 3 MB each, and OK behind them
//   /test/Quiet  says nothing
//   /test/Who    message: answers where the call came from: its listener, peer and proven names

namespace chancery::edge {

// How often each thing has happened. Thread-safe.
class Record {
 public:
  void Add(const std::string& what) EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    ++counts_[what];
    changed_.NotifyAll();
  }
  int Of(const std::string& what) const EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    const auto found = counts_.find(what);
    return found == counts_.end() ? 0 : found->second;
  }
  // False when it does not happen `times` times within 20 s.
  bool Await(const std::string& what, int times = 1) EXCLUDES(mutex_) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    base::MutexLock lock(mutex_);
    while (counts_[what] < times) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      changed_.WaitFor(mutex_, std::chrono::seconds(1));
    }
    return true;
  }

 private:
  mutable base::Mutex mutex_;
  base::CondVar changed_;
  std::map<std::string, int> counts_ GUARDED_BY(mutex_);
};

inline std::string Describe(const Call& call) {
  std::string text = "listener " + std::to_string(call.listener) + " peer " + std::string(call.peer);
  if (call.certificate == nullptr) return text;
  for (const std::string& uri : call.certificate->uris) text += " " + uri;
  for (const std::string& name : call.certificate->dns_names) text += " " + name;
  return text;
}

class TestHandler : public xds::StreamHandler {
 public:
  TestHandler(const Call& call, Record& record)
      : transport_(call.transport),
        record_(record),
        method_(call.path.substr(call.path.rfind('/') + 1)),
        who_(method_ == "Who" ? Describe(call) : "") {
    record_.Add("open");
  }
  ~TestHandler() override { record_.Add("destroyed"); }

  void OnMessage(std::string_view message) override {
    record_.Add("message");
    if (method_ == "Echo") Send({nullptr, std::string(message)});
    if (method_ == "Who") Send({nullptr, who_});
    if (method_ == "Fail") transport_.Close(xds::StatusCode::kPermissionDenied, std::string(message));
    if (method_ == "Timer") transport_.SetTimer(base::Clock::System().Now() + std::chrono::milliseconds(1));
    if (method_ == "Flood") {
      half_closed_ = true;
      for (int i = 0; i < 20; ++i) Send({nullptr, std::string(3'000'000, 'f')});
    }
    if (method_.starts_with("Big")) {
      Send({std::make_shared<const std::string>(std::stoul(std::string(message)), 'x'), "tail"});
    }
    if (method_ == "BigEnd") transport_.Close(xds::StatusCode::kOk, "");
  }
  void OnWriteDone() override {
    record_.Add("write done");
    writing_ = false;
    if (!queue_.empty()) {
      xds::Payload next = std::move(queue_.front());
      queue_.pop_front();
      Send(std::move(next));
    } else if (half_closed_) {
      transport_.Close(xds::StatusCode::kOk, "");
    }
  }
  void OnTimer() override {
    record_.Add("timer");
    Send({nullptr, "timer"});
  }
  void OnHalfClosed() override {
    record_.Add("half closed");
    half_closed_ = true;
    if (!writing_) transport_.Close(xds::StatusCode::kOk, "");
  }
  void OnClosed() override { record_.Add("closed"); }

 private:
  void Send(xds::Payload payload) {
    if (std::exchange(writing_, true)) {
      queue_.push_back(std::move(payload));
    } else {
      transport_.Write(std::move(payload));
    }
  }

  xds::Transport& transport_;
  Record& record_;
  const std::string method_;
  const std::string who_;
  std::deque<xds::Payload> queue_;
  bool writing_ = false;
  bool half_closed_ = false;
};

inline CallFactory TestFactory(Record& record) {
  return [&record](const Call& call) -> std::unique_ptr<xds::StreamHandler> {
    if (!call.path.starts_with("/test/")) return nullptr;
    return std::make_unique<TestHandler>(call, record);
  };
}

}  // namespace chancery::edge
