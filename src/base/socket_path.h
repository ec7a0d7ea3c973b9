#pragma once

#include <filesystem>
#include <string>

namespace chancery::base {

// The address of a Unix socket as the kernel takes it, which is at most 107 bytes: a longer path is named through its
// open directory (/proc/self/fd/N/name), so that an installation may lie as deep as it likes. Good for bind and connect
// while the object lives; when the directory cannot be opened the path is given as it is, and they fail. Not copied.
class SocketPath {
 public:
  explicit SocketPath(const std::filesystem::path& path);
  ~SocketPath();
  SocketPath(const SocketPath&) = delete;
  SocketPath& operator=(const SocketPath&) = delete;

  const std::string& text() const { return text_; }
  // False when not even its own name fits.
  bool fits() const;

 private:
  std::string text_;
  int directory_ = -1;
};

}  // namespace chancery::base
