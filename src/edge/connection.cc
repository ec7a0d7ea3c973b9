#include "edge/connection.h"

#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "edge/address.h"
#include "edge/connection_callbacks.h"

namespace chancery::edge {
namespace {

constexpr int kReadsPerTurn = 4;
constexpr std::array<uint8_t, 8> kDrainPing = {'d', 'r', 'a', 'i', 'n', 0, 0, 0};
constexpr std::chrono::seconds kComplaintInterval{1};
// Two records of TLS; what a client can make it answer by itself is behind them.
constexpr size_t kMaxUnsentBytes = 40U << 10U;

// Null for a listener without TLS.
tls::SessionHandle NewTlsSession(const Context& context, size_t listener) {
  if (!context.options.listeners[listener].tls) return nullptr;
  tls::SessionHandle session(SSL_new(context.tls.Get().get()));
  CHANCERY_CHECK(session != nullptr);
  SSL_set_accept_state(session.get());
  return session;
}

}  // namespace

Connection::Connection(base::UniqueFd socket, size_t listener, Loop& loop, Context& context, ConnectionOwner& owner,
                       double jitter)
    : Alarm(loop),
      listener_(listener),
      channel_(std::move(socket), NewTlsSession(context, listener)),
      loop_(loop),
      context_(context),
      owner_(owner),
      lifetime_(context.options, loop.Now(), jitter, !channel_.established()),
      meter_(loop.Now()),
      outbox_(channel_),
      session_(NewServerSession(ConnectionCallbacks::Table(), this, context.options)) {
  if (!channel_.established()) Count(context_.stats.handshakes_open);
}

Connection::~Connection() {
  Uncount(context_.stats.connections_open);
  if (!closed_ && !channel_.established()) Uncount(context_.stats.handshakes_open);
}

bool Connection::Open() {
  watched_ = EPOLLIN;
  if (!loop_.Watch(channel_.fd(), watched_, *this)) return false;
  ArmForLifetime();
  flush_due_ = true;
  loop_.FlushLater(*this);
  return true;
}

// --- socket ---

void Connection::OnReady(uint32_t events) {
  if (closed_ || !Handshake()) return;
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) ReadSome();
  if (!closed_) OnFlush();
}

bool Connection::Handshake() {
  if (channel_.established()) return true;
  switch (channel_.Handshake()) {
    case Channel::Outcome::kFailed:
      OnHandshakeFailed();
      return false;
    case Channel::Outcome::kBlocked:
      WatchWhatMatters();
      return false;
    case Channel::Outcome::kDone:
      break;
  }
  Uncount(context_.stats.handshakes_open);
  if (auto shown = channel_.PeerCertificate()) {
    certificate_ = std::make_unique<const tls::PeerCertificate>(*std::move(shown));
  }
  lifetime_.OnHandshakeDone(loop_.Now());
  ArmForLifetime();
  return true;
}

void Connection::OnHandshakeFailed() {
  Count(context_.stats.handshakes_failed);
  const auto now = loop_.Now().time_since_epoch();
  auto before = context_.complained.load(std::memory_order_relaxed);
  // Who only looks whether the port is open is no failure to tell of.
  if (!channel_.failure().empty() && now - base::Clock::TimePoint::duration(before) >= kComplaintInterval &&
      context_.complained.compare_exchange_strong(before, now.count(), std::memory_order_relaxed)) {
    spdlog::warn("edge: no TLS with {}: {}", Peer(), channel_.failure());
  }
  Destroy();
}

void Connection::ReadSome() {
  const auto buffer = loop_.read_buffer();
  for (int i = 0; i < kReadsPerTurn; ++i) {
    size_t got = 0;
    switch (channel_.Read(buffer, got)) {
      case Channel::Outcome::kBlocked:
        return;
      case Channel::Outcome::kFailed:
        return Destroy();
      case Channel::Outcome::kDone:
        break;
    }
    if (!Take({buffer.data(), got})) return;
    // TLS gives one record, of a fourth of the buffer at most, whatever waits behind it.
    if (!channel_.is_tls() && got < buffer.size()) return;
  }
}

bool Connection::Take(std::string_view bytes) {
  if (lifetime_.OnRead(loop_.Now())) ArmForLifetime();
  const ssize_t used =
      nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  if (used >= 0) return true;
  Count(context_.stats.protocol_errors);
  spdlog::debug("edge: {} breaks the protocol: {}", Peer(), nghttp2_strerror(static_cast<int>(used)));
  // What is queued may say why (a GOAWAY); then it is over.
  Send();
  Destroy();
  return false;
}

bool Connection::Send() {
  outbox_.BeginRound();
  const int result = nghttp2_session_send(session_.get());
  const bool alive = result == 0 && outbox_.Flush() != Outbox::Outcome::kFailed;
  Count(context_.stats.bytes_sent, outbox_.TakeBytesSent());
  return alive;
}

