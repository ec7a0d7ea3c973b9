#pragma once

#include <array>
#include <cstdint>
#include <filesystem>

#include "base/result.h"
#include "tls/context.h"

namespace chancery::tls {

// A server's files, read again when they change. Confined to one thread.
class ServerFiles {
 public:
  // As MakeServerContext.
  static base::Result<ServerFiles> Load(Files files, bool h2);

  // Of the files as they were when Refresh last found them whole.
  const ContextPtr& context() const { return context_; }
  // Reads the files if they changed since. Those that are broken, or half replaced, leave the old ones in force until
  // they are whole: the error is for the log. True when there is a new context.
  base::Result<bool> Refresh();

 private:
  // What tells that files changed: their times and sizes.
  struct Stamp {
    std::filesystem::file_time_type time;
    std::uintmax_t size = 0;
    bool operator==(const Stamp&) const = default;
  };
  using Stamps = std::array<Stamp, 3>;

  ServerFiles(Files files, bool h2) : files_(std::move(files)), h2_(h2) {}
  base::Result<Stamps> ReadStamps() const;

  Files files_;
  bool h2_;
  Stamps stamps_;
  ContextPtr context_;
};

}  // namespace chancery::tls
