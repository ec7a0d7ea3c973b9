#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "edge/channel.h"
#include "edge/context.h"
#include "edge/http2_session.h"
#include "edge/lifetime.h"
#include "edge/loop.h"
#include "edge/outbox.h"
#include "edge/stream.h"

namespace chancery::edge {

class Connection;

class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  // The connection is closed and unwatched; the owner buries it.
  virtual void OnConnectionClosed(Connection& connection) = 0;
};

// One client's socket with its HTTP/2 session and streams. Confined to its loop.
//
// 1. nghttp2 is entered from OnReady, OnFlush, OnAlarm and posted tasks only, never from its own
//    callbacks; what handlers ask for is put off to OnFlush.
// 2. Nothing is read while more than kMaxQueuedFrames answers wait behind a full socket.
// 3. A connection keeps no buffer while it is silent.
// 4. With TLS, HTTP/2 begins behind the handshake.
class Connection final : public Watcher, public StreamHost, private Alarm {
 public:
  // Takes `socket`, which must not block and came by `listener`, of ServerOptions::listeners. `jitter`: see Lifetime.
  Connection(base::UniqueFd socket, size_t listener, Loop& loop, Context& context, ConnectionOwner& owner,
             double jitter);
  ~Connection() override;

  // False: the kernel refuses to watch the socket; the connection is to be destroyed.
  [[nodiscard]] bool Open();
  // GOAWAY; streams that live go on, the connection closes behind the last one.
  void Drain();
  // Ends streams with UNAVAILABLE and closes, without waiting for a slow reader.
  void CloseNow(std::string_view reason);

  void OnReady(uint32_t events) override;
  void OnFlush() override;
  void WakeStream(int32_t id) override;
  void ResetStream(int32_t id) override;

  // Where the owner keeps it.
  std::list<std::unique_ptr<Connection>>::iterator place;

 private:
  friend struct ConnectionCallbacks;
  static constexpr size_t kMaxQueuedFrames = 1'000;

  // A request's headers while they arrive.
  struct RequestHead {
    int32_t stream = 0;
    size_t bytes = 0;
    std::string method;
    std::string path;
    std::string content_type;
    std::vector<std::pair<std::string, std::string>> headers;
    bool encoded = false;
  };

  // Socket.
  // Whether the handshake is done; if it failed the connection is destroyed.
  bool Handshake();
  void OnHandshakeFailed();
  void ReadSome();
  // False: the connection is destroyed.
  bool Take(std::string_view bytes);
  bool Send();
  void WatchWhatMatters();
  void Destroy();
  // Time.
  void OnAlarm() override;
  void Do(Lifetime::Action action);
  void ArmForLifetime();
  // HTTP/2 events.
  int OnHeader(int32_t stream, std::string_view name, std::string_view value);
  void OnRequest(int32_t stream, bool ended);
  void BeginCall(int32_t stream, const RequestHead& head);
  void OnFrame(const nghttp2_frame& frame);
  void OnFrameSent(const nghttp2_frame& frame);
  void OnStreamClosed(int32_t stream);
  ssize_t ReadStream(Stream& stream, size_t size, uint32_t& flags);
  int SendData(const nghttp2_frame& frame, const uint8_t* header, size_t size, Stream& stream);
  Stream* Find(int32_t stream) const;
  void ReportWritesDone();
  std::string Peer() const;

  const size_t listener_;
  Channel channel_;
  Loop& loop_;
  Context& context_;
  ConnectionOwner& owner_;
  Lifetime lifetime_;
  FrameMeter meter_;
  Outbox outbox_;
  SessionHandle session_;
  // What the client has shown; null: nothing.
  std::unique_ptr<const tls::PeerCertificate> certificate_;
  std::unique_ptr<RequestHead> head_;
  std::vector<std::unique_ptr<Stream>> streams_;
  // Streams whose message has left since the last report.
  std::vector<int32_t> done_;
  uint32_t watched_ = 0;
  bool flush_due_ = false;
  bool draining_ = false;
  bool closed_ = false;
};

}  // namespace chancery::edge
