#include "iam/sigv4_canonical.h"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/check.h"

namespace chancery::iam {
namespace {

using Digest = SigningKey;

constexpr std::string_view kTerminator = "aws4_request";
constexpr std::string_view kDigits = "0123456789abcdef";
// Of percent-encoding.
constexpr std::string_view kCapitalDigits = "0123456789ABCDEF";

bool IsUnreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

char ToLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool IsNamed(std::string_view header, std::string_view lower_name) {
  return std::ranges::equal(header, lower_name, {}, ToLower);
}

std::optional<int> HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = ToLower(c);
  if (lower >= 'a' && lower <= 'f') return lower - 'a' + 10;
  return std::nullopt;
}

void AppendEncoded(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (IsUnreserved(c)) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<uint8_t>(c);
    out.push_back('%');
    out.push_back(kCapitalDigits[byte >> 4]);
    out.push_back(kCapitalDigits[byte & 15]);
  }
}

std::string Encode(std::string_view text) {
  std::string out;
  AppendEncoded(out, text);
  return out;
}

std::string Decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const std::optional<int> high = HexValue(text[i + 1]);
      const std::optional<int> low = HexValue(text[i + 2]);
      if (high && low) {
        out.push_back(static_cast<char>(*high * 16 + *low));
        i += 2;
        continue;
      }
    }
    out.push_back(text[i]);
  }
  return out;
}

// The parts of `text` between `separator`s, empty ones included.
template <typename Take>
void ForEachPart(std::string_view text, char separator, Take take) {
  while (true) {
    const size_t end = text.find(separator);
    take(text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

std::string ToHex(const Digest& digest) {
  std::string text;
  text.reserve(digest.size() * 2);
  for (const unsigned char byte : digest) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

// Looked up once: OpenSSL 3 finds an algorithm by its name, which takes longer than it does to hash a request.
const EVP_MD* Sha256() {
  static const EVP_MD* const kSha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  CHANCERY_CHECK(kSha256 != nullptr);
  return kSha256;
}

using Mac = std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)>;

// HMAC-SHA256 without a key, never changed; copies of it are given one.
const EVP_MAC_CTX* HmacPrototype() {
  static const EVP_MAC_CTX* const kPrototype = [] {
    EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    EVP_MAC_CTX* const context = EVP_MAC_CTX_new(hmac);
    std::string digest = "SHA256";
    const std::array<OSSL_PARAM, 2> parameters = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0), OSSL_PARAM_construct_end()};
    CHANCERY_CHECK(EVP_MAC_CTX_set_params(context, parameters.data()) == 1);
    EVP_MAC_free(hmac);
    return context;
  }();
  return kPrototype;
}

const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

Digest Hmac(std::string_view key, std::string_view text) {
  Digest digest{};
  const Mac mac(EVP_MAC_CTX_dup(HmacPrototype()), EVP_MAC_CTX_free);
  CHANCERY_CHECK(EVP_MAC_init(mac.get(), Bytes(key), key.size(), nullptr) == 1);
  CHANCERY_CHECK(EVP_MAC_update(mac.get(), Bytes(text), text.size()) == 1);
  CHANCERY_CHECK(EVP_MAC_final(mac.get(), digest.data(), nullptr, digest.size()) == 1);
  return digest;
}

std::string_view AsText(const Digest& digest) { return {reinterpret_cast<const char*>(digest.data()), digest.size()}; }

}  // namespace

std::pair<std::string_view, std::string_view> SplitTarget(std::string_view target) {
  const size_t mark = target.find('?');
  if (mark == std::string_view::npos) return {target, {}};
  return {target.substr(0, mark), target.substr(mark + 1)};
}

std::vector<std::pair<std::string, std::string>> ReadQuery(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  ForEachPart(query, '&', [&](std::string_view part) {
    if (part.empty()) return;
    const size_t equals = std::min(part.find('='), part.size());
    parameters.emplace_back(Decode(part.substr(0, equals)), Decode(part.substr(std::min(equals + 1, part.size()))));
  });
  return parameters;
}

