#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace chancery::xds {

// A message as it goes out: bytes shared by many streams, then bytes of this stream alone (its
// nonce). Together they are one serialized protobuf message.
struct Payload {
  std::shared_ptr<const std::string> shared;
  std::string own;
};

// gRPC status codes that a stream is ended with (https://grpc.github.io/grpc/core/md_doc_statuscodes.html).
enum class StatusCode : int {
  kOk = 0,
  kInvalidArgument = 3,
  kNotFound = 5,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kUnauthenticated = 16,
};

// One thread with a queue: everything of a stream happens on its executor.
class Executor {
 public:
  virtual ~Executor() = default;
  // Runs `task` on this executor's thread, later. Thread-safe. Tasks posted after the executor has
  // stopped are dropped.
  virtual void Post(std::function<void()> task) = 0;
};

// The network under one bidirectional stream. All calls on the stream's executor.
class Transport {
 public:
  virtual ~Transport() = default;

  // Sends one message. REQUIRES: no write of this stream is in flight; StreamHandler::OnWriteDone
  // says when the next may be given. Never calls back from inside.
  virtual void Write(Payload payload) = 0;
  // Ends the stream with a gRPC status, behind a write that is in flight. No further callback but
  // OnClosed, and that not from inside.
  virtual void Close(StatusCode code, std::string message) = 0;
  // Calls StreamHandler::OnTimer once at `when` or soon after, instead of at any time asked for
  // before. One timer a stream.
  virtual void SetTimer(base::Clock::TimePoint when) = 0;
};

// What sits on a stream. Owned by the edge; destroyed after OnClosed. All calls on its executor.
class StreamHandler {
 public:
  virtual ~StreamHandler() = default;

  // One whole message from the client, in order. The bytes live until it returns.
  virtual void OnMessage(std::string_view message) = 0;
  // The last Write has left for the socket and another may follow.
  virtual void OnWriteDone() = 0;
  virtual void OnTimer() = 0;
  // The client has ended its side; nothing more will come from it.
  virtual void OnHalfClosed() = 0;
  // The stream is gone, whoever ended it. The transport is dead already.
  virtual void OnClosed() = 0;
};

}  // namespace chancery::xds
