#include "frontend/tls_files.h"

#include <utility>

namespace chancery::frontend {

base::Result<TlsFiles> TlsFiles::Load(std::string certificate, std::string key) {
  auto files = tls::ContextFiles::LoadServer({std::move(certificate), std::move(key)}, false);
  if (!files) return files.error();
  return TlsFiles(*std::move(files));
}

base::Result<bool> TlsFiles::Refresh() {
  auto renewed = files_.Refresh();
  if (renewed && *renewed) Wrap();
  return renewed;
}

void TlsFiles::Wrap() {
  SSL_CTX* context = files_.context().get();
  SSL_CTX_up_ref(context);  // Asio frees what it is given
  context_ = std::make_shared<boost::asio::ssl::context>(context);
}

}  // namespace chancery::frontend
