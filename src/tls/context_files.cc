#include "tls/server_files.h"

#include <fmt/format.h>

#include <string>
#include <system_error>
#include <utility>

namespace chancery::tls {

namespace fs = std::filesystem;

base::Result<ServerFiles> ServerFiles::Load(Files files, bool h2) {
  ServerFiles loaded(std::move(files), h2);
  auto stamps = loaded.ReadStamps();
  if (!stamps) return stamps.error();
  auto made = MakeServerContext(loaded.files_, h2);
  if (!made) return made.error();
  loaded.stamps_ = *stamps;
  loaded.context_ = *std::move(made);
  return loaded;
}

base::Result<bool> ServerFiles::Refresh() {
  const auto stamps = ReadStamps();
  if (!stamps) return stamps.error();
  if (*stamps == stamps_) return false;
  auto made = MakeServerContext(files_, h2_);
  if (!made) return made.error();
  stamps_ = *stamps;
  context_ = *std::move(made);
  return true;
}

base::Result<ServerFiles::Stamps> ServerFiles::ReadStamps() const {
  Stamps stamps;
  size_t at = 0;
  for (const std::string& file : {files_.certificate, files_.key, files_.ca}) {
    Stamp& stamp = stamps[at++];
    if (file.empty()) continue;
    std::error_code error;
    stamp.time = fs::last_write_time(file, error);
    if (!error) stamp.size = fs::file_size(file, error);
    if (error) return base::Error{base::Code::kUnavailable, fmt::format("{}: {}", file, error.message()), {}};
  }
  return stamps;
}

}  // namespace chancery::tls
