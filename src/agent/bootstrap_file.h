#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace chancery::agent {

// A bootstrap in a file of its own, which only this user can read: it may hold credentials. It lies in `directory`
// (TMPDIR or /tmp) and is removed with the object.
class BootstrapFile {
 public:
  static base::Result<std::unique_ptr<BootstrapFile>> Write(const std::string& text, const std::string& directory);
  ~BootstrapFile();
  BootstrapFile(const BootstrapFile&) = delete;
  BootstrapFile& operator=(const BootstrapFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  explicit BootstrapFile(std::string path) : path_(std::move(path)) {}

  const std::string path_;
};

}  // namespace chancery::agent
