#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "edge/channel.h"
#include "tls/context.h"

// For tests: an HTTP/2 client that does exactly what it is told, in the test's own thread.

namespace chancery::edge {

// A blocking-looking connection of raw bytes.
class RawClient {
 public:
  // `address`: "127.0.0.1:PORT" or "unix:PATH".
  explicit RawClient(std::string_view address);
  // Small buffers, so that a reader that stalls is felt soon.
  static RawClient WithSmallReceiveBuffer(std::string_view address);

  int fd() const { return socket_.get(); }
  // False when the peer has closed.
  bool Send(std::string_view bytes);
  // Waits for bytes; empty: the peer has closed, or nothing came for 20 s (`timed_out`).
  std::string Receive();
  // Reads until the peer closes; false when it does not within 20 s.
  bool WaitForClose();
  void Close() { socket_.Reset(); }
  // Gives the socket away.
  base::UniqueFd Take() { return std::move(socket_); }

 private:
  RawClient(std::string_view address, int receive_buffer);
  base::UniqueFd socket_;
};

struct ClientStream {
  std::map<std::string, std::string> headers;
  std::map<std::string, std::string> trailers;
  std::string data;
  bool closed = false;
  uint32_t error_code = 0;
  // What the client still has to send; `end` closes its side behind it.
  std::string to_send;
  bool end = false;

  // Whole messages in `data`.
  std::vector<std::string> Messages() const;
  // From trailers or a trailers-only answer; empty: none.
  std::string grpc_status() const;
};

class TestClient {
 public:
  struct Options {
    // Off: the test opens the windows itself.
    bool auto_window_update = true;
    bool answer_pings = true;
    bool small_receive_buffer = false;
    // HTTP/2 never holds the server back, only TCP does.
    bool huge_windows = false;
    // Made by tls::MakeClientContext: speaks TLS, to a server certified for 127.0.0.1.
    tls::ContextPtr tls = {};
  };

  explicit TestClient(std::string_view address) : TestClient(address, Options()) {}
  TestClient(std::string_view address, Options options);
  ~TestClient();
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  using Headers = std::vector<std::pair<std::string, std::string>>;
  // A gRPC call; `extra` is added to or replaces the usual headers.
  int32_t Open(std::string_view path, const Headers& extra = {});
  void SendMessage(int32_t stream, std::string_view message) { SendBytes(stream, Frame(message)); }
  void SendBytes(int32_t stream, std::string_view bytes);
  void End(int32_t stream);
  void Reset(int32_t stream);
  // Opens the stream's and the connection's window by `bytes`.
  void Consume(int32_t stream, int bytes);

  // Drives the connection until `done` holds; false when it does not within 20 s, or never will
  // because the connection is gone.
  bool Until(const std::function<bool()>& done);
  bool UntilClosed() {
    return Until([this] { return disconnected_; });
  }

  ClientStream& stream(int32_t id) { return streams_[id]; }
  bool disconnected() const { return disconnected_; }
  // Why there is no TLS; empty: there is.
  const std::string& failure() const { return channel_.failure(); }
  int goaways() const { return goaways_; }
  int32_t last_stream_of_goaway() const { return last_stream_of_goaway_; }
  int pings() const { return pings_; }
  nghttp2_session* session() { return session_; }
  // All that was sent, for replays.
  const std::string& sent() const { return sent_; }

  // Prefix and message.
  static std::string Frame(std::string_view message, char flag = 0);

 private:
  friend struct TestClientCallbacks;
  bool Turn(int timeout_ms);
  bool FlushOut();

  Options options_;
  Channel channel_;
  nghttp2_session* session_ = nullptr;
  std::map<int32_t, ClientStream> streams_;
  std::string out_;
  std::string sent_;
  bool disconnected_ = false;
  int goaways_ = 0;
  int32_t last_stream_of_goaway_ = -1;
  int pings_ = 0;
};

}  // namespace chancery::edge