std::string CanonicalPath(std::string_view path) {
  std::vector<std::string_view> segments;
  ForEachPart(path, '/', [&](std::string_view segment) {
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (!segment.empty() && segment != ".") {
      segments.push_back(segment);
    }
  });
  std::string out = path.empty() || path.front() == '/' ? "/" : "";
  bool first = true;
  for (const std::string_view segment : segments) {
    if (!std::exchange(first, false)) out.push_back('/');
    AppendEncoded(out, segment);
  }
  if (!segments.empty() && path.back() == '/') out.push_back('/');
  return out;
}

std::string CanonicalQuery(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  for (const auto& [name, value] : ReadQuery(query)) {
    if (name != "X-Amz-Signature") parameters.emplace_back(Encode(name), Encode(value));
  }
  std::ranges::sort(parameters);
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (!out.empty()) out.push_back('&');
    out.append(name).append("=").append(value);
  }
  return out;
}

std::string CanonicalValue(std::string_view value) {
  std::string out;
  bool space = false;
  for (const char c : value) {
    if (IsSpace(c)) {
      space = true;
      continue;
    }
    if (space && !out.empty()) out.push_back(' ');
    space = false;
    out.push_back(c);
  }
  return out;
}

std::vector<std::string_view> HeaderValues(const SignedRequest& request, std::string_view name) {
  std::vector<std::string_view> values;
  for (const auto& [header, value] : request.headers) {
    if (IsNamed(header, name)) values.push_back(value);
  }
  return values;
}

std::string CanonicalRequest(const SignedRequest& request, const std::vector<std::string>& signed_headers,
                             std::string_view host, std::string_view payload) {
  const auto [path, query] = SplitTarget(request.target);
  std::string out = fmt::format("{}\n{}\n{}\n", request.method, CanonicalPath(path), CanonicalQuery(query));
  for (const std::string& name : signed_headers) {
    out.append(name).push_back(':');
    if (name == "host") {
      out.append(host);
    } else {
      bool first = true;
      for (const std::string_view value : HeaderValues(request, name)) {
        if (!std::exchange(first, false)) out.push_back(',');
        out.append(CanonicalValue(value));
      }
    }
    out.push_back('\n');
  }
  out.append(fmt::format("\n{}\n{}", fmt::join(signed_headers, ";"), payload));
  return out;
}

std::string HexSha256(std::string_view content) {
  Digest digest{};
  unsigned size = 0;
  CHANCERY_CHECK(EVP_Digest(content.data(), content.size(), digest.data(), &size, Sha256(), nullptr) == 1);
  return ToHex(digest);
}

SigningKey DeriveSigningKey(std::string_view secret, std::string_view date, std::string_view region,
                            std::string_view service) {
  std::string start = fmt::format("AWS4{}", secret);
  SigningKey key = Hmac(start, date);
  for (const std::string_view part : {region, service, kTerminator}) key = Hmac(AsText(key), part);
  // What is left on the heap would sign other requests.
  OPENSSL_cleanse(start.data(), start.size());
  return key;
}

std::string SignatureOf(const SigV4Claim& claim, std::string_view canonical_request, const SigningKey& key) {
  const std::string scope = fmt::format("{}/{}/{}/{}", claim.date, claim.region, claim.service, claim.terminator);
  const std::string text =
      fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", claim.timestamp, scope, HexSha256(canonical_request));
  return ToHex(Hmac(AsText(key), text));
}

std::string SignatureOf(const SigV4Claim& claim, std::string_view canonical_request, std::string_view secret) {
  SigningKey key = DeriveSigningKey(secret, claim.date, claim.region, claim.service);
  std::string signature = SignatureOf(claim, canonical_request, key);
  OPENSSL_cleanse(key.data(), key.size());
  return signature;
}

}  // namespace chancery::iam
