#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"

// Unix sockets that listen, also in a directory that somebody less trusted can write to, such as one that a process of
// root's shares with its proxies: mode and owner are not changed through a name, which may lead elsewhere a
// moment later; only a socket's own name is removed.
namespace chancery::base {

struct UnixListenerOptions {
  // Of any length.
  std::string path;
  // Who may connect.
  mode_t mode = 0600;
  // To whom the file is given; none: the process's own.
  std::optional<uid_t> uid = {};
  std::optional<gid_t> gid = {};
  int backlog = 4'096;
};

// The file of a socket that listens. Confined to its owner.
class SocketFile {
 public:
  SocketFile(std::string path, uint64_t device, uint64_t inode)
      : path_(std::move(path)), device_(device), inode_(inode) {}
  SocketFile(SocketFile&& other) noexcept;
  SocketFile& operator=(SocketFile&& other) noexcept;
  // Removes it.
  ~SocketFile() { Remove(); }

  // Once, and not if another file has taken its place.
  void Remove();

 private:
  // Empty: it is removed.
  std::string path_;
  uint64_t device_;
  uint64_t inode_;
};

struct UnixListener {
  UniqueFd socket;
  SocketFile file;
};

// A non-blocking socket that listens. A socket there that nobody listens on is replaced; one that somebody listens on,
// and a file that is no socket, never are. Error: kUnavailable naming the path and the cause.
Result<UnixListener> ListenOnUnix(const UnixListenerOptions& options);

// Its last step, apart for the tests: gives the file of `socket`, which listens and has let nobody in but its owner,
// the mode and owner of `options`. Error: what is at the path is not the file of this very socket; it is left as it is.
Result<SocketFile> LetIn(const UniqueFd& socket, const UnixListenerOptions& options);

}  // namespace chancery::base
