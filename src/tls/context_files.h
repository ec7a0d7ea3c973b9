#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <utility>

#include "base/result.h"
#include "tls/context.h"

namespace chancery::tls {

// The files of a context, read again when they change. Confined to one thread.
class ContextFiles {
 public:
  // As MakeServerContext.
  static base::Result<ContextFiles> LoadServer(Files files, bool h2);
  // As MakeClientContext. What the machine trusts, where no file is named, is read once.
  static base::Result<ContextFiles> LoadClient(Files files);

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

  using Make = std::function<base::Result<ContextPtr>(const Files& files)>;

  ContextFiles(Files files, Make make) : files_(std::move(files)), make_(std::move(make)) {}
  static base::Result<ContextFiles> Load(Files files, Make make);
  base::Result<Stamps> ReadStamps() const;

  Files files_;
  Make make_;
  Stamps stamps_;
  ContextPtr context_;
};

}  // namespace chancery::tls