void Connection::OnFlush() {
  flush_due_ = false;
  if (closed_ || !channel_.established()) return;
  if (!Send()) return Destroy();
  ReportWritesDone();
  const bool wants_more =
      nghttp2_session_want_read(session_.get()) != 0 || nghttp2_session_want_write(session_.get()) != 0;
  if (!wants_more && outbox_.empty()) return Destroy();
  WatchWhatMatters();
}

void Connection::ReportWritesDone() {
  std::vector<int32_t> done;
  done.swap(done_);
  for (const int32_t id : done) {
    if (Stream* stream = Find(id)) stream->ReportWriteDone();
  }
}

void Connection::WatchWhatMatters() {
  const bool blocked = outbox_.blocked();
  // TLS answers some of what is read by itself: who does not take the answers is not read.
  const bool choked = channel_.unsent() > kMaxUnsentBytes ||
                      (blocked && nghttp2_session_get_outbound_queue_size(session_.get()) > kMaxQueuedFrames);
  const uint32_t wanted =
      (choked ? 0U : static_cast<uint32_t>(EPOLLIN)) | (blocked ? static_cast<uint32_t>(EPOLLOUT) : 0U);
  if (wanted == watched_) return;
  watched_ = wanted;
  loop_.Change(channel_.fd(), watched_, *this);
}

void Connection::Destroy() {
  if (closed_) return;
  closed_ = true;
  Cancel();
  // Handlers hear OnClosed here; what they ask of their siblings has no effect any more.
  for (auto streams = std::move(streams_); !streams.empty();) streams.pop_back();
  loop_.Unwatch(channel_.fd(), *this);
  session_.reset();
  if (!channel_.established()) Uncount(context_.stats.handshakes_open);
  channel_.Close();
  owner_.OnConnectionClosed(*this);
}

std::string Connection::Peer() const { return PeerOf(channel_.fd()); }

// --- time ---

void Connection::ArmForLifetime() {
  const auto next = lifetime_.Next();
  if (next && when() != next) Arm(*next);
}

void Connection::OnAlarm() {
  for (auto action = lifetime_.Take(loop_.Now()); action != Lifetime::Action::kNone && !closed_;
       action = lifetime_.Take(loop_.Now())) {
    Do(action);
  }
  if (closed_) return;
  ArmForLifetime();
  OnFlush();
}

void Connection::Do(Lifetime::Action action) {
  switch (action) {
    case Lifetime::Action::kPing:
      return static_cast<void>(nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr));
    case Lifetime::Action::kDrainAged:
      return Drain();
    case Lifetime::Action::kCloseAged:
      return CloseNow("connection age");
    case Lifetime::Action::kCloseIdle:
      return CloseNow("idle");
    case Lifetime::Action::kCloseSilent:
      return Destroy();
    case Lifetime::Action::kNone:
      return;
  }
}

void Connection::Drain() {
  if (closed_ || draining_) return;
  draining_ = true;
  // Two steps (RFC 9113 §6.8): the answer to the ping comes behind every stream that the client
  // opened before it saw the notice, then the final GOAWAY names the last one.
  nghttp2_submit_shutdown_notice(session_.get());
  nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, kDrainPing.data());
  loop_.FlushLater(*this);
}

void Connection::CloseNow(std::string_view reason) {
  if (closed_) return;
  for (const auto& stream : streams_) stream->Close(xds::StatusCode::kUnavailable, std::string(reason));
  if (channel_.established() && Send()) {
    nghttp2_session_terminate_session(session_.get(), NGHTTP2_NO_ERROR);
    Send();
  }
  Destroy();
}

// --- HTTP/2 events ---

Stream* Connection::Find(int32_t stream) const {
  return static_cast<Stream*>(nghttp2_session_get_stream_user_data(session_.get(), stream));
}

int Connection::OnHeader(int32_t stream, std::string_view name, std::string_view value) {
  if (!head_ || head_->stream != stream) return 0;
  head_->bytes += name.size() + value.size() + 32;
  if (head_->bytes > kMaxHeaderListBytes) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  if (name == ":method") head_->method = value;
  if (name == ":path") head_->path = value;
  if (name == "content-type") head_->content_type = value;
  if (name == "grpc-encoding") head_->encoded = value != "identity";
  if (name == ":authority") {
    head_->headers.emplace_back("host", value);
  } else if (!name.starts_with(':')) {
    head_->headers.emplace_back(name, value);
  }
  return 0;
}

