#include "edge/listening_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/socket_path.h"
#include "edge/address.h"

namespace chancery::edge {
namespace {

constexpr int kBacklog = 4'096;

base::Error CannotListen(const std::string& address, std::string_view why) {
  return {base::Code::kUnavailable, "cannot listen on " + address + ": " + std::string(why), {}};
}

sockaddr_un UnixAddress(const base::SocketPath& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.text().copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
  return address;
}

// Makes room for a new socket at `path`: what a process that died has left goes.
base::Status RemoveStale(const std::string& address, const std::string& path, const sockaddr_un& target) {
  struct stat found{};
  if (::lstat(path.c_str(), &found) != 0) {
    return errno == ENOENT ? base::Status::Ok() : base::Status(CannotListen(address, std::strerror(errno)));
  }
  if (!S_ISSOCK(found.st_mode)) return CannotListen(address, "there is a file that is no socket");
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&target), sizeof target) == 0 || errno == EAGAIN) {
    return CannotListen(address, "somebody listens there already");
  }
  if (errno != ECONNREFUSED || ::unlink(path.c_str()) != 0) return CannotListen(address, std::strerror(errno));
  return base::Status::Ok();
}

}  // namespace

ListeningSocket::ListeningSocket(ListeningSocket&& other) noexcept
    : socket_(std::move(other.socket_)),
      address_(std::move(other.address_)),
      path_(std::exchange(other.path_, {})),
      device_(other.device_),
      inode_(other.inode_) {}

base::Result<ListeningSocket> ListeningSocket::Open(const ListenerOptions& options) {
  if (IsUnix(options.address)) return OpenUnix(options);
  auto socket = Listen(options.address);
  if (!socket) return socket.error();
  ListeningSocket opened(*std::move(socket));
  opened.address_ = LocalAddressOf(opened.fd());
  return opened;
}

base::Result<ListeningSocket> ListeningSocket::OpenUnix(const ListenerOptions& options) {
  const std::string path(UnixPathOf(options.address));
  const base::SocketPath name(path);
  if (path.empty() || !name.fits()) return CannotListen(options.address, "the file's name is too long, or empty");
  const sockaddr_un target = UnixAddress(name);
  CHANCERY_RETURN_IF_ERROR(RemoveStale(options.address, path, target));
  ListeningSocket opened(UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)));
  if (!opened || ::bind(opened.fd(), reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0) {
    return CannotListen(options.address, std::strerror(errno));
  }
  struct stat made{};
  if (::lstat(path.c_str(), &made) != 0) return CannotListen(options.address, std::strerror(errno));
  opened.address_ = options.address;
  opened.path_ = path;
  opened.device_ = made.st_dev;
  opened.inode_ = made.st_ino;
  // Before listen() nobody is let in, whatever the mode was at first. The owner before the mode: chown clears bits.
  const bool owned = !options.uid && !options.gid;
  if ((!owned && ::chown(path.c_str(), options.uid.value_or(static_cast<uid_t>(-1)),
                         options.gid.value_or(static_cast<gid_t>(-1))) != 0) ||
      ::chmod(path.c_str(), options.mode) != 0 || ::listen(opened.fd(), kBacklog) != 0) {
    return CannotListen(options.address, std::strerror(errno));
  }
  return opened;
}

void ListeningSocket::Close() {
  if (const std::string path = std::exchange(path_, {}); !path.empty()) {
    struct stat found{};
    const bool ours = ::lstat(path.c_str(), &found) == 0 && found.st_dev == device_ && found.st_ino == inode_;
    if (ours) ::unlink(path.c_str());
  }
  socket_.Reset();
}

}  // namespace chancery::edge
