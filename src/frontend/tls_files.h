#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "base/result.h"
#include "tls/context_files.h"

namespace chancery::frontend {

// tls::ContextFiles of a server of HTTP/1.1, as Asio takes them. Confined to one thread.
class TlsFiles {
 public:
  static base::Result<TlsFiles> Load(std::string certificate, std::string key);

  const std::shared_ptr<boost::asio::ssl::context>& context() const { return context_; }
  base::Result<bool> Refresh();

 private:
  explicit TlsFiles(tls::ContextFiles files) : files_(std::move(files)) { Wrap(); }
  void Wrap();

  tls::ContextFiles files_;
  std::shared_ptr<boost::asio::ssl::context> context_;
};

}  // namespace chancery::frontend
