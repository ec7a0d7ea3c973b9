#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "base/result.h"
#include "tls/server_files.h"

namespace chancery::frontend {

// tls::ServerFiles of a server of HTTP/1.1, as Asio takes them. Confined to one thread.
class TlsFiles {
 public:
  static base::Result<TlsFiles> Load(std::string certificate, std::string key);

  const std::shared_ptr<boost::asio::ssl::context>& context() const { return context_; }
  base::Result<bool> Refresh();

 private:
  explicit TlsFiles(tls::ServerFiles files) : files_(std::move(files)) { Wrap(); }
  void Wrap();

  tls::ServerFiles files_;
  std::shared_ptr<boost::asio::ssl::context> context_;
};

}  // namespace chancery::frontend
