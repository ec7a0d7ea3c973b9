#include "iam/jose.h"

#include <cjose/cjose.h>
#include <fmt/format.h>
#include <jansson.h>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <utility>

namespace chancery::iam {
namespace {

namespace json = boost::json;
using base::Code;
using base::Error;

constexpr size_t kMinRsaBits = 2048;  // RFC 7518 §3.3
// What a key or algorithm is of: "RSA", or the curve.
constexpr std::string_view kRsa = "RSA";

constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kAlgorithms = {{
    {"RS256", kRsa},
    {"RS384", kRsa},
    {"RS512", kRsa},
    {"PS256", kRsa},
    {"PS384", kRsa},
    {"PS512", kRsa},
    {"ES256", "P-256"},
    {"ES384", "P-384"},
    {"ES512", "P-521"},
}};

// Empty for one that we do not accept.
std::string_view FamilyOf(std::string_view algorithm) {
  const auto* found = std::ranges::find(kAlgorithms, algorithm, &std::pair<std::string_view, std::string_view>::first);
  return found == kAlgorithms.end() ? std::string_view() : found->second;
}

Error Refused(std::string_view why) {
  // What OpenSSL noted about the failure must not be found by the next who asks on this thread.
  ERR_clear_error();
  return {Code::kUnrecognizedClient, fmt::format("bearer token: {}", why), {}};
}

Error NoSet(std::string why) { return {Code::kBadRequest, std::move(why), {}}; }

std::string_view TextOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

// Base64url without padding and of a possible length. cjose ends the process for some texts that are not.
bool IsBase64Url(std::string_view text) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return !text.empty() && text.size() % 4 != 1 && text.find_first_not_of(kDigits) == std::string_view::npos;
}

// Three such parts with dots between them.
bool IsCompact(std::string_view text) {
  const size_t first = text.find('.');
  const size_t last = text.rfind('.');
  return first != last && IsBase64Url(text.substr(0, first)) && IsBase64Url(text.substr(first + 1, last - first - 1)) &&
         IsBase64Url(text.substr(last + 1));
}

struct JwkRelease {
  void operator()(cjose_jwk_t* key) const { cjose_jwk_release(key); }
};
using JwkPtr = std::unique_ptr<cjose_jwk_t, JwkRelease>;

}  // namespace

class KeySet::Key {
 public:
  Key(std::string id, std::string algorithm, std::string family, JwkPtr jwk)
      : id_(std::move(id)), algorithm_(std::move(algorithm)), family_(std::move(family)), jwk_(std::move(jwk)) {}

  const std::string& id() const { return id_; }
  // RFC 8725 §3.1: a key is used with its own algorithm alone.
  bool Fits(std::string_view algorithm) const {
    return FamilyOf(algorithm) == family_ && (algorithm_.empty() || algorithm_ == algorithm);
  }
  // cjose reads it only, from many threads at once.
  const cjose_jwk_t* jwk() const { return jwk_.get(); }

 private:
  std::string id_;
  // Empty when any of its family will do.
  std::string algorithm_;
  std::string family_;
  JwkPtr jwk_;
};

namespace {

bool ForSignatures(const json::object& key) {
  const std::string_view use = TextOf(key, "use");
  if (!use.empty() && use != "sig") return false;
  const json::value* operations = key.if_contains("key_ops");
  if (operations == nullptr) return true;
  return operations->is_array() &&
         std::ranges::find(operations->get_array(), json::value("verify")) != operations->get_array().end();
}

// Null for a key that is left out.
std::shared_ptr<const KeySet::Key> ReadKey(const json::object& key) {
  const bool rsa = TextOf(key, "kty") == kRsa;
  const std::string_view family = rsa ? kRsa : TextOf(key, "crv");
  if (!rsa && TextOf(key, "kty") != "EC") return nullptr;
  if (!ForSignatures(key)) return nullptr;
  json::object shown{{"kty", TextOf(key, "kty")}};
  if (!rsa) shown["crv"] = family;
  for (const std::string_view name : rsa ? std::array{"n", "e"} : std::array{"x", "y"}) {
    const std::string_view number = TextOf(key, name);
    if (!IsBase64Url(number)) return nullptr;
    shown[name] = number;
  }
  const std::string text = json::serialize(shown);
  JwkPtr jwk(cjose_jwk_import(text.data(), text.size(), nullptr));
  ERR_clear_error();
  if (!jwk || (rsa && cjose_jwk_get_keysize(jwk.get(), nullptr) < kMinRsaBits)) return nullptr;
  return std::make_shared<const KeySet::Key>(std::string(TextOf(key, "kid")), std::string(TextOf(key, "alg")),
                                             std::string(family), std::move(jwk));
}

}  // namespace

