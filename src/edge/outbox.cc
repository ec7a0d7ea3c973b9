#include "edge/outbox.h"

#include <sys/uio.h>

#include <algorithm>
#include <utility>

namespace chancery::edge {
namespace {

constexpr size_t kMaxPendingBytes = 64U << 10U;

std::string_view View(const uint8_t* bytes, size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

}  // namespace

bool Outbox::Append(std::string_view bytes) {
  if (pending_.size() + bytes.size() > kMaxPendingBytes && Flush() != Outcome::kSent) return false;
  pending_.append(bytes);
  return true;
}

Outbox::Outcome Outbox::Send(const std::array<std::string_view, 5>& pieces, size_t skip, size_t& sent) {
  std::array<iovec, 5> vectors;
  size_t count = 0;
  for (std::string_view piece : pieces) {
    const size_t skipped = std::min(skip, piece.size());
    skip -= skipped;
    piece.remove_prefix(skipped);
    if (piece.empty()) continue;
    vectors[count++] = {const_cast<char*>(piece.data()), piece.size()};
  }
  sent = 0;
  if (blocked_) return Outcome::kBlocked;
  if (count == 0) return Outcome::kSent;
  const Channel::Outcome outcome = channel_.Write({vectors.data(), count}, sent);
  blocked_ = outcome == Channel::Outcome::kBlocked;
  if (outcome != Channel::Outcome::kDone) return blocked_ ? Outcome::kBlocked : Outcome::kFailed;
  bytes_sent_ += sent;
  return Outcome::kSent;
}

Outbox::Outcome Outbox::Flush() {
  if (channel_.Flush() == Channel::Outcome::kFailed) return Outcome::kFailed;
  size_t done = 0;
  while (done < pending_.size()) {
    size_t sent = 0;
    const Outcome outcome = Send({pending_}, done, sent);
    if (outcome != Outcome::kSent) {
      pending_.erase(0, done);
      return outcome;
    }
    done += sent;
  }
  std::string().swap(pending_);  // an idle connection keeps no buffer
  return Outcome::kSent;
}

Outbox::Outcome Outbox::SendFrame(int32_t stream, const uint8_t* header, const Pieces& payload) {
  const size_t frame_size = kHeaderBytes + payload[0].size() + payload[1].size() + payload[2].size();
  while (frame_sent_ < frame_size) {
    size_t sent = 0;
    const size_t waiting = pending_.size();
    const Outcome outcome = Send({pending_, View(header, kHeaderBytes), payload[0], payload[1], payload[2]},
                                 waiting == 0 ? frame_sent_ : 0, sent);
    if (outcome != Outcome::kSent) return outcome;
    const size_t of_pending = std::min(sent, waiting);
    pending_.erase(0, of_pending);
    frame_sent_ += sent - of_pending;
    frame_stream_ = stream;
    std::copy_n(header, kHeaderBytes, frame_header_.begin());
  }
  frame_sent_ = 0;
  std::string().swap(pending_);
  return Outcome::kSent;
}

size_t Outbox::UnfinishedPayload(int32_t stream) const {
  if (frame_sent_ == 0 || frame_stream_ != stream) return 0;
  return static_cast<size_t>(frame_header_[0]) << 16U | static_cast<size_t>(frame_header_[1]) << 8U | frame_header_[2];
}

void Outbox::Adopt(int32_t stream, const Pieces& payload) {
  if (frame_sent_ == 0 || frame_stream_ != stream) return;
  size_t skip = frame_sent_;
  for (std::string_view piece : {View(frame_header_.data(), kHeaderBytes), payload[0], payload[1], payload[2]}) {
    const size_t skipped = std::min(skip, piece.size());
    skip -= skipped;
    pending_.append(piece.substr(skipped));
  }
  frame_sent_ = 0;
}

uint64_t Outbox::TakeBytesSent() { return std::exchange(bytes_sent_, 0); }

}  // namespace chancery::edge
