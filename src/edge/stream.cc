#include "edge/stream.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace chancery::edge {

Stream::Stream(int32_t id, StreamHost& host, Loop& loop, Context& context)
    : Alarm(loop), id_(id), host_(host), loop_(loop), context_(context) {
  Count(context_.stats.streams_opened);
  Count(context_.stats.streams_open);
}

Stream::~Stream() {
  closing_ = true;
  Uncount(context_.stats.streams_open);
  assembler_.Clear();
  TrackAssembling();
  if (handler_) handler_->OnClosed();
}

size_t Stream::total() const {
  return kPrefixBytes + (payload_.shared ? payload_.shared->size() : 0) + payload_.own.size();
}

size_t Stream::unsent() const { return writing_ ? total() - sent_ : 0; }

void Stream::Write(xds::Payload payload) {
  if (closing_) return;
  CHANCERY_CHECK(!writing_);
  payload_ = std::move(payload);
  writing_ = true;
  sent_ = 0;
  host_.WakeStream(id_);
}

void Stream::Close(xds::StatusCode code, std::string message) {
  if (closing_) return;
  closing_ = true;
  status_ = code;
  status_message_ = std::move(message);
  assembler_.Clear();
  TrackAssembling();
  Arm(loop_.Now() + kCloseGrace);
  host_.WakeStream(id_);
}

void Stream::SetTimer(base::Clock::TimePoint when) {
  if (!closing_) Arm(when);
}

void Stream::OnAlarm() {
  if (closing_) {
    host_.ResetStream(id_);
  } else if (handler_) {
    handler_->OnTimer();
  }
}

void Stream::TrackAssembling() {
  if (assembler_.buffered() == tracked_bytes_) return;
  // Unsigned wrap-around makes one addition of growth and of shrinking.
  context_.assembling_bytes.fetch_add(assembler_.buffered() - tracked_bytes_, std::memory_order_relaxed);
  tracked_bytes_ = assembler_.buffered();
}

void Stream::OnBytes(std::string_view bytes) {
  if (closing_) return;
  const auto outcome = assembler_.Feed(bytes, context_.options.max_message_bytes, [this](std::string_view message) {
    Count(context_.stats.messages_received);
    handler_->OnMessage(message);
    return !closing_;
  });
  TrackAssembling();
  if (closing_) return;
  if (outcome != MessageAssembler::Outcome::kOk) {
    OnBroken(outcome);
  } else if (assembler_.buffered() > 0 &&
             context_.assembling_bytes.load(std::memory_order_relaxed) > kMaxAssemblingBytes) {
    Close(xds::StatusCode::kResourceExhausted, "too many unfinished messages at once");
  }
}

void Stream::OnBroken(MessageAssembler::Outcome outcome) {
  switch (outcome) {
    case MessageAssembler::Outcome::kTooLong:
      return Close(xds::StatusCode::kResourceExhausted,
                   "message longer than " + std::to_string(context_.options.max_message_bytes) + " bytes");
    case MessageAssembler::Outcome::kCompressed:
      if (!encoded_) return Close(xds::StatusCode::kInternal, "compressed message without grpc-encoding");
      return Close(xds::StatusCode::kUnimplemented, "grpc-encoding is not supported, send identity");
    default:
      return Close(xds::StatusCode::kInternal, "malformed message prefix");
  }
}

void Stream::OnEnd() {
  if (closing_) return;
  if (!assembler_.empty()) return Close(xds::StatusCode::kInternal, "stream ended inside a message");
  if (handler_) handler_->OnHalfClosed();
}

Outbox::Pieces Stream::Peek(size_t size, std::array<char, kPrefixBytes>& prefix) const {
  prefix = MessagePrefix(total() - kPrefixBytes);
  const Outbox::Pieces all = {std::string_view(prefix.data(), prefix.size()),
                              payload_.shared ? std::string_view(*payload_.shared) : std::string_view(), payload_.own};
  Outbox::Pieces pieces;
  size_t skip = sent_;
  for (size_t i = 0; i < all.size(); ++i) {
    const size_t skipped = std::min(skip, all[i].size());
    skip -= skipped;
    pieces[i] = all[i].substr(skipped, size);
    size -= pieces[i].size();
  }
  return pieces;
}

bool Stream::Advance(size_t size) {
  sent_ += size;
  if (sent_ < total()) return false;
  payload_ = {};
  writing_ = false;
  Count(context_.stats.messages_sent);
  return true;
}

void Stream::ReportWriteDone() {
  if (!closing_ && handler_) handler_->OnWriteDone();
}

}  // namespace chancery::edge
