#include "edge/test_client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "edge/address.h"
#include "edge/grpc_framing.h"

namespace chancery::edge {
namespace {

constexpr int kPatienceMs = 20'000;

sockaddr_in Parse(std::string_view address) {
  const size_t colon = address.rfind(':');
  sockaddr_in parsed{};
  parsed.sin_family = AF_INET;
  parsed.sin_port = htons(static_cast<uint16_t>(std::stoi(std::string(address.substr(colon + 1)))));
  ::inet_pton(AF_INET, std::string(address.substr(0, colon)).c_str(), &parsed.sin_addr);
  return parsed;
}

bool WaitReadable(int fd, int timeout_ms) {
  pollfd waiting{fd, POLLIN, 0};
  return ::poll(&waiting, 1, timeout_ms) > 0;
}

}  // namespace

// --- RawClient ---

RawClient::RawClient(std::string_view address) : RawClient(address, 0) {}

RawClient RawClient::WithSmallReceiveBuffer(std::string_view address) { return RawClient(address, 4'096); }

RawClient::RawClient(std::string_view address, int receive_buffer)
    : socket_(::socket(IsUnix(address) ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receive_buffer > 0) {
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  if (IsUnix(address)) {
    sockaddr_un target{};
    target.sun_family = AF_UNIX;
    UnixPathOf(address).copy(static_cast<char*>(target.sun_path), sizeof target.sun_path - 1);
    EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&target), sizeof target), 0)
        << std::strerror(errno);
    return;
  }
  const sockaddr_in target = Parse(address);
  EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&target), sizeof target), 0)
      << std::strerror(errno);
}

bool RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

std::string RawClient::Receive() {
  if (!WaitReadable(socket_.get(), kPatienceMs)) return {};
  std::string buffer(64U << 10U, '\0');
  const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  buffer.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return buffer;
}

bool RawClient::WaitForClose() {
  while (WaitReadable(socket_.get(), kPatienceMs)) {
    char buffer[4'096];
    if (::recv(socket_.get(), buffer, sizeof buffer, 0) <= 0) return true;
  }
  return false;
}

// --- ClientStream ---

std::vector<std::string> ClientStream::Messages() const {
  std::vector<std::string> messages;
  MessageAssembler assembler;
  assembler.Feed(data, SIZE_MAX, [&](std::string_view message) {
    messages.emplace_back(message);
    return true;
  });
  return messages;
}

std::string ClientStream::grpc_status() const {
  for (const auto* from : {&trailers, &headers}) {
    if (const auto found = from->find("grpc-status"); found != from->end()) return found->second;
  }
  return {};
}

// --- TestClient ---

namespace {

base::UniqueFd SocketTo(std::string_view address, bool small_receive_buffer) {
  RawClient raw = small_receive_buffer ? RawClient::WithSmallReceiveBuffer(address) : RawClient(address);
  base::UniqueFd socket = raw.Take();
  ::fcntl(socket.get(), F_SETFL, O_NONBLOCK);
  return socket;
}

tls::SessionHandle SessionOf(const tls::ContextPtr& context) {
  if (!context) return nullptr;
  tls::SessionHandle session(SSL_new(context.get()));
  SSL_set_connect_state(session.get());
  tls::ExpectServer(*session, "127.0.0.1");
  return session;
}

}  // namespace

struct TestClientCallbacks {
  static TestClient& Self(void* client) { return *static_cast<TestClient*>(client); }

  static ssize_t OnSend(nghttp2_session*, const uint8_t* data, size_t size, int, void* client) {
    Self(client).out_.append(reinterpret_cast<const char*>(data), size);
    return static_cast<ssize_t>(size);
  }

  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t, void* client) {
    ClientStream& stream = Self(client).streams_[frame->hd.stream_id];
    auto& into = frame->headers.cat == NGHTTP2_HCAT_RESPONSE ? stream.headers : stream.trailers;
    into[std::string(reinterpret_cast<const char*>(name), name_size)] =
        std::string(reinterpret_cast<const char*>(value), value_size);
    return 0;
  }

  static int OnData(nghttp2_session*, uint8_t, int32_t stream, const uint8_t* data, size_t size, void* client) {
    Self(client).streams_[stream].data.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }

  static int OnFrame(nghttp2_session* session, const nghttp2_frame* frame, void* client) {
    TestClient& self = Self(client);
    if (frame->hd.type == NGHTTP2_GOAWAY) {
      ++self.goaways_;
      self.last_stream_of_goaway_ = frame->goaway.last_stream_id;
    }
    if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) {
      ++self.pings_;
      if (self.options_.answer_pings) {
        nghttp2_submit_ping(session, NGHTTP2_FLAG_ACK, frame->ping.opaque_data);
      }
    }
    return 0;
  }

  static int OnStreamClosed(nghttp2_session*, int32_t stream, uint32_t error_code, void* client) {
    Self(client).streams_[stream].closed = true;
    Self(client).streams_[stream].error_code = error_code;
    return 0;
  }

  static ssize_t OnRead(nghttp2_session*, int32_t id, uint8_t* buffer, size_t size, uint32_t* flags,
                        nghttp2_data_source*, void* client) {
    ClientStream& stream = Self(client).streams_[id];
    const size_t taken = std::min(size, stream.to_send.size());
    std::copy_n(stream.to_send.data(), taken, buffer);
    stream.to_send.erase(0, taken);
    if (stream.end && stream.to_send.empty()) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
    } else if (taken == 0) {
      return NGHTTP2_ERR_DEFERRED;
    }
    return static_cast<ssize_t>(taken);
  }
};

