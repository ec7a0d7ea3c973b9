#include "tls/testing.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>

#include "base/check.h"

namespace chancery::tls::testing {
namespace {

constexpr long kHour = 3'600;

// Each serial number once in a process.
long NextSerial() {
  static std::atomic<long> serial{1};
  return serial++;
}

struct FileDeleter {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileDeleter>;

// Under another name first, so that no reader sees half a file.
template <typename Write>
void WriteFile(const std::filesystem::path& path, Write write) {
  const std::string part = path.string() + ".part";
  {
    const File file(std::fopen(part.c_str(), "w"));
    CHANCERY_CHECK(file != nullptr && write(file.get()) == 1);
  }
  std::filesystem::rename(part, path);
}

void Extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()), X509_EXTENSION_free);
  CHANCERY_CHECK(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

}  // namespace

Authority::Authority(std::string_view name)
    : key_(EVP_EC_gen("P-256"), EVP_PKEY_free), certificate_(nullptr, X509_free) {
  directory_ = std::filesystem::temp_directory_path() /
               ("chancery_ca_" + std::to_string(::getpid()) + "_" + std::to_string(NextSerial()));
  std::filesystem::create_directories(directory_);
  certificate_ = Make(name, key_.get(), "", 24 * kHour);
  WriteFile(ca(), [this](std::FILE* file) { return PEM_write_X509(file, certificate_.get()); });
}

Authority::~Authority() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

Authority::Certificate Authority::Make(std::string_view subject, EVP_PKEY* key, const std::string& names,
                                       long seconds) const {
  Certificate made(X509_new(), X509_free);
  X509* const issuer = certificate_ ? certificate_.get() : made.get();
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), NextSerial());
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -kHour);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), seconds - kHour);
  X509_set_pubkey(made.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(subject.data()), static_cast<int>(subject.size()),
                             -1, 0);
  X509_set_issuer_name(made.get(), X509_get_subject_name(issuer));
  Extend(made.get(), issuer, NID_basic_constraints, certificate_ ? "critical,CA:FALSE" : "critical,CA:TRUE");
  if (!names.empty()) Extend(made.get(), issuer, NID_subject_alt_name, names);
  CHANCERY_CHECK(X509_sign(made.get(), key_.get(), EVP_sha256()) > 0);
  return made;
}

Files Authority::Issue(const std::string& name, const std::string& names, long seconds) const {
  const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const Certificate made = Make(name, key.get(), names, seconds);
  Files files{(directory_ / (name + ".pem")).string(), (directory_ / (name + ".key")).string()};
  WriteFile(files.key, [&](std::FILE* file) {
    return PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  WriteFile(files.certificate, [&](std::FILE* file) { return PEM_write_X509(file, made.get()); });
  return files;
}

}  // namespace chancery::tls::testing