void Connection::OnFrame(const nghttp2_frame& frame) {
  const bool ended = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  switch (frame.hd.type) {
    case NGHTTP2_HEADERS:
      if (frame.headers.cat == NGHTTP2_HCAT_REQUEST) return OnRequest(frame.hd.stream_id, ended);
      [[fallthrough]];
    case NGHTTP2_DATA:
      if (Stream* stream = ended ? Find(frame.hd.stream_id) : nullptr) stream->OnEnd();
      return;
    case NGHTTP2_PING:
      if ((frame.hd.flags & NGHTTP2_FLAG_ACK) != 0 && std::ranges::equal(frame.ping.opaque_data, kDrainPing)) {
        const int32_t last = nghttp2_session_get_last_proc_stream_id(session_.get());
        nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, nullptr, 0);
      }
      return;
    default:
      return;
  }
}

void Connection::OnRequest(int32_t stream, bool ended) {
  const std::unique_ptr<RequestHead> head = std::move(head_);
  if (!head || head->stream != stream) return;
  if (head->method != "POST") return SubmitHttpRefusal(session_.get(), stream, "405");
  if (!head->content_type.starts_with("application/grpc")) return SubmitHttpRefusal(session_.get(), stream, "415");
  BeginCall(stream, *head);
  if (Stream* begun = ended ? Find(stream) : nullptr) begun->OnEnd();
}

void Connection::BeginCall(int32_t id, const RequestHead& head) {
  auto stream = std::make_unique<Stream>(id, *this, loop_, context_);
  stream->set_encoded(head.encoded);
  const std::string peer = Peer();
  auto handler = context_.factory(Call{head.path, peer, listener_, certificate_.get(), head.headers, *stream, loop_});
  if (!handler) {
    constexpr int kUnimplemented = static_cast<int>(xds::StatusCode::kUnimplemented);
    return SubmitGrpcRefusal(session_.get(), id, kUnimplemented, "unknown method " + head.path);
  }
  stream->set_handler(std::move(handler));
  nghttp2_session_set_stream_user_data(session_.get(), id, stream.get());
  SubmitGrpcResponse(session_.get(), id, stream.get(), &ConnectionCallbacks::OnReadStream);
  if (streams_.empty()) lifetime_.OnFirstStream();
  streams_.push_back(std::move(stream));
}

ssize_t Connection::ReadStream(Stream& stream, size_t size, uint32_t& flags) {
  const size_t ready = std::min(stream.unsent(), size);
  if (ready == 0 && !stream.closing()) return NGHTTP2_ERR_DEFERRED;
  if (ready > 0) flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (stream.closing() && ready == stream.unsent()) {
    flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    SubmitGrpcTrailers(session_.get(), stream.id(), static_cast<int>(stream.status()), stream.status_message());
  }
  return static_cast<ssize_t>(ready);
}

int Connection::SendData(const nghttp2_frame& frame, const uint8_t* header, size_t size, Stream& stream) {
  std::array<char, kPrefixBytes> prefix;
  switch (outbox_.SendFrame(frame.hd.stream_id, header, stream.Peek(size, prefix))) {
    case Outbox::Outcome::kBlocked:
      return NGHTTP2_ERR_WOULDBLOCK;
    case Outbox::Outcome::kFailed:
      return NGHTTP2_ERR_CALLBACK_FAILURE;
    case Outbox::Outcome::kSent:
      break;
  }
  if (stream.Advance(size)) done_.push_back(stream.id());
  return 0;
}

void Connection::OnFrameSent(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_GOAWAY && frame.goaway.error_code != NGHTTP2_NO_ERROR) {
    Count(context_.stats.protocol_errors);
  }
  const bool ended = frame.hd.type == NGHTTP2_HEADERS && (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  // We are done; a client that goes on sending must not keep the stream (RFC 9113 §8.1).
  if (ended && nghttp2_session_get_stream_remote_close(session_.get(), frame.hd.stream_id) == 0) {
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, frame.hd.stream_id, NGHTTP2_NO_ERROR);
  }
}

void Connection::OnStreamClosed(int32_t id) {
  if (head_ && head_->stream == id) head_.reset();
  const auto found = std::ranges::find_if(streams_, [id](const auto& stream) { return stream->id() == id; });
  if (found == streams_.end()) return;
  std::array<char, kPrefixBytes> prefix;
  outbox_.Adopt(id, (*found)->Peek(outbox_.UnfinishedPayload(id), prefix));
  const std::unique_ptr<Stream> stream = std::move(*found);
  streams_.erase(found);
  nghttp2_session_set_stream_user_data(session_.get(), id, nullptr);
  if (!streams_.empty()) return;
  lifetime_.OnNoStream(loop_.Now());
  ArmForLifetime();
}

void Connection::WakeStream(int32_t id) {
  if (closed_) return;
  // Fails when the stream is awake already.
  static_cast<void>(nghttp2_session_resume_data(session_.get(), id));
  if (std::exchange(flush_due_, true)) return;
  loop_.FlushLater(*this);
}

void Connection::ResetStream(int32_t id) {
  if (closed_) return;
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
  loop_.FlushLater(*this);
}

}  // namespace chancery::edge
