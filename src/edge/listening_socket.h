#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"
#include "base/unix_listener.h"
#include "edge/server.h"

namespace chancery::edge {

// A socket that listens, non-blocking, and what it leaves in the file system. Confined to its owner.
class ListeningSocket {
 public:
  // Error: kUnavailable naming the address and the cause; a Unix socket that somebody listens on, and a file that is
  // no socket, are never replaced.
  static base::Result<ListeningSocket> Open(const ListenerOptions& options);
  ListeningSocket(ListeningSocket&& other) noexcept = default;
  ListeningSocket& operator=(ListeningSocket&&) = delete;
  ~ListeningSocket() { Close(); }

  int fd() const { return socket_.get(); }
  explicit operator bool() const { return static_cast<bool>(socket_); }
  // "127.0.0.1:41234" or "unix:/path".
  const std::string& address() const { return address_; }
  // Frees the address; a Unix socket's file is removed unless another one took its place.
  void Close();

 private:
  explicit ListeningSocket(base::UniqueFd socket) : socket_(std::move(socket)) {}
  static base::Result<ListeningSocket> OpenUnix(const ListenerOptions& options);

  base::UniqueFd socket_;
  std::string address_;
  // Of a Unix socket.
  std::optional<base::SocketFile> file_;
};

}  // namespace chancery::edge
