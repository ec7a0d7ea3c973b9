#include "edge/client_call.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/check.h"

namespace chancery::edge {
namespace {

constexpr int kUnavailable = static_cast<int>(xds::StatusCode::kUnavailable);
constexpr int kResourceExhausted = static_cast<int>(xds::StatusCode::kResourceExhausted);
constexpr int kInternal = static_cast<int>(xds::StatusCode::kInternal);
constexpr int32_t kWindowBytes = 1 << 20;
constexpr size_t kFramesPerWrite = 64U << 10U;
constexpr int kReadsPerTurn = 8;
constexpr size_t kMaxStatusBytes = 8U << 10U;

std::string_view View(const uint8_t* bytes, size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

nghttp2_nv Line(std::string_view name, std::string_view value) {
  auto* name_bytes = reinterpret_cast<uint8_t*>(const_cast<char*>(name.data()));
  auto* value_bytes = reinterpret_cast<uint8_t*>(const_cast<char*>(value.data()));
  return {name_bytes, value_bytes, name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

// nghttp2's C callbacks.
struct ClientCallCallbacks {
  static ClientCall& Self(void* call) { return *static_cast<ClientCall*>(call); }

  static const nghttp2_session_callbacks* Table() {
    // Never freed: a session may use it until the process ends.
    static const nghttp2_session_callbacks* const table = [] {
      nghttp2_session_callbacks* made = nullptr;
      CHANCERY_CHECK(nghttp2_session_callbacks_new(&made) == 0);
      nghttp2_session_callbacks_set_on_header_callback(made, &OnHeader);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, &OnData);
      nghttp2_session_callbacks_set_on_stream_close_callback(made, &OnStreamClosed);
      return made;
    }();
    return table;
  }
  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t, void* call) {
    if (frame->hd.stream_id == Self(call).stream_) Self(call).OnHeader(View(name, name_size), View(value, value_size));
    return 0;
  }
  static int OnData(nghttp2_session*, uint8_t, int32_t stream, const uint8_t* data, size_t size, void* call) {
    if (stream == Self(call).stream_) Self(call).OnData(View(data, size));
    return 0;
  }
  static int OnStreamClosed(nghttp2_session*, int32_t stream, uint32_t error, void* call) {
    if (stream == Self(call).stream_) Self(call).OnStreamClosed(error);
    return 0;
  }
  static ssize_t OnRead(nghttp2_session*, int32_t, uint8_t* buffer, size_t size, uint32_t*, nghttp2_data_source*,
                        void* call) {
    std::string& to_send = Self(call).to_send_;
    const size_t taken = std::min(size, to_send.size());
    if (taken == 0) return NGHTTP2_ERR_DEFERRED;
    std::memcpy(buffer, to_send.data(), taken);
    to_send.erase(0, taken);
    if (to_send.empty()) std::string().swap(to_send);
    return static_cast<ssize_t>(taken);
  }
};

ClientCall::ClientCall(Loop& loop, ClientCallOptions options, ClientCallObserver& observer)
    : Alarm(loop), loop_(loop), options_(std::move(options)), observer_(observer) {}

ClientCall::~ClientCall() { Close(); }

void ClientCall::Start(std::span<const SocketAddress> servers) {
  CHANCERY_CHECK(state_ == State::kIdle && !servers.empty());
  servers_.assign(servers.begin(), servers.end());
  deadline_ = loop_.Now() + options_.connect_timeout;
  Connect();
}

void ClientCall::Connect() {
  const auto now = loop_.Now();
  Arm(now + (deadline_ - now) / static_cast<int>(servers_.size()));
  const SocketAddress server = servers_.front();
  servers_.pop_front();
  state_ = State::kConnecting;
  base::UniqueFd socket(::socket(server.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (socket) ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const bool begun =
      socket && (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&server.address), server.size) == 0 ||
                 errno == EINPROGRESS);
  if (!begun) ending_ = {kUnavailable, std::string("cannot connect: ") + std::strerror(errno)};
  tls::SessionHandle session;
  if (options_.tls) {
    session.reset(SSL_new(options_.tls.get()));
    CHANCERY_CHECK(session != nullptr);
    SSL_set_connect_state(session.get());
    tls::ExpectServer(*session, options_.server_name);
  }
  channel_ = std::make_unique<Channel>(std::move(socket), std::move(session));
  watched_ = EPOLLOUT;
  if (begun && !loop_.Watch(channel_->fd(), watched_, *this)) ending_ = {kUnavailable, "cannot watch another socket"};
  if (ending_) FlushSoon();
}

bool ClientCall::Send(std::string_view message) {
  if (state_ == State::kClosed) return true;  // its end is on the way
  if (to_send_.size() + message.size() > options_.max_waiting_bytes) return false;
  const auto prefix = MessagePrefix(message.size());
  to_send_.append(prefix.data(), prefix.size()).append(message);
  if (state_ == State::kOpen) {
    static_cast<void>(nghttp2_session_resume_data(session_.get(), stream_));
    FlushSoon();
  }
  return true;
}

std::optional<std::string> ClientCall::Take() {
  if (messages_.empty()) return std::nullopt;
  std::string message = std::move(messages_.front());
  messages_.pop_front();
  if (messages_.empty() && state_ == State::kOpen && unconsumed_ > 0) {
    static_cast<void>(nghttp2_session_consume(session_.get(), stream_, std::exchange(unconsumed_, 0)));
    FlushSoon();
  }
  return message;
}

void ClientCall::Close() {
  if (std::exchange(state_, State::kClosed) == State::kClosed) return;
  Cancel();
  if (!channel_) return;
  if (session_ && channel_->established()) {
    nghttp2_session_terminate_session(session_.get(), NGHTTP2_NO_ERROR);
    static_cast<void>(Write());
  }
  loop_.Unwatch(channel_->fd(), *this);
  session_.reset();
  channel_->Close();
}

void ClientCall::FlushSoon() {
  if (std::exchange(flush_due_, true)) return;
  loop_.FlushLater(*this);
}

void ClientCall::OnReady(uint32_t events) {
  if (state_ == State::kClosed) return;
  if (!ending_ && GoOn() && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !ReadSome() && !ending_) {
    ending_ = {kUnavailable, channel_->failure().empty() ? "the connection ended" : channel_->failure()};
  }
  OnFlush();
}

bool ClientCall::GoOn() {
  if (state_ == State::kConnecting) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(channel_->fd(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) ending_ = {kUnavailable, std::string("cannot connect: ") + std::strerror(error)};
    if (error != 0) return false;
    // The loop may still have held an event of the address before.
    sockaddr_storage peer{};
    size = sizeof peer;
    if (::getpeername(channel_->fd(), reinterpret_cast<sockaddr*>(&peer), &size) != 0) return false;
    state_ = State::kHandshake;
  }
  if (state_ == State::kHandshake) {
    const auto outcome = channel_->Handshake();
    if (outcome == Channel::Outcome::kFailed)
      ending_ = {kUnavailable,
                 "no TLS: " + (channel_->failure().empty() ? "the connection ended" : channel_->failure())};
    if (outcome != Channel::Outcome::kDone) return false;
    Open();
  }
  return state_ == State::kOpen;
}

void ClientCall::Open() {
  state_ = State::kOpen;
  Arm(loop_.Now() + options_.keepalive_time);
  nghttp2_option* option = nullptr;
  CHANCERY_CHECK(nghttp2_option_new(&option) == 0);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_session* raw = nullptr;
  CHANCERY_CHECK(nghttp2_session_client_new2(&raw, ClientCallCallbacks::Table(), this, option) == 0);
  nghttp2_option_del(option);
  session_.reset(raw);
  const std::array<nghttp2_settings_entry, 3> settings = {
      {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
       {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindowBytes},
       {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, kMaxHeaderListBytes}}};
  CHANCERY_CHECK(nghttp2_submit_settings(raw, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0);
  CHANCERY_CHECK(nghttp2_session_set_local_window_size(raw, NGHTTP2_FLAG_NONE, 0, kWindowBytes) == 0);
  std::vector<nghttp2_nv> lines = {Line(":method", "POST"),
                                   Line(":scheme", options_.tls ? "https" : "http"),
                                   Line(":path", options_.path),
                                   Line(":authority", options_.authority),
                                   Line("content-type", "application/grpc"),
                                   Line("te", "trailers")};
  for (const auto& [name, value] : options_.headers) lines.push_back(Line(name, value));
  nghttp2_data_provider provider{};
  provider.read_callback = &ClientCallCallbacks::OnRead;
  stream_ = nghttp2_submit_request(raw, nullptr, lines.data(), lines.size(), &provider, nullptr);
  if (stream_ < 0) ending_ = {kInternal, nghttp2_strerror(stream_)};
}

bool ClientCall::ReadSome() {
  const auto buffer = loop_.read_buffer();
  for (int i = 0; i < kReadsPerTurn; ++i) {
    size_t got = 0;
    const auto outcome = channel_->Read(buffer, got);
    if (outcome != Channel::Outcome::kDone) return outcome == Channel::Outcome::kBlocked;
    if (std::exchange(pinged_, std::nullopt)) Arm(loop_.Now() + options_.keepalive_time);
    if (nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const uint8_t*>(buffer.data()), got) < 0)
      return false;
  }
  return true;
}

bool ClientCall::Write() {
  for (;;) {
    while (frames_.size() < kFramesPerWrite) {
      const uint8_t* bytes = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_.get(), &bytes);
      if (size < 0) return false;
      if (size == 0) break;
      frames_.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
    }
    if (frames_.empty()) return channel_->Flush() != Channel::Outcome::kFailed;
    const iovec piece{frames_.data(), frames_.size()};
    size_t sent = 0;
    const auto outcome = channel_->Write({&piece, 1}, sent);
    if (outcome != Channel::Outcome::kDone) return outcome == Channel::Outcome::kBlocked;
    frames_.erase(0, sent);
  }
}

void ClientCall::OnFlush() {
  flush_due_ = false;
  if (state_ == State::kClosed) return;
  if (state_ == State::kOpen && !ending_ && !Write()) ending_ = {kUnavailable, "the connection ended"};
  if (std::exchange(readable_, false)) observer_.OnReadable();
  if (state_ == State::kClosed) return;
  if (ending_ && TryNext()) return;
  if (ending_) {
    auto [status, message] = *std::exchange(ending_, std::nullopt);
    return End(status, std::move(message));
  }
  Watch();
}

bool ClientCall::TryNext() {
  if (state_ == State::kOpen || servers_.empty()) return false;
  ending_.reset();
  loop_.Unwatch(channel_->fd(), *this);
  channel_->Close();
  Connect();
  return true;
}

void ClientCall::Watch() {
  uint32_t wanted = EPOLLIN;
  if (state_ == State::kConnecting) wanted = EPOLLOUT;
  if (!frames_.empty() || channel_->has_unsent()) wanted |= static_cast<uint32_t>(EPOLLOUT);
  if (std::exchange(watched_, wanted) != wanted) loop_.Change(channel_->fd(), wanted, *this);
}

void ClientCall::OnAlarm() {
  if (state_ != State::kOpen) {
    ending_ = {kUnavailable, "the server does not answer"};
  } else if (pinged_) {
    ending_ = {kUnavailable, "the server answers no ping"};
  } else {
    pinged_ = loop_.Now();
    nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr);
    Arm(loop_.Now() + options_.keepalive_timeout);
  }
  FlushSoon();
}

void ClientCall::OnHeader(std::string_view name, std::string_view value) {
  if (name == ":status") http_status_ = value;
  if (name == "grpc-message") grpc_message_ = DecodeGrpcMessage(value.substr(0, kMaxStatusBytes));
  if (name != "grpc-status") return;
  int status = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), status);
  grpc_status_ = error == std::errc() && end == value.data() + value.size() && status >= 0 ? status : 2;
}

