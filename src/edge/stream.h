#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "edge/context.h"
#include "edge/grpc_framing.h"
#include "edge/loop.h"
#include "edge/outbox.h"
#include "xds/transport.h"

namespace chancery::edge {

// What a stream asks of its connection; the seam between gRPC and HTTP/2.
class StreamHost {
 public:
  virtual ~StreamHost() = default;
  // There is something to send: a message, or the status behind the last one.
  virtual void WakeStream(int32_t id) = 0;
  // Gives the stream up without a status.
  virtual void ResetStream(int32_t id) = 0;
};

// One gRPC call: cuts the client's bytes into messages for the handler, and gives the connection
// the bytes of at most one message of the handler's, then a status. Confined to its loop.
//
// 1. The handler is never called from inside Write, Close or SetTimer.
// 2. After Close (by the handler, or by the edge for a broken message) the handler hears only OnClosed.
// 3. A status that cannot leave within kCloseGrace, because the client does not read, is given up.
class Stream final : public xds::Transport, private Alarm {
 public:
  static constexpr std::chrono::seconds kCloseGrace{10};

  Stream(int32_t id, StreamHost& host, Loop& loop, Context& context);
  // OnClosed, if there is a handler.
  ~Stream() override;

  void set_handler(std::unique_ptr<xds::StreamHandler> handler) { handler_ = std::move(handler); }
  int32_t id() const { return id_; }
  // Whether the request named an encoding; decides the status for a compressed message.
  void set_encoded(bool encoded) { encoded_ = encoded; }

  void Write(xds::Payload payload) override;
  void Close(xds::StatusCode code, std::string message) override;
  void SetTimer(base::Clock::TimePoint when) override;

  // From the client.
  void OnBytes(std::string_view bytes);
  void OnEnd();

  // For the connection: bytes of the message in flight not yet given to the kernel.
  size_t unsent() const;
  // The next `size` of them. The message's prefix is made anew in `prefix`, which must live as long
  // as the pieces, so that it takes no room in an idle stream. REQUIRES: size <= unsent().
  Outbox::Pieces Peek(size_t size, std::array<char, kPrefixBytes>& prefix) const;
  // Those have left. True: the message is complete.
  bool Advance(size_t size);
  // The message that Advance completed is reported to the handler.
  void ReportWriteDone();
  bool closing() const { return closing_; }
  xds::StatusCode status() const { return status_; }
  const std::string& status_message() const { return status_message_; }

 private:
  void OnAlarm() override;
  void OnBroken(MessageAssembler::Outcome outcome);
  // Brings the server's sum of unfinished messages up to date.
  void TrackAssembling();
  size_t total() const;

  const int32_t id_;
  bool encoded_ = false;
  bool writing_ = false;
  bool closing_ = false;
  xds::StatusCode status_ = xds::StatusCode::kOk;
  StreamHost& host_;
  Loop& loop_;
  Context& context_;
  std::unique_ptr<xds::StreamHandler> handler_;
  MessageAssembler assembler_;
  size_t tracked_bytes_ = 0;
  xds::Payload payload_;
  size_t sent_ = 0;
  std::string status_message_;
};

}  // namespace chancery::edge
