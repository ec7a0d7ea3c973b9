#include "edge/connection_callbacks.h"

#include "base/check.h"

namespace chancery::edge {
namespace {

Connection& Self(void* connection) { return *static_cast<Connection*>(connection); }

std::string_view View(const uint8_t* bytes, size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

nghttp2_session_callbacks* MakeTable() {
  nghttp2_session_callbacks* table = nullptr;
  CHANCERY_CHECK(nghttp2_session_callbacks_new(&table) == 0);
  nghttp2_session_callbacks_set_send_callback(table, &ConnectionCallbacks::OnSend);
  nghttp2_session_callbacks_set_send_data_callback(table, &ConnectionCallbacks::OnSendData);
  nghttp2_session_callbacks_set_on_begin_frame_callback(table, &ConnectionCallbacks::OnBeginFrame);
  nghttp2_session_callbacks_set_on_begin_headers_callback(table, &ConnectionCallbacks::OnBeginHeaders);
  nghttp2_session_callbacks_set_on_header_callback(table, &ConnectionCallbacks::OnHeader);
  nghttp2_session_callbacks_set_on_frame_recv_callback(table, &ConnectionCallbacks::OnFrame);
  nghttp2_session_callbacks_set_on_frame_send_callback(table, &ConnectionCallbacks::OnFrameSent);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(table, &ConnectionCallbacks::OnData);
  nghttp2_session_callbacks_set_on_stream_close_callback(table, &ConnectionCallbacks::OnStreamClosed);
  return table;
}

}  // namespace

const nghttp2_session_callbacks* ConnectionCallbacks::Table() {
  // Never freed: a session may use it until the process ends.
  static const nghttp2_session_callbacks* const table = MakeTable();
  return table;
}

ssize_t ConnectionCallbacks::OnSend(nghttp2_session*, const uint8_t* data, size_t size, int, void* connection) {
  if (!Self(connection).outbox_.Append(View(data, size))) return NGHTTP2_ERR_WOULDBLOCK;
  return static_cast<ssize_t>(size);
}

int ConnectionCallbacks::OnSendData(nghttp2_session*, nghttp2_frame* frame, const uint8_t* header, size_t size,
                                    nghttp2_data_source* source, void* connection) {
  return Self(connection).SendData(*frame, header, size, *static_cast<Stream*>(source->ptr));
}

ssize_t ConnectionCallbacks::OnReadStream(nghttp2_session*, int32_t, uint8_t*, size_t size, uint32_t* flags,
                                          nghttp2_data_source* source, void* connection) {
  return Self(connection).ReadStream(*static_cast<Stream*>(source->ptr), size, *flags);
}

int ConnectionCallbacks::OnBeginFrame(nghttp2_session*, const nghttp2_frame_hd* header, void* connection) {
  return Self(connection).meter_.Take(*header, base::Clock::System()) ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

int ConnectionCallbacks::OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* connection) {
  if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;  // trailers say nothing to us
  auto& head = Self(connection).head_;
  head = std::make_unique<Connection::RequestHead>();
  head->stream = frame->hd.stream_id;
  return 0;
}

int ConnectionCallbacks::OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                                  const uint8_t* value, size_t value_size, uint8_t, void* connection) {
  return Self(connection).OnHeader(frame->hd.stream_id, View(name, name_size), View(value, value_size));
}

int ConnectionCallbacks::OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* connection) {
  Self(connection).OnFrame(*frame);
  return 0;
}

int ConnectionCallbacks::OnFrameSent(nghttp2_session*, const nghttp2_frame* frame, void* connection) {
  Self(connection).OnFrameSent(*frame);
  return 0;
}

int ConnectionCallbacks::OnData(nghttp2_session*, uint8_t, int32_t stream, const uint8_t* data, size_t size,
                                void* connection) {
  if (Stream* found = Self(connection).Find(stream)) found->OnBytes(View(data, size));
  return 0;
}

int ConnectionCallbacks::OnStreamClosed(nghttp2_session*, int32_t stream, uint32_t, void* connection) {
  Self(connection).OnStreamClosed(stream);
  return 0;
}

}  // namespace chancery::edge
