#pragma once

#include <nghttp2/nghttp2.h>

#include <memory>
#include <string_view>

#include "base/clock.h"
#include "edge/server.h"

// nghttp2 made ours: owning handles, the settings that a server session starts with, and answers
// put together. With connection.cc and client_call.cc the only files that call nghttp2.

namespace chancery::edge {

struct SessionDeleter {
  void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
};
using SessionHandle = std::unique_ptr<nghttp2_session, SessionDeleter>;

// Bounds on what one client may send (names, values and 32 bytes each, RFC 9113 §6.5.2).
constexpr size_t kMaxHeaderListBytes = 64U << 10U;

// A server session with our settings queued as its first frame.
SessionHandle NewServerSession(const nghttp2_session_callbacks* callbacks, void* user_data,
                               const ServerOptions& options);

// The head of an answer that is a stream of messages.
void SubmitGrpcResponse(nghttp2_session* session, int32_t stream, void* source, nghttp2_data_source_read_callback read);
// The whole answer in one HEADERS frame.
void SubmitGrpcRefusal(nghttp2_session* session, int32_t stream, int code, std::string_view message);
void SubmitHttpRefusal(nghttp2_session* session, int32_t stream, std::string_view status);
void SubmitGrpcTrailers(nghttp2_session* session, int32_t stream, int code, std::string_view message);

// Meters the frames that cost the server work and the client nothing (resets, pings, settings,
// empty data and so on): a burst, then a steady rate. Confined to its connection.
class FrameMeter {
 public:
  explicit FrameMeter(base::Clock::TimePoint now) : refilled_(now) {}
  // False: this client floods.
  bool Take(const nghttp2_frame_hd& header, const base::Clock& clock);

 private:
  static constexpr uint32_t kBurst = 1'000;
  static constexpr int64_t kPerSecond = 100;
  static constexpr uint8_t kMaxContinuations = 16;

  bool Spend(base::Clock::TimePoint now);

  base::Clock::TimePoint refilled_;
  uint32_t left_ = kBurst;
  uint8_t continuations_ = 0;
};

}  // namespace chancery::edge
