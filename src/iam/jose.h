#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// Signed tokens (JWS, RFC 7515) and the public keys they are checked with (JWK sets, RFC 7517): the only place that
// knows the JOSE library (docs/adr/0012). What a token claims is not looked at here but in bearer.h. Pure; input may be
// any bytes.
namespace chancery::iam {

// The public keys of an issuer. Immutable; copies share the keys.
class KeySet {
 public:
  class Key;

  static constexpr size_t kMaxBytes = 1 << 20;
  static constexpr size_t kMaxKeys = 100;

  // Without keys.
  KeySet() = default;
  // Reads a JWK set. Keys that sign nothing we accept are left out, as RFC 7517 §5 asks: symmetric and other types,
  // other curves, RSA below 2048 bits, use other than "sig"; private members are not read. An empty set is one.
  // kBadRequest when it is no JWK set, or beyond kMaxBytes or kMaxKeys.
  static base::Result<KeySet> Parse(std::string_view json);

  size_t size() const { return keys_.size(); }
  // The first key of that id that is made for the algorithm. A token without id (empty) gets the only key that is;
  // null when there is none, or more than one.
  const Key* Find(std::string_view algorithm, std::string_view id) const;

 private:
  std::vector<std::shared_ptr<const Key>> keys_;
};

// A token in the compact form. Nothing of it is proven before Verify. Confined to its call.
class Jws {
 public:
  static constexpr size_t kMaxBytes = 16 << 10;

  // kUnrecognizedClient when it is longer than kMaxBytes, is no such token, is signed with another algorithm than RS,
  // PS or ES with 256, 384 or 512 (none, and what takes a shared secret, are never accepted), or has critical headers
  // (`crit`), of which we know none. Never tells the token.
  static base::Result<Jws> Read(std::string_view compact);

  std::string_view algorithm() const { return algorithm_; }
  // Empty when the token names none.
  std::string_view key_id() const { return key_id_; }
  // Gives the payload. kUnrecognizedClient when the signature is not of that key.
  base::Result<std::string> Verify(const KeySet::Key& key) const;

 private:
  struct Parsed;

  std::shared_ptr<Parsed> parsed_;
  std::string algorithm_;
  std::string key_id_;
};

}  // namespace chancery::iam
