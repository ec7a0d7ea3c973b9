#include "edge/http2_session.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>

#include "base/check.h"
#include "edge/grpc_framing.h"

namespace chancery::edge {
namespace {

constexpr uint32_t kStreamWindowBytes = 64U << 10U;
constexpr int32_t kConnectionWindowBytes = 512 << 10;

nghttp2_nv Header(std::string_view name, std::string_view value) {
  auto* name_bytes = reinterpret_cast<uint8_t*>(const_cast<char*>(name.data()));
  auto* value_bytes = reinterpret_cast<uint8_t*>(const_cast<char*>(value.data()));
  return {name_bytes, value_bytes, name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

struct OptionDeleter {
  void operator()(nghttp2_option* option) const { nghttp2_option_del(option); }
};

std::unique_ptr<nghttp2_option, OptionDeleter> MakeOptions() {
  nghttp2_option* option = nullptr;
  CHANCERY_CHECK(nghttp2_option_new(&option) == 0);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_max_outbound_ack(option, 100);
  // Three or four constant headers a stream: an encoder table saves nothing worth its memory.
  nghttp2_option_set_max_deflate_dynamic_table_size(option, 0);
  return std::unique_ptr<nghttp2_option, OptionDeleter>(option);
}

}  // namespace

SessionHandle NewServerSession(const nghttp2_session_callbacks* callbacks, void* user_data,
                               const ServerOptions& options) {
  const auto option = MakeOptions();
  nghttp2_session* raw = nullptr;
  CHANCERY_CHECK(nghttp2_session_server_new2(&raw, callbacks, user_data, option.get()) == 0);
  SessionHandle session(raw);
  const std::array<nghttp2_settings_entry, 4> settings = {{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, options.max_streams_per_connection},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindowBytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, kMaxHeaderListBytes},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  }};
  CHANCERY_CHECK(nghttp2_submit_settings(raw, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0);
  CHANCERY_CHECK(nghttp2_session_set_local_window_size(raw, NGHTTP2_FLAG_NONE, 0, kConnectionWindowBytes) == 0);
  return session;
}

void SubmitGrpcResponse(nghttp2_session* session, int32_t stream, void* source,
                        nghttp2_data_source_read_callback read) {
  const std::array<nghttp2_nv, 3> headers = {Header(":status", "200"), Header("content-type", "application/grpc"),
                                             Header("grpc-accept-encoding", "identity")};
  nghttp2_data_provider provider{};
  provider.source.ptr = source;
  provider.read_callback = read;
  nghttp2_submit_response(session, stream, headers.data(), headers.size(), &provider);
}

void SubmitGrpcRefusal(nghttp2_session* session, int32_t stream, int code, std::string_view message) {
  const std::string status = std::to_string(code);
  const std::string text = EncodeGrpcMessage(message);
  const std::array<nghttp2_nv, 4> headers = {Header(":status", "200"), Header("content-type", "application/grpc"),
                                             Header("grpc-status", status), Header("grpc-message", text)};
  nghttp2_submit_response(session, stream, headers.data(), headers.size(), nullptr);
}

void SubmitHttpRefusal(nghttp2_session* session, int32_t stream, std::string_view status) {
  const nghttp2_nv header = Header(":status", status);
  nghttp2_submit_response(session, stream, &header, 1, nullptr);
}

void SubmitGrpcTrailers(nghttp2_session* session, int32_t stream, int code, std::string_view message) {
  const std::string status = std::to_string(code);
  const std::string text = EncodeGrpcMessage(message);
  const std::array<nghttp2_nv, 2> trailers = {Header("grpc-status", status), Header("grpc-message", text)};
  nghttp2_submit_trailer(session, stream, trailers.data(), text.empty() ? 1 : 2);
}

bool FrameMeter::Take(const nghttp2_frame_hd& header, const base::Clock& clock) {
  continuations_ = header.type == NGHTTP2_CONTINUATION ? static_cast<uint8_t>(continuations_ + 1) : 0;
  if (continuations_ > kMaxContinuations) return false;
  switch (header.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_WINDOW_UPDATE:
    case NGHTTP2_CONTINUATION:
      return true;
    case NGHTTP2_DATA:
      return header.length > 0 || (header.flags & NGHTTP2_FLAG_END_STREAM) != 0 || Spend(clock.Now());
    default:
      return Spend(clock.Now());
  }
}

bool FrameMeter::Spend(base::Clock::TimePoint now) {
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - refilled_);
  const int64_t refill = elapsed.count() * kPerSecond / 1'000;
  if (refill > 0) {
    left_ = static_cast<uint32_t>(std::min<int64_t>(kBurst, left_ + refill));
    refilled_ = now;
  }
  if (left_ == 0) return false;
  --left_;
  return true;
}

}  // namespace chancery::edge
