#pragma once

#include <nghttp2/nghttp2.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge/channel.h"
#include "edge/grpc_framing.h"
#include "edge/http2_session.h"
#include "edge/loop.h"
#include "tls/context.h"

namespace chancery::edge {

struct SocketAddress {
  sockaddr_storage address{};
  socklen_t size = 0;
};

// What a call of a client needs, and its bounds.
struct ClientCallOptions {
  std::string path;
  std::string authority;
  // Besides those of gRPC; names in small letters.
  std::vector<std::pair<std::string, std::string>> headers = {};
  // Null: no TLS. Else the server must be certified for `server_name`.
  tls::ContextPtr tls = {};
  std::string server_name = {};
  // A longer message of the server's ends the call.
  size_t max_message_bytes = 64U << 20U;
  // Of messages that the server has not taken yet.
  size_t max_waiting_bytes = 8U << 20U;
  // From the first packet to the end of the handshake, of all addresses together; each has an equal share of what is
  // left.
  std::chrono::milliseconds connect_timeout{10'000};
  // A ping when nothing came for so long; without an answer in keepalive_timeout the call ends.
  std::chrono::milliseconds keepalive_time{30'000};
  std::chrono::milliseconds keepalive_timeout{20'000};
};

// What happens to a call; on its loop, from inside it.
class ClientCallObserver {
 public:
  virtual ~ClientCallObserver() = default;
  // ClientCall::Take has a message.
  virtual void OnReadable() = 0;
  // The last that is heard: a gRPC status of the server's, or UNAVAILABLE with what went wrong on the way. Messages
  // that were not taken are still there.
  virtual void OnEnd(int status, std::string message) = 0;
};

// One gRPC call with streams both ways, on a connection of its own. Confined to its loop. Give it to Loop::Bury after
// Close: the loop may still hold an event for it.
class ClientCall final : public Watcher, private Alarm {
 public:
  ClientCall(Loop& loop, ClientCallOptions options, ClientCallObserver& observer);
  ~ClientCall() override;

  // Connects to the first of the server's addresses that lets it; what goes wrong with the last comes as OnEnd, never
  // from inside. REQUIRES: there is one.
  void Start(std::span<const SocketAddress> servers);
  // Sends a message, behind those before. False: more than max_waiting_bytes wait, it was not taken.
  [[nodiscard]] bool Send(std::string_view message);
  // The next message. While there are messages that nobody takes, the server is held back by its window.
  std::optional<std::string> Take();
  // Gives the call up; no observer hears of it.
  void Close();

  void OnReady(uint32_t events) override;
  void OnFlush() override;

 private:
  friend struct ClientCallCallbacks;
  enum class State { kIdle, kConnecting, kHandshake, kOpen, kClosed };

  void OnAlarm() override;
  // To the first of servers_, which it takes.
  void Connect();
  // Whether another address is tried, instead of an end.
  bool TryNext();
  // False: not open yet, or ended.
  bool GoOn();
  void Open();
  bool ReadSome();
  bool Write();
  void Watch();
  void FlushSoon();
  void OnHeader(std::string_view name, std::string_view value);
  void OnData(std::string_view bytes);
  void OnStreamClosed(uint32_t error);
  void End(int status, std::string message);

  Loop& loop_;
  const ClientCallOptions options_;
  ClientCallObserver& observer_;
  State state_ = State::kIdle;
  // Addresses that were not tried, and when to give up.
  std::deque<SocketAddress> servers_;
  base::Clock::TimePoint deadline_;
  std::unique_ptr<Channel> channel_;
  SessionHandle session_;
  int32_t stream_ = 0;
  uint32_t watched_ = 0;
  bool flush_due_ = false;
  // Framed messages that nghttp2 has not taken, and its frames that the socket has not.
  std::string to_send_;
  std::string frames_;
  MessageAssembler assembler_;
  std::deque<std::string> messages_;
  // Bytes of the window that are kept back while messages wait.
  size_t unconsumed_ = 0;
  std::string http_status_;
  std::optional<int> grpc_status_;
  std::string grpc_message_;
  bool stream_closed_ = false;
  // Said at the end of the turn, not from inside nghttp2.
  std::optional<std::pair<int, std::string>> ending_;
  bool readable_ = false;
  std::optional<base::Clock::TimePoint> pinged_;
};

}  // namespace chancery::edge
