#pragma once

#include <nghttp2/nghttp2.h>

#include "edge/connection.h"

namespace chancery::edge {

// nghttp2's C callbacks, each one call of a Connection's member. The table is immutable.
struct ConnectionCallbacks {
  static const nghttp2_session_callbacks* Table();

  static ssize_t OnSend(nghttp2_session*, const uint8_t* data, size_t size, int, void* connection);
  static int OnSendData(nghttp2_session*, nghttp2_frame* frame, const uint8_t* header, size_t size,
                        nghttp2_data_source* source, void* connection);
  static ssize_t OnReadStream(nghttp2_session*, int32_t, uint8_t*, size_t size, uint32_t* flags,
                              nghttp2_data_source* source, void* connection);
  static int OnBeginFrame(nghttp2_session*, const nghttp2_frame_hd* header, void* connection);
  static int OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* connection);
  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t, void* connection);
  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* connection);
  static int OnFrameSent(nghttp2_session*, const nghttp2_frame* frame, void* connection);
  static int OnData(nghttp2_session*, uint8_t, int32_t stream, const uint8_t* data, size_t size, void* connection);
  static int OnStreamClosed(nghttp2_session*, int32_t stream, uint32_t, void* connection);
};

}  // namespace chancery::edge
