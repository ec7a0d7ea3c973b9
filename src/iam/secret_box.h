#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace chancery::iam {

// Seals secrets at rest under the 256 bit key of one file: AES-256-GCM with a random nonce, bound to the name that
// the secret is kept under, so that a sealed secret put in another's place does not open. Sealed bytes are
// <version 1> <12 bytes nonce> <ciphertext> <16 bytes tag>. Immutable, thread-safe.
class SecretBox {
 public:
  enum class IfMissing { kMake, kFail };

  // The key file holds 64 hexadecimal digits and is for its owner alone (mode 0600); a new one is on disk when this
  // returns. kUnavailable naming the file: it cannot be read or made, others may read it, or it holds no key.
  static base::Result<SecretBox> Open(const std::filesystem::path& key_file, IfMissing if_missing);

  std::string Seal(std::string_view secret, std::string_view name) const;
  // kInternal when the bytes were not sealed by this key for this name, or were altered.
  base::Result<std::string> Unseal(std::string_view sealed, std::string_view name) const;

 private:
  using Key = std::array<uint8_t, 32>;
  explicit SecretBox(const Key& key) : key_(key) {}

  Key key_;
};

}  // namespace chancery::iam
