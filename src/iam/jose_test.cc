#include "iam/jose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "iam/bearer_testing.h"

namespace chancery::iam {
namespace {

using testing::Base64Url;
using ::testing::HasSubstr;
using testing::HmacSha256;
using testing::IssuerKey;
using testing::KeySetOf;

const std::string kPayload = R"({"sub":"ann"})";

const IssuerKey& Rsa() {
  static const IssuerKey key = IssuerKey::Rsa("r");
  return key;
}
const IssuerKey& Ec() {
  static const IssuerKey key = IssuerKey::Ec("e");
  return key;
}

KeySet SetOf(const std::string& keys) {
  auto set = KeySet::Parse(KeySetOf(keys));
  EXPECT_TRUE(set) << base::ToString(set.error());
  return *std::move(set);
}

// The payload, or the message of whichever step refused.
std::string Open(const std::string& token, const KeySet& keys) {
  const auto jws = Jws::Read(token);
  if (!jws) return jws.error().message;
  const KeySet::Key* key = keys.Find(jws->algorithm(), jws->key_id());
  if (key == nullptr) return "no key";
  const auto payload = jws->Verify(*key);
  return payload ? *payload : payload.error().message;
}

std::string TokenOf(const std::string& header, const std::string& signature) {
  return Base64Url(header) + "." + Base64Url(kPayload) + "." + Base64Url(signature);
}

TEST(Jose, EachAlgorithmIsVerifiedWithItsKey) {
  const IssuerKey p384 = IssuerKey::Ec("e384", "P-384");
  const IssuerKey p521 = IssuerKey::Ec("e521", "P-521");
  const KeySet keys = SetOf(Rsa().Jwk() + "," + Ec().Jwk() + "," + p384.Jwk() + "," + p521.Jwk());
  ASSERT_EQ(keys.size(), 4u);
  for (const std::string algorithm : {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}) {
    EXPECT_EQ(Open(Rsa().Token(algorithm, kPayload), keys), kPayload) << algorithm;
  }
  EXPECT_EQ(Open(Ec().Token("ES256", kPayload), keys), kPayload);
  EXPECT_EQ(Open(p384.Token("ES384", kPayload), keys), kPayload);
  EXPECT_EQ(Open(p521.Token("ES512", kPayload), keys), kPayload);
}

TEST(Jose, NoneAndSharedSecretsAreNeverAccepted) {
  const KeySet keys = SetOf(Rsa().Jwk());
  for (const std::string algorithm :
       {"none", "None", "NONE", "nOnE", "", "rs256", "RS1", "RS256 ", "EdDSA", "ES256K"}) {
    const std::string header = R"({"alg":")" + algorithm + R"(","kid":"r"})";
    EXPECT_FALSE(Jws::Read(TokenOf(header, ""))) << algorithm;
    EXPECT_THAT(Open(TokenOf(header, "x"), keys), HasSubstr("alg")) << algorithm;
    EXPECT_THAT(Open(Rsa().TokenWith(header, "RS256", kPayload), keys), HasSubstr("alg")) << algorithm;
  }
  for (const std::string header : {R"({"kid":"r"})", R"({"alg":null,"kid":"r"})", R"({"alg":["RS256"],"kid":"r"})"}) {
    EXPECT_THAT(Open(Rsa().TokenWith(header, "RS256", kPayload), keys), HasSubstr("alg")) << header;
  }
  // The public key, which everybody has, as the secret.
  const std::string header = R"({"alg":"HS256","kid":"r"})";
  const std::string signature = HmacSha256(Rsa().PublicPem(), Base64Url(header) + "." + Base64Url(kPayload));
  EXPECT_THAT(Open(TokenOf(header, signature), keys), HasSubstr("alg"));
}

TEST(Jose, AKeyIsUsedWithItsAlgorithmAlone) {
  const IssuerKey p384 = IssuerKey::Ec("e");
  // Whose alg is one, whose curve is another.
  EXPECT_EQ(Open(Rsa().Token("PS256", kPayload), SetOf(Rsa().Jwk(R"(,"alg":"RS256")"))), "no key");
  EXPECT_EQ(Open(Rsa().Token("RS256", kPayload), SetOf(Rsa().Jwk(R"(,"alg":"RS256")"))), kPayload);
  EXPECT_EQ(Open(Ec().Token("ES384", kPayload), SetOf(Ec().Jwk())), "no key");
  EXPECT_EQ(Open(IssuerKey::Ec("r").Token("ES256", kPayload), SetOf(Rsa().Jwk())), "no key");
  // Verify itself holds it too.
  const KeySet keys = SetOf(Ec().Jwk());
  EXPECT_THAT(Jws::Read(Ec().Token("ES512", kPayload))->Verify(*keys.Find("ES256", "e")).error().message,
              HasSubstr("not that of the key"));
}

TEST(Jose, CriticalHeadersAreRefusedInAnyForm) {
  const KeySet keys = SetOf(Rsa().Jwk());
  for (const std::string value : {R"(["b64"])", "[]", R"("b64")", "5", "null", "true", "{}"}) {
    const std::string token = Rsa().TokenWith(R"({"alg":"RS256","kid":"r","crit":)" + value + "}", "RS256", kPayload);
    EXPECT_THAT(Open(token, keys), HasSubstr("crit")) << value;
  }
}

TEST(Jose, WhatWasChangedIsRefused) {
  const KeySet keys = SetOf(Rsa().Jwk() + "," + Ec().Jwk());
  for (const std::string& token :
       {Rsa().Token("RS256", kPayload), Rsa().Token("PS256", kPayload), Ec().Token("ES256", kPayload)}) {
    const std::string header = token.substr(0, token.find('.'));
    const std::string signature = token.substr(token.rfind('.'));
    EXPECT_THAT(Open(header + "." + Base64Url(R"({"sub":"bob"})") + signature, keys), HasSubstr("signature"));
    EXPECT_THAT(Open(header + "." + signature, keys), ::testing::Not(kPayload));
    EXPECT_THAT(Open(token.substr(0, token.rfind('.') + 1), keys), ::testing::Not(kPayload));
    EXPECT_THAT(Open(token.substr(0, token.size() - 8), keys), ::testing::Not(kPayload));
  }
  // Signed by somebody else who calls the key the same.
  EXPECT_THAT(Open(IssuerKey::Rsa("r").Token("RS256", kPayload), keys), HasSubstr("signature"));
  EXPECT_THAT(Open(IssuerKey::Ec("e").Token("ES256", kPayload), keys), HasSubstr("signature"));
  // r = s = 0, which careless verifiers of ECDSA took.
  EXPECT_THAT(Open(TokenOf(R"({"alg":"ES256","kid":"e"})", std::string(64, '\0')), keys), HasSubstr("signature"));
}

TEST(Jose, WhatIsNoTokenIsRefused) {
  const KeySet keys = SetOf(Rsa().Jwk());
  const std::string token = Rsa().Token("RS256", kPayload);
  const std::string rest = token.substr(token.find('.'));
  for (const std::string& text :
       {std::string(), std::string("."), std::string(".."), std::string("a.b"), std::string("a.b.c"), token + ".x",
        "!!!" + rest, Base64Url("{") + rest, Base64Url("[]") + rest, Base64Url("\xff\xfe") + rest,
        Base64Url(R"({"alg":"RS256"} x)") + rest, std::string("\0.\0.\0", 5), " " + token, token + "\n"}) {
    const auto read = Jws::Read(text);
    EXPECT_NE(Open(text, keys), kPayload) << text;
    if (!read) {
      EXPECT_EQ(read.error().code, base::Code::kUnrecognizedClient);
      EXPECT_EQ(read.error().message.find(rest), std::string::npos);
    }
  }
  EXPECT_THAT(Open(Rsa().Token("RS256", std::string(Jws::kMaxBytes, 'x')), keys), HasSubstr("longer than 16384 bytes"));
}

// Found by bearer_fuzz_test: cjose ends the process when a part has a length that no bytes have.
TEST(Jose, APartThatIsNoBase64UrlNeverReachesTheLibrary) {
  const std::string token = Rsa().Token("RS256", kPayload);
  const std::string header = token.substr(0, token.find('.'));
  for (const std::string part : {"A", "AAAAA", "", "AA==", "A+A", "A/A", "A A", "AA\n", "\xc3\xbc"}) {
    for (const std::string& text : {part + ".AAAA.AAAA", header + "." + part + ".AAAA", header + ".AAAA." + part}) {
      EXPECT_FALSE(Jws::Read(text)) << text;
    }
    EXPECT_EQ(SetOf(R"({"kty":"EC","crv":"P-256","x":"AAAA","y":")" + part.substr(0, part.find('\n')) + "\"}").size(),
              0u);
  }
}

TEST(Jose, ATokenWithoutIdNeedsExactlyOneKeyThatFits) {
  const std::string header = R"({"alg":"RS256"})";
  const std::string token = Rsa().TokenWith(header, "RS256", kPayload);
  EXPECT_EQ(Open(token, SetOf(Rsa().Jwk())), kPayload);
  EXPECT_EQ(Open(token, SetOf(Rsa().Jwk() + "," + Ec().Jwk())), kPayload);
  EXPECT_EQ(Open(token, SetOf(Rsa().Jwk() + "," + IssuerKey::Rsa("other").Jwk())), "no key");
  EXPECT_EQ(Open(token, SetOf(Ec().Jwk())), "no key");
  EXPECT_EQ(Open(token, KeySet()), "no key");
  // With an id, a key without one is not meant.
  EXPECT_EQ(Open(IssuerKey::Rsa("x").Token("RS256", kPayload), SetOf(IssuerKey::Rsa("").Jwk())), "no key");
}

TEST(KeySet, LeavesOutWhatSignsNothing) {
  EXPECT_EQ(SetOf("").size(), 0u);
  EXPECT_EQ(SetOf(Rsa().Jwk(R"(,"use":"sig")") + "," + Ec().Jwk(R"(,"key_ops":["verify"])")).size(), 2u);
  const std::string left_out[] = {
      Rsa().Jwk(R"(,"use":"enc")"),
      Rsa().Jwk(R"(,"key_ops":["encrypt"])"),
      Rsa().Jwk(R"(,"key_ops":"verify")"),
      IssuerKey::Rsa("small", 1024).Jwk(),
      R"({"kty":"oct","k":"c2VjcmV0","kid":"o","alg":"HS256"})",
      R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})",
      R"({"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"})",
      // Not on the curve.
      R"({"kty":"EC","crv":"P-256","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"})",
      R"({"kty":"RSA","n":"!","e":"AQAB"})",
      R"({"kty":"RSA"})",
      R"({})",
      "5",
  };
  for (const std::string& key : left_out) {
    EXPECT_EQ(SetOf(key).size(), 0u) << key;
    EXPECT_EQ(SetOf(key + "," + Ec().Jwk()).size(), 1u) << key;
  }
}

TEST(KeySet, WhatIsNoSetIsRefused) {
  for (const std::string text : {"", "{", "[]", "{}", R"({"keys":{}})", R"({"keys":1})", "<html>"}) {
    const auto set = KeySet::Parse(text);
    ASSERT_FALSE(set) << text;
    EXPECT_THAT(set.error().message, HasSubstr("key set")) << text;
  }
  EXPECT_THAT(KeySet::Parse(std::string(KeySet::kMaxBytes + 1, ' ')).error().message, HasSubstr("longer than"));
  std::string many = "{}";
  for (size_t i = 0; i < KeySet::kMaxKeys; ++i) many += ",{}";
  EXPECT_THAT(KeySet::Parse(KeySetOf(many)).error().message, HasSubstr("more than 100 keys"));
}

}  // namespace
}  // namespace chancery::iam
