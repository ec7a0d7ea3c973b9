#pragma once

#include <boost/asio/ssl/context.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"

namespace chancery::frontend {

// A server's certificate chain and private key as files in PEM, read again when they change. TLS 1.2 and 1.3, without
// session cache and tickets. Confined to one thread.
class TlsFiles {
 public:
  // kUnavailable naming the file that cannot be read or does not fit the other.
  static base::Result<TlsFiles> Load(std::string certificate, std::string key);

  // Of the pair as it was when Refresh last found it whole.
  const std::shared_ptr<boost::asio::ssl::context>& context() const { return context_; }
  // Reads the pair if it changed since. A pair that is broken, or half replaced, leaves the old one in force until it
  // is whole: the error is for the log. True when there is a new one.
  base::Result<bool> Refresh();

 private:
  // What tells that files changed: both their times and sizes.
  struct Stamp {
    std::filesystem::file_time_type certificate_time;
    std::filesystem::file_time_type key_time;
    std::uintmax_t certificate_size = 0;
    std::uintmax_t key_size = 0;
    bool operator==(const Stamp&) const = default;
  };

  TlsFiles(std::string certificate, std::string key) : certificate_(std::move(certificate)), key_(std::move(key)) {}
  base::Result<Stamp> ReadStamp() const;

  std::string certificate_;
  std::string key_;
  Stamp stamp_;
  std::shared_ptr<boost::asio::ssl::context> context_;
};

}  // namespace chancery::frontend
