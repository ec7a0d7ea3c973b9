#include "iam/bearer_testing.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <vector>

#include "base/check.h"

namespace chancery::iam::testing {
namespace {

std::string BytesOf(const BIGNUM* number, int size) {
  std::string bytes(size, '\0');
  CHANCERY_CHECK(BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), size) == size);
  return bytes;
}

const EVP_MD* DigestOf(std::string_view algorithm) {
  if (algorithm.ends_with("256")) return EVP_sha256();
  return algorithm.ends_with("384") ? EVP_sha384() : EVP_sha512();
}

// r and s side by side (RFC 7518 §3.4) instead of ASN.1.
std::string Raw(const std::string& der, int size) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* parts = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
  CHANCERY_CHECK(parts != nullptr);
  std::string raw = BytesOf(ECDSA_SIG_get0_r(parts), size) + BytesOf(ECDSA_SIG_get0_s(parts), size);
  ECDSA_SIG_free(parts);
  return raw;
}

}  // namespace

struct IssuerKey::Pair {
  explicit Pair(EVP_PKEY* made) : key(made) { CHANCERY_CHECK(key != nullptr); }
  ~Pair() { EVP_PKEY_free(key); }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  // In the base64url of a JWK; `size` 0 is as long as the number.
  std::string Number(const char* name, int size = 0) const {
    BIGNUM* number = nullptr;
    CHANCERY_CHECK(EVP_PKEY_get_bn_param(key, name, &number) == 1);
    std::string text = Base64Url(BytesOf(number, size == 0 ? BN_num_bytes(number) : size));
    BN_free(number);
    return text;
  }
  int CurveBytes() const { return (EVP_PKEY_get_bits(key) + 7) / 8; }

  EVP_PKEY* key;
};

IssuerKey IssuerKey::Rsa(std::string id, int bits) {
  return {std::move(id), "", std::make_shared<const Pair>(EVP_RSA_gen(bits))};
}

IssuerKey IssuerKey::Ec(std::string id, const std::string& curve) {
  return {std::move(id), curve, std::make_shared<const Pair>(EVP_EC_gen(curve.c_str()))};
}

std::string IssuerKey::Jwk(std::string_view more) const {
  std::string jwk = curve_.empty() ? R"({"kty":"RSA","n":")" + pair_->Number(OSSL_PKEY_PARAM_RSA_N) + R"(","e":")" +
                                         pair_->Number(OSSL_PKEY_PARAM_RSA_E) + '"'
                                   : R"({"kty":"EC","crv":")" + curve_ + R"(","x":")" +
                                         pair_->Number(OSSL_PKEY_PARAM_EC_PUB_X, pair_->CurveBytes()) + R"(","y":")" +
                                         pair_->Number(OSSL_PKEY_PARAM_EC_PUB_Y, pair_->CurveBytes()) + '"';
  if (!id_.empty()) jwk += R"(,"kid":")" + id_ + '"';
  return jwk + std::string(more) + "}";
}

std::string IssuerKey::PublicPem() const {
  BIO* out = BIO_new(BIO_s_mem());
  CHANCERY_CHECK(PEM_write_bio_PUBKEY(out, pair_->key) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out, &text);
  std::string pem(text, size);
  BIO_free(out);
  return pem;
}

std::string IssuerKey::Sign(std::string_view algorithm, const std::string& text) const {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_PKEY_CTX* options = nullptr;
  CHANCERY_CHECK(EVP_DigestSignInit(context, &options, DigestOf(algorithm), nullptr, pair_->key) == 1);
  if (algorithm.starts_with("PS")) {
    CHANCERY_CHECK(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1);
    CHANCERY_CHECK(EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1);
  }
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  size_t size = 0;
  CHANCERY_CHECK(EVP_DigestSign(context, nullptr, &size, bytes, text.size()) == 1);
  std::string signature(size, '\0');
  CHANCERY_CHECK(
      EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size, bytes, text.size()) == 1);
  signature.resize(size);
  EVP_MD_CTX_free(context);
  return curve_.empty() ? signature : Raw(signature, pair_->CurveBytes());
}

std::string IssuerKey::Token(const std::string& algorithm, const std::string& payload) const {
  std::string header = R"({"alg":")" + algorithm + R"(","typ":"JWT")";
  if (!id_.empty()) header += R"(,"kid":")" + id_ + '"';
  return TokenWith(header + "}", algorithm, payload);
}

std::string IssuerKey::TokenWith(const std::string& header, std::string_view algorithm,
                                 const std::string& payload) const {
  const std::string text = Base64Url(header) + "." + Base64Url(payload);
  return text + "." + Base64Url(Sign(algorithm, text));
}

std::string KeySetOf(const std::string& keys) { return R"({"keys":[)" + keys + "]}"; }

std::string Base64Url(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(size);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  text.erase(std::ranges::find(text, '='), text.end());
  return text;
}

std::string HmacSha256(std::string_view secret, std::string_view text) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes, &size);
  return {reinterpret_cast<char*>(bytes), size};
}

}  // namespace chancery::iam::testing
