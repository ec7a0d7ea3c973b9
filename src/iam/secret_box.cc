#include "iam/secret_box.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>

#include "base/check.h"

namespace chancery::iam {
namespace {

using base::Code;
using base::Error;

constexpr char kVersion = 1;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kOverhead = 1 + kNonceBytes + kTagBytes;

const uint8_t* Bytes(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }
uint8_t* Bytes(std::string& text, size_t at) { return reinterpret_cast<uint8_t*>(text.data()) + at; }

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;
Cipher NewCipher() {
  Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  CHANCERY_CHECK(cipher != nullptr);
  return cipher;
}

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

Error Refused(const std::filesystem::path& path, std::string_view why) {
  return {Code::kUnavailable, fmt::format("key file {}: {}", path.string(), why), {}};
}

std::optional<std::array<uint8_t, 32>> FromHex(std::string_view text) {
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  std::array<uint8_t, 32> key{};
  if (text.size() != 2 * key.size()) return std::nullopt;
  for (size_t i = 0; i < key.size(); ++i) {
    const char* digits = text.data() + 2 * i;
    const auto [end, error] = std::from_chars(digits, digits + 2, key[i], 16);
    if (error != std::errc() || end != digits + 2) return std::nullopt;
  }
  return key;
}

base::Status SyncDirectoryOf(const std::filesystem::path& path) {
  const std::filesystem::path parent = path.has_parent_path() ? path.parent_path() : ".";
  const File directory(open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.fd() >= 0 && fsync(directory.fd()) == 0) return base::Status::Ok();
  return Refused(path, std::strerror(errno));
}

base::Status Make(const std::filesystem::path& path) {
  std::array<uint8_t, 32> key{};
  CHANCERY_CHECK(RAND_bytes(key.data(), static_cast<int>(key.size())) == 1);
  std::string text;
  for (const uint8_t byte : key) text += fmt::format("{:02x}", byte);
  text += '\n';
  OPENSSL_cleanse(key.data(), key.size());
  const File file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.fd() < 0) return Refused(path, std::strerror(errno));
  const bool written = write(file.fd(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  OPENSSL_cleanse(text.data(), text.size());
  if (!written || fsync(file.fd()) != 0) return Refused(path, std::strerror(errno));
  return SyncDirectoryOf(path);
}

}  // namespace

base::Result<SecretBox> SecretBox::Open(const std::filesystem::path& key_file, IfMissing if_missing) {
  if (if_missing == IfMissing::kMake && access(key_file.c_str(), F_OK) != 0 && errno == ENOENT) {
    CHANCERY_RETURN_IF_ERROR(Make(key_file));
  }
  const File file(open(key_file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (file.fd() < 0 || fstat(file.fd(), &status) != 0) return Refused(key_file, std::strerror(errno));
  if ((status.st_mode & 077) != 0) return Refused(key_file, "others than its owner may use it; set its mode to 0600");
  std::string text(128, '\0');
  const ssize_t size = read(file.fd(), text.data(), text.size());
  text.resize(size > 0 ? static_cast<size_t>(size) : 0);
  const auto key = FromHex(text);
  OPENSSL_cleanse(text.data(), text.size());
  if (!key) return Refused(key_file, "does not hold a key of 64 hexadecimal digits");
  return SecretBox(*key);
}

std::string SecretBox::Seal(std::string_view secret, std::string_view name) const {
  std::string sealed(kOverhead + secret.size(), '\0');
  sealed[0] = kVersion;
  uint8_t* const nonce = Bytes(sealed, 1);
  uint8_t* const text = Bytes(sealed, 1 + kNonceBytes);
  CHANCERY_CHECK(RAND_bytes(nonce, kNonceBytes) == 1);
  const Cipher cipher = NewCipher();
  int size = 0;
  CHANCERY_CHECK(EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key_.data(), nonce) == 1);
  CHANCERY_CHECK(EVP_EncryptUpdate(cipher.get(), nullptr, &size, Bytes(name), static_cast<int>(name.size())) == 1);
  CHANCERY_CHECK(EVP_EncryptUpdate(cipher.get(), text, &size, Bytes(secret), static_cast<int>(secret.size())) == 1);
  CHANCERY_CHECK(EVP_EncryptFinal_ex(cipher.get(), text + secret.size(), &size) == 1);
  CHANCERY_CHECK(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, text + secret.size()) == 1);
  return sealed;
}

base::Result<std::string> SecretBox::Unseal(std::string_view sealed, std::string_view name) const {
  const Error error{
      Code::kInternal, fmt::format("the secret of {} was sealed by another key file, or altered", name), {}};
  if (sealed.size() < kOverhead || sealed[0] != kVersion) return error;
  const std::string_view nonce = sealed.substr(1, kNonceBytes);
  const std::string_view text = sealed.substr(1 + kNonceBytes, sealed.size() - kOverhead);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  std::string secret(text.size(), '\0');
  const Cipher cipher = NewCipher();
  int size = 0;
  CHANCERY_CHECK(EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key_.data(), Bytes(nonce)) == 1);
  CHANCERY_CHECK(EVP_DecryptUpdate(cipher.get(), nullptr, &size, Bytes(name), static_cast<int>(name.size())) == 1);
  CHANCERY_CHECK(EVP_DecryptUpdate(cipher.get(), Bytes(secret, 0), &size, Bytes(text), static_cast<int>(text.size())) ==
                 1);
  CHANCERY_CHECK(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1);
  if (EVP_DecryptFinal_ex(cipher.get(), Bytes(secret, text.size()), &size) != 1) return error;
  return secret;
}

}  // namespace chancery::iam
