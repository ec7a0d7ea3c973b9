#include "tls/context_files.h"

#include <fmt/format.h>

#include <string>
#include <system_error>

namespace chancery::tls {

namespace fs = std::filesystem;

base::Result<ContextFiles> ContextFiles::LoadServer(Files files, bool h2) {
  return Load(std::move(files), [h2](const Files& now) { return MakeServerContext(now, h2); });
}

base::Result<ContextFiles> ContextFiles::LoadClient(Files files) { return Load(std::move(files), MakeClientContext); }

base::Result<ContextFiles> ContextFiles::Load(Files files, Make make) {
  ContextFiles loaded(std::move(files), std::move(make));
  auto stamps = loaded.ReadStamps();
  if (!stamps) return stamps.error();
  auto made = loaded.make_(loaded.files_);
  if (!made) return made.error();
  loaded.stamps_ = *stamps;
  loaded.context_ = *std::move(made);
  return loaded;
}

base::Result<bool> ContextFiles::Refresh() {
  const auto stamps = ReadStamps();
  if (!stamps) return stamps.error();
  if (*stamps == stamps_) return false;
  auto made = make_(files_);
  if (!made) return made.error();
  stamps_ = *stamps;
  context_ = *std::move(made);
  return true;
}

base::Result<ContextFiles::Stamps> ContextFiles::ReadStamps() const {
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
