#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "edge/channel.h"

namespace chancery::edge {

// The way out to one channel. Small frames are gathered; DATA frames go straight from where their payload lies to the
// channel (in the clear: to the kernel), never copied here, except the rest of a frame whose stream
// died after its first byte had left: the peer must still get a whole frame.
// Confined to its connection.
class Outbox {
 public:
  enum class Outcome { kSent, kBlocked, kFailed };
  static constexpr size_t kHeaderBytes = 9;
  // A DATA frame's payload in pieces, any of them empty.
  using Pieces = std::array<std::string_view, 3>;

  explicit Outbox(Channel& channel) : channel_(channel) {}

  // The socket may have room again. Until the next call a full socket stays full, so that nothing
  // behind a frame that had to wait is sent without telling that it waits.
  void BeginRound() { blocked_ = false; }
  // Keeps the bytes for the next flush. Returns false when so much waits already that the caller
  // has to come again.
  bool Append(std::string_view bytes);
  // Sends what was appended, then one frame. On kBlocked call again with the same frame, or
  // Adopt it. `header`: kHeaderBytes long.
  Outcome SendFrame(int32_t stream, const uint8_t* header, const Pieces& payload);
  // Takes over what SendFrame left of this stream's frame, if it had begun one.
  void Adopt(int32_t stream, const Pieces& payload);
  Outcome Flush();

  // Length of the payload of the frame begun for this stream; 0: none.
  size_t UnfinishedPayload(int32_t stream) const;
  bool blocked() const { return blocked_ || channel_.has_unsent(); }
  bool empty() const { return pending_.empty() && frame_sent_ == 0 && !channel_.has_unsent(); }
  uint64_t TakeBytesSent();

 private:
  // A write of at most five pieces after `skip` bytes of them.
  Outcome Send(const std::array<std::string_view, 5>& pieces, size_t skip, size_t& sent);

  Channel& channel_;
  bool blocked_ = false;
  std::string pending_;
  uint64_t bytes_sent_ = 0;
  // The DATA frame begun, when frame_sent_ > 0 (bytes of it sent, header included).
  int32_t frame_stream_ = 0;
  std::array<uint8_t, kHeaderBytes> frame_header_{};
  size_t frame_sent_ = 0;
};

}  // namespace chancery::edge