void ClientCall::OnData(std::string_view bytes) {
  if (ending_) return;
  const auto outcome = assembler_.Feed(bytes, options_.max_message_bytes, [this](std::string_view message) {
    messages_.emplace_back(message);
    readable_ = true;
    return true;
  });
  if (outcome == MessageAssembler::Outcome::kTooLong) {
    ending_ = {kResourceExhausted, "the server's message is too long"};
  } else if (outcome != MessageAssembler::Outcome::kOk) {
    ending_ = {kInternal, "the server's message cannot be read"};
  }
  if (messages_.empty()) {
    nghttp2_session_consume(session_.get(), stream_, bytes.size());
  } else {
    unconsumed_ += bytes.size();
  }
}

void ClientCall::OnStreamClosed(uint32_t error) {
  if (ending_) return;
  if (grpc_status_) {
    ending_ = {*grpc_status_, grpc_message_};
  } else if (!http_status_.empty() && http_status_ != "200") {
    ending_ = {kUnavailable, "the server answers with HTTP status " + http_status_};
  } else {
    ending_ = {kUnavailable, std::string("the server ended the stream: ") + nghttp2_http2_strerror(error)};
  }
}

void ClientCall::End(int status, std::string message) {
  Close();
  observer_.OnEnd(status, std::move(message));
}

}  // namespace chancery::edge
