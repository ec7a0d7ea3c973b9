#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "agent/output_pump.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace chancery::agent {

// Takes what a child process prints and keeps it in files: `name`, and `name.N` for what was there before, where N
// counts up and the newest `kept` remain. The pump's thread writes. What cannot be written (the disk is full) is lost,
// with a warning, and the child goes on; the next piece is tried again. A file that cannot be renamed starts anew.
// Destroyed after the child has ended, it writes what is left first. Made and destroyed on any one thread.
class LogFiles {
 public:
  struct Limits {
    uintmax_t bytes;
    uint32_t kept;
  };

  // kBadRequest when `directory` is none or the file cannot be written.
  static base::Result<std::unique_ptr<LogFiles>> Open(const std::filesystem::path& directory, const std::string& name,
                                                      Limits limits);
  // The descriptor a child's output goes to.
  int descriptor() const { return pump_->descriptor(); }

 private:
  LogFiles(std::filesystem::path path, Limits limits);
  void Write(std::string_view text);
  void Reopen(int more);
  void Rotate();

  const std::filesystem::path path_;
  const Limits limits_;
  // Confined to the pump's thread.
  base::UniqueFd file_;
  uintmax_t written_ = 0;
  bool losing_ = false;
  uint64_t next_ = 1;
  std::unique_ptr<OutputPump> pump_;
};

}  // namespace chancery::agent
