#include "agent/bootstrap_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/write_all.h"

namespace chancery::agent {
namespace {

// Envoy tells JSON from YAML by the name's end.
constexpr std::string_view kSuffix = ".json";

}  // namespace

base::Result<std::unique_ptr<BootstrapFile>> BootstrapFile::Write(const std::string& text,
                                                                  const std::string& directory) {
  std::string path = fmt::format("{}/chancery-envoy-XXXXXX{}", directory, kSuffix);
  const int file = mkostemps(path.data(), kSuffix.size(), O_CLOEXEC);  // mode 0600
  if (file < 0) {
    return base::Error{base::Code::kUnavailable, fmt::format("{}: {}", path, std::strerror(errno)), {}};
  }
  std::unique_ptr<BootstrapFile> made(new BootstrapFile(path));
  const bool written = base::WriteAll(file, text);
  if (close(file) == 0 && written) return made;
  return base::Error{base::Code::kUnavailable, fmt::format("{} cannot be written", path), {}};
}

BootstrapFile::~BootstrapFile() { unlink(path_.c_str()); }

}  // namespace chancery::agent
