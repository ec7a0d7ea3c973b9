#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "tls/context.h"

// For tests: a certificate authority that writes real certificates into a directory of its own.

namespace chancery::tls::testing {

class Authority {
 public:
  explicit Authority(std::string_view name);
  // Removes the directory.
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  // The authority's own certificate, in PEM.
  std::string ca() const { return (directory_ / "ca.pem").string(); }
  // Files NAME.pem and NAME.key, replaced if they are there. `names`: as OpenSSL writes them,
  // "IP:127.0.0.1,URI:spiffe://td/x,DNS:a.test"; valid for `seconds` from an hour ago on.
  Files Issue(const std::string& name, const std::string& names, long seconds = 7'200) const;
  const std::filesystem::path& directory() const { return directory_; }

 private:
  using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

  Certificate Make(std::string_view subject, EVP_PKEY* key, const std::string& names, long seconds) const;

  std::filesystem::path directory_;
  Key key_;
  Certificate certificate_;
};

}  // namespace chancery::tls::testing
