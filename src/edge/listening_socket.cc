#include "edge/listening_socket.h"

#include "edge/address.h"

namespace chancery::edge {

base::Result<ListeningSocket> ListeningSocket::Open(const ListenerOptions& options) {
  if (IsUnix(options.address)) return OpenUnix(options);
  auto socket = Listen(options.address);
  if (!socket) return socket.error();
  ListeningSocket opened(*std::move(socket));
  opened.address_ = LocalAddressOf(opened.fd());
  return opened;
}

base::Result<ListeningSocket> ListeningSocket::OpenUnix(const ListenerOptions& options) {
  auto listener = base::ListenOnUnix(
      {.path = std::string(UnixPathOf(options.address)), .mode = options.mode, .uid = options.uid, .gid = options.gid});
  if (!listener) return listener.error();
  ListeningSocket opened(std::move(listener->socket));
  opened.address_ = options.address;
  opened.file_ = std::move(listener->file);
  return opened;
}

void ListeningSocket::Close() {
  file_.reset();
  socket_.Reset();
}

}  // namespace chancery::edge
