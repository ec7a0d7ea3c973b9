#include "frontend/tls_files.h"

#include <fmt/format.h>
#include <openssl/ssl.h>

#include <system_error>

namespace chancery::frontend {
namespace {

namespace fs = std::filesystem;
using boost::asio::ssl::context;
using ErrorCode = boost::system::error_code;

base::Error Refused(const std::string& file, std::string_view why) {
  return {base::Code::kUnavailable, fmt::format("{}: {}", file, why), {}};
}

base::Result<std::shared_ptr<context>> ReadPair(const std::string& certificate, const std::string& key) {
  auto made = std::make_shared<context>(context::tls_server);
  ErrorCode error;
  made->set_options(context::default_workarounds | context::no_tlsv1 | context::no_tlsv1_1, error);
  SSL_CTX_set_session_cache_mode(made->native_handle(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(made->native_handle(), SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(made->native_handle(), SSL_MODE_RELEASE_BUFFERS);
  made->use_certificate_chain_file(certificate, error);
  if (error) return Refused(certificate, error.message());
  made->use_private_key_file(key, context::pem, error);
  if (error) return Refused(key, error.message());
  if (SSL_CTX_check_private_key(made->native_handle()) != 1) {
    return Refused(key, "is not the key of the certificate in " + certificate);
  }
  return made;
}

}  // namespace

base::Result<TlsFiles> TlsFiles::Load(std::string certificate, std::string key) {
  TlsFiles files(std::move(certificate), std::move(key));
  auto stamp = files.ReadStamp();
  if (!stamp) return stamp.error();
  auto made = ReadPair(files.certificate_, files.key_);
  if (!made) return made.error();
  files.stamp_ = *stamp;
  files.context_ = *std::move(made);
  return files;
}

base::Result<bool> TlsFiles::Refresh() {
  const auto stamp = ReadStamp();
  if (!stamp) return stamp.error();
  if (*stamp == stamp_) return false;
  auto made = ReadPair(certificate_, key_);
  if (!made) return made.error();
  stamp_ = *stamp;
  context_ = *std::move(made);
  return true;
}

base::Result<TlsFiles::Stamp> TlsFiles::ReadStamp() const {
  std::error_code error;
  Stamp stamp;
  stamp.certificate_time = fs::last_write_time(certificate_, error);
  if (!error) stamp.certificate_size = fs::file_size(certificate_, error);
  if (error) return Refused(certificate_, error.message());
  stamp.key_time = fs::last_write_time(key_, error);
  if (!error) stamp.key_size = fs::file_size(key_, error);
  if (error) return Refused(key_, error.message());
  return stamp;
}

}  // namespace chancery::frontend