TestClient::TestClient(std::string_view address, Options options)
    : options_(options), channel_(SocketTo(address, options.small_receive_buffer), SessionOf(options.tls)) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_send_callback(callbacks, &TestClientCallbacks::OnSend);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, &TestClientCallbacks::OnHeader);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &TestClientCallbacks::OnData);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &TestClientCallbacks::OnFrame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &TestClientCallbacks::OnStreamClosed);
  nghttp2_option* option = nullptr;
  nghttp2_option_new(&option);
  nghttp2_option_set_no_auto_window_update(option, options.auto_window_update ? 0 : 1);
  nghttp2_option_set_no_auto_ping_ack(option, 1);
  nghttp2_session_client_new2(&session_, callbacks, this, option);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry window = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1U << 30U};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &window, options.huge_windows ? 1 : 0);
  if (options.huge_windows) nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, 1 << 30);
}

TestClient::~TestClient() { nghttp2_session_del(session_); }

int32_t TestClient::Open(std::string_view path, const Headers& extra) {
  std::map<std::string, std::string> headers = {{":method", "POST"},
                                                {":scheme", "http"},
                                                {":path", std::string(path)},
                                                {":authority", "test"},
                                                {"content-type", "application/grpc"},
                                                {"te", "trailers"}};
  for (const auto& [name, value] : extra) headers[name] = value;
  std::vector<nghttp2_nv> lines;
  for (const auto& [name, value] : headers) {
    lines.push_back({reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
                     reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(), 0});
  }
  nghttp2_data_provider provider{};
  provider.read_callback = &TestClientCallbacks::OnRead;
  const int32_t id = nghttp2_submit_request(session_, nullptr, lines.data(), lines.size(), &provider, nullptr);
  EXPECT_GT(id, 0);
  streams_[id] = {};
  return id;
}

void TestClient::SendBytes(int32_t stream, std::string_view bytes) {
  streams_[stream].to_send += bytes;
  nghttp2_session_resume_data(session_, stream);
}

void TestClient::End(int32_t stream) {
  streams_[stream].end = true;
  nghttp2_session_resume_data(session_, stream);
}

void TestClient::Reset(int32_t stream) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
}

void TestClient::Consume(int32_t stream, int bytes) {
  nghttp2_session_consume(session_, stream, static_cast<size_t>(bytes));
}

bool TestClient::FlushOut() {
  if (const auto shaken = channel_.Handshake(); shaken != Channel::Outcome::kDone) {
    return shaken == Channel::Outcome::kBlocked;
  }
  if (nghttp2_session_send(session_) != 0) return false;
  while (!out_.empty()) {
    const iovec piece{out_.data(), out_.size()};
    size_t sent = 0;
    const auto outcome = channel_.Write({&piece, 1}, sent);
    if (outcome != Channel::Outcome::kDone) return outcome == Channel::Outcome::kBlocked;
    sent_.append(out_, 0, sent);
    out_.erase(0, sent);
  }
  return channel_.Flush() != Channel::Outcome::kFailed;
}

bool TestClient::Turn(int timeout_ms) {
  if (!FlushOut()) return false;
  const bool waits = channel_.established() && (!out_.empty() || channel_.has_unsent());
  pollfd waiting{channel_.fd(), static_cast<int16_t>(POLLIN | (waits ? POLLOUT : 0)), 0};
  if (::poll(&waiting, 1, timeout_ms) <= 0 || (waiting.revents & ~POLLOUT) == 0) return true;
  if (!channel_.established()) return FlushOut();
  char buffer[16'384];
  size_t got = 0;
  const auto outcome = channel_.Read(buffer, got);
  if (outcome != Channel::Outcome::kDone) return outcome == Channel::Outcome::kBlocked;
  const ssize_t used = nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(buffer), got);
  return used >= 0 && FlushOut();
}

bool TestClient::Until(const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
  if (!disconnected_ && !FlushOut()) disconnected_ = true;
  while (!done()) {
    if (disconnected_ || std::chrono::steady_clock::now() > deadline) return false;
    // The condition may also be the server's; it is looked at again after a moment.
    if (!Turn(10)) disconnected_ = true;
  }
  return true;
}

std::string TestClient::Frame(std::string_view message, char flag) {
  auto prefix = MessagePrefix(message.size());
  prefix[0] = flag;
  return std::string(prefix.data(), prefix.size()) + std::string(message);
}

}  // namespace chancery::edge