base::Result<KeySet> KeySet::Parse(std::string_view text) {
  if (text.size() > kMaxBytes) return NoSet(fmt::format("the key set is longer than {} bytes", kMaxBytes));
  json::error_code error;
  const json::value value = json::parse({text.data(), text.size()}, error);
  if (error) return NoSet(fmt::format("the key set is not valid JSON: {}", error.message()));
  const json::object* set = value.if_object();
  const json::value* keys = set == nullptr ? nullptr : set->if_contains("keys");
  if (keys == nullptr || !keys->is_array()) return NoSet("the key set has no array \"keys\"");
  if (keys->get_array().size() > kMaxKeys) return NoSet(fmt::format("the key set has more than {} keys", kMaxKeys));
  KeySet result;
  for (const json::value& key : keys->get_array()) {
    if (!key.is_object()) continue;
    if (auto read = ReadKey(key.get_object())) result.keys_.push_back(std::move(read));
  }
  return result;
}

const KeySet::Key* KeySet::Find(std::string_view algorithm, std::string_view id) const {
  const Key* found = nullptr;
  for (const auto& key : keys_) {
    if (!key->Fits(algorithm)) continue;
    if (!id.empty() && key->id() == id) return key.get();
    if (!id.empty()) continue;
    if (found != nullptr) return nullptr;
    found = key.get();
  }
  return found;
}

struct Jws::Parsed {
  explicit Parsed(cjose_jws_t* made) : jws(made) {}
  ~Parsed() { cjose_jws_release(jws); }
  Parsed(const Parsed&) = delete;
  Parsed& operator=(const Parsed&) = delete;

  cjose_jws_t* jws;
};

base::Result<Jws> Jws::Read(std::string_view compact) {
  if (compact.size() > kMaxBytes) return Refused(fmt::format("is longer than {} bytes", kMaxBytes));
  if (!IsCompact(compact)) return Refused("is not three parts in base64url with dots between them");
  cjose_jws_t* made = cjose_jws_import(compact.data(), compact.size(), nullptr);
  if (made == nullptr) return Refused("cannot be read, or its algorithm (alg) is not accepted");
  Jws jws;
  jws.parsed_ = std::make_shared<Parsed>(made);
  cjose_header_t* header = cjose_jws_get_protected(made);
  const auto member = [header](const char* name) {
    const char* value = cjose_header_get(header, name, nullptr);
    return std::string(value == nullptr ? "" : value);
  };
  jws.algorithm_ = member(CJOSE_HDR_ALG);
  jws.key_id_ = member(CJOSE_HDR_KID);
  if (FamilyOf(jws.algorithm_).empty()) return Refused("its algorithm (alg) is not RS, PS or ES with 256, 384 or 512");
  // cjose itself takes no notice of it.
  if (json_object_get(header, "crit") != nullptr) return Refused("has critical headers (crit), and none is known here");
  return jws;
}

base::Result<std::string> Jws::Verify(const KeySet::Key& key) const {
  // Otherwise cjose would take any curve for any ES.
  if (!key.Fits(algorithm_)) return Refused("its algorithm (alg) is not that of the key");
  if (!cjose_jws_verify(parsed_->jws, key.jwk(), nullptr))
    return Refused("its signature is not that of the issuer's key");
  uint8_t* payload = nullptr;
  size_t size = 0;
  if (!cjose_jws_get_plaintext(parsed_->jws, &payload, &size, nullptr)) return Refused("has no payload");
  // The bytes stay the token's.
  return std::string(reinterpret_cast<const char*>(payload), size);
}

}  // namespace chancery::iam
