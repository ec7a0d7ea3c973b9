#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"

namespace chancery::store {

// The data directory, held by this process alone for as long as the object lives: an exclusive
// flock on DATA_DIR/lock, which holds the process's id for people to read. The lock ends with the
// process, however it ends. Immutable.
class DataDir {
 public:
  // Makes the directory with mode 0700 (and those above it with the usual one) when it is missing.
  // kUnavailable when another process holds it or the file system refuses, naming the directory.
  static base::Result<std::unique_ptr<DataDir>> Open(const std::filesystem::path& path);
  ~DataDir();
  DataDir(const DataDir&) = delete;
  DataDir& operator=(const DataDir&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  DataDir(std::filesystem::path path, int lock_fd) : path_(std::move(path)), lock_fd_(lock_fd) {}

  const std::filesystem::path path_;
  const int lock_fd_;
};

}  // namespace chancery::store
