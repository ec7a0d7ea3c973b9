#include "base/unix_listener.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/socket_path.h"

namespace chancery::base {
namespace {

Error CannotListen(const std::string& path, std::string_view why) {
  return {Code::kUnavailable, "cannot listen on unix:" + path + ": " + std::string(why), {}};
}

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
  return address;
}

// False: see errno.
bool Connect(const UniqueFd& socket, const sockaddr_un& address) {
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

UniqueFd NewSocket() { return UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)); }

// Makes room for a new socket at `path`: what a process that died has left goes.
Status RemoveStale(const std::string& path, const sockaddr_un& address) {
  struct stat found{};
  if (::lstat(path.c_str(), &found) != 0) {
    return errno == ENOENT ? Status::Ok() : Status(CannotListen(path, std::strerror(errno)));
  }
  if (!S_ISSOCK(found.st_mode)) return CannotListen(path, "there is a file that is no socket");
  const UniqueFd probe = NewSocket();
  if (Connect(probe, address) || errno == EAGAIN) return CannotListen(path, "somebody listens there already");
  if (errno != ECONNREFUSED || ::unlink(path.c_str()) != 0) return CannotListen(path, std::strerror(errno));
  return Status::Ok();
}

// Whether who connects to `file` (a path that cannot lead elsewhere) comes to `listening`: the kernel goes by the
// inode. Nobody else is let in yet; an impatient connection of the owner's is dropped.
bool LeadsTo(const std::string& file, const UniqueFd& listening) {
  const UniqueFd probe = NewSocket();
  if (!Connect(probe, AddressOf(file))) return false;
  for (;;) {
    const UniqueFd accepted(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!accepted) return false;
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(accepted.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid == ::getpid()) return true;
  }
}

}  // namespace

SocketFile::SocketFile(SocketFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_) {}

SocketFile& SocketFile::operator=(SocketFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(device_, other.device_);
  std::swap(inode_, other.inode_);
  return *this;
}

void SocketFile::Remove() {
  const std::string path = std::exchange(path_, {});
  struct stat found{};
  const bool ours =
      !path.empty() && ::lstat(path.c_str(), &found) == 0 && found.st_dev == device_ && found.st_ino == inode_;
  if (ours) ::unlink(path.c_str());
}

Result<UnixListener> ListenOnUnix(const UnixListenerOptions& options) {
  const SocketPath name(options.path);
  if (options.path.empty() || !name.fits()) {
    return CannotListen(options.path, "the file's name is too long, or empty");
  }
  const sockaddr_un address = AddressOf(name.text());
  CHANCERY_RETURN_IF_ERROR(RemoveStale(options.path, address));
  UniqueFd socket = NewSocket();
  // bind() makes the file with the socket's own mode.
  if (!socket || ::fchmod(socket.get(), 0600) != 0 ||
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(socket.get(), options.backlog) != 0) {
    return CannotListen(options.path, std::strerror(errno));
  }
  auto file = LetIn(socket, options);
  if (!file) return file.error();
  return UnixListener{std::move(socket), *std::move(file)};
}

Result<SocketFile> LetIn(const UniqueFd& socket, const UnixListenerOptions& options) {
  const UniqueFd file(::open(options.path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat made{};
  if (!file || ::fstat(file.get(), &made) != 0) return CannotListen(options.path, std::strerror(errno));
  const std::string itself = "/proc/self/fd/" + std::to_string(file.get());
  if (!S_ISSOCK(made.st_mode) || !LeadsTo(itself, socket)) {
    return CannotListen(options.path, "another file has taken the socket's place");
  }
  SocketFile ours(options.path, made.st_dev, made.st_ino);
  // The owner before the mode: a change of owner clears bits.
  const bool given = options.uid || options.gid;
  if ((given && ::fchownat(file.get(), "", options.uid.value_or(static_cast<uid_t>(-1)),
                           options.gid.value_or(static_cast<gid_t>(-1)), AT_EMPTY_PATH) != 0) ||
      ::chmod(itself.c_str(), options.mode) != 0) {
    return CannotListen(options.path, std::strerror(errno));
  }
  return ours;
}

}  // namespace chancery::base
