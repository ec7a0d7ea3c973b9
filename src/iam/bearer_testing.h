#pragma once

#include <memory>
#include <string>
#include <string_view>

// For tests: an issuer's keys, and tokens signed with them.
namespace chancery::iam::testing {

// A key pair. Immutable; copies share it.
class IssuerKey {
 public:
  static IssuerKey Rsa(std::string id, int bits = 2048);
  // P-256, P-384 or P-521.
  static IssuerKey Ec(std::string id, const std::string& curve = "P-256");

  // The public half as a JWK; `more` is further members, each with a comma before it. Without `kid` when the id is
  // empty.
  std::string Jwk(std::string_view more = "") const;
  // The public half in PEM, which a confused verifier might take for a shared secret.
  std::string PublicPem() const;
  // The signature of an algorithm as it stands in a token, not encoded yet.
  std::string Sign(std::string_view algorithm, const std::string& text) const;
  // A token with that payload, and the header that belongs to it.
  std::string Token(const std::string& algorithm, const std::string& payload) const;
  // A token with any header.
  std::string TokenWith(const std::string& header, std::string_view algorithm, const std::string& payload) const;
  const std::string& id() const { return id_; }

 private:
  struct Pair;
  IssuerKey(std::string id, std::string curve, std::shared_ptr<const Pair> pair)
      : id_(std::move(id)), curve_(std::move(curve)), pair_(std::move(pair)) {}

  std::string id_;
  // Empty for RSA.
  std::string curve_;
  std::shared_ptr<const Pair> pair_;
};

// {"keys":[...]} of keys in JSON, with commas between them.
std::string KeySetOf(const std::string& keys);
std::string Base64Url(std::string_view bytes);
// HMAC-SHA256, for tokens that nobody must accept.
std::string HmacSha256(std::string_view secret, std::string_view text);

}  // namespace chancery::iam::testing
