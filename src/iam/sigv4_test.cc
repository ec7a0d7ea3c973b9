#include "iam/sigv4.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "iam/sigv4_canonical.h"
#include "iam/sigv4_testing.h"

namespace chancery::iam {
namespace {

using base::Code;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Decide;
using testing::OwnedRequest;
using testing::Signer;
using testing::SigV4Case;

const std::chrono::sys_seconds kNow{std::chrono::sys_days(std::chrono::year(2026) / 11 / 24) + std::chrono::hours(12)};

Signer At(std::chrono::sys_seconds time) { return {.time = time}; }

OwnedRequest Signed(OwnedRequest request, const Signer& signer = At(kNow)) {
  if (request.headers.empty()) request.Header("Host") = "localhost:8080";
  SignSigV4(signer, request);
  return request;
}

base::Status Verify(const OwnedRequest& request, std::string_view secret = Signer().secret, auto... expected) {
  const auto claim = ReadSigV4(request.View());
  if (!claim) return claim.error();
  return VerifySigV4(*claim, request.View(), secret, {"us-east-1", "appmesh", kNow, expected...});
}

std::string MessageOf(const base::Status& status) { return status ? "Ok" : status.error().message; }

// Whether reading says this code and a message with `part`.
void ExpectUnreadable(const OwnedRequest& request, Code code, std::string_view part) {
  const auto claim = ReadSigV4(request.View());
  ASSERT_FALSE(claim) << part;
  EXPECT_EQ(claim.error().code, code) << claim.error().message;
  EXPECT_NE(claim.error().message.find(part), std::string::npos) << claim.error().message;
}

void ExpectDecidedAsWritten(const std::string& path, size_t count) {
  std::ifstream file(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto cases = testing::ReadSigV4Cases(text);
  ASSERT_TRUE(cases);
  EXPECT_EQ(cases->size(), count);
  for (const SigV4Case& test : *cases) EXPECT_EQ(Decide(test), test.expected) << test.name;
}

TEST(SigV4, DecidesWhatBotocoreSigned) { ExpectDecidedAsWritten("testdata/sigv4_cases.txt", 132); }

// Recorded behind the filter aws_request_signing with use_unsigned_payload, of the Envoys named in the cases. It leaves
// :443 out of the host that it signs, and signs `te` and what else the client sent.
TEST(SigV4, DecidesWhatEnvoySigned) { ExpectDecidedAsWritten("testdata/sigv4_envoy_cases.txt", 6); }

TEST(SigV4, ReadsTheHeaderForm) {
  OwnedRequest request;
  request.Header("Host") = "localhost";
  request.Header("x-AMZ-security-token") = " token ";
  const auto claim = ReadSigV4(Signed(request).View());
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->access_key_id, "AKIDEXAMPLE");
  EXPECT_EQ(claim->date, "20261124");
  EXPECT_EQ(claim->region, "us-east-1");
  EXPECT_EQ(claim->service, "appmesh");
  EXPECT_EQ(claim->terminator, "aws4_request");
  EXPECT_EQ(claim->timestamp, "20261124T120000Z");
  EXPECT_EQ(claim->time, kNow);
  EXPECT_EQ(claim->signed_headers, (std::vector<std::string>{"host", "x-amz-date", "x-amz-security-token"}));
  EXPECT_EQ(claim->signature.size(), 64u);
  EXPECT_EQ(claim->security_token, "token");
  EXPECT_EQ(claim->expires, std::nullopt);
  EXPECT_EQ(ValidUntil(*claim, minutes(5)), kNow + minutes(5));
}

TEST(SigV4, ReadsThePresignedForm) {
  OwnedRequest request{.target = "/v20190125/meshes?X-Amz-Security-Token=a%2Bb%3D&limit=3"};
  request.Header("Host") = "localhost";
  PresignSigV4(At(kNow), minutes(10), request);
  const auto claim = ReadSigV4(request.View());
  ASSERT_TRUE(claim) << claim.error().message;
  EXPECT_EQ(claim->access_key_id, "AKIDEXAMPLE");
  EXPECT_EQ(claim->security_token, "a+b=");
  EXPECT_EQ(claim->signed_headers, std::vector<std::string>{"host"});
  EXPECT_EQ(claim->expires, minutes(10));
  EXPECT_EQ(ValidUntil(*claim, minutes(5)), kNow + minutes(10));
  EXPECT_TRUE(Verify(request));
}

TEST(SigV4, NamesWhatIsMissing) {
  ExpectUnreadable({}, Code::kMissingAuthentication, "Missing Authentication Token");
  ExpectUnreadable({.target = "/?X-Amz-Date=20150830T123600Z"}, Code::kMissingAuthentication, "Missing");
  ExpectUnreadable({.headers = {{"Authorization", ""}}}, Code::kIncompleteSignature, "scheme");
  ExpectUnreadable({.headers = {{"Authorization", "Bearer abc"}}}, Code::kIncompleteSignature, "scheme");
  for (const char* part : {"'Credential'", "'SignedHeaders'", "'Signature'"}) {
    ExpectUnreadable({.headers = {{"authorization", "AWS4-HMAC-SHA256 "}}}, Code::kIncompleteSignature, part);
  }
  for (const char* part :
       {"X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature"}) {
    ExpectUnreadable({.target = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256"}, Code::kIncompleteSignature, part);
  }
  ExpectUnreadable({.target = "/?X-Amz-Signature=0"}, Code::kIncompleteSignature, "X-Amz-Algorithm");
}

// The signed request with one text of its Authorization replaced by another.
OwnedRequest Replaced(std::string_view from, std::string_view to) {
  OwnedRequest request = Signed({});
  std::string& text = request.Header("Authorization");
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return request;
}

TEST(SigV4, NamesWhatIsBroken) {
  constexpr Code code = Code::kIncompleteSignature;
  ExpectUnreadable(Replaced("Credential=", "Credential"), code, "without '='");
  ExpectUnreadable(Replaced("SignedHeaders=", "Signature=,SignedHeaders="), code, "twice");
  ExpectUnreadable(Replaced("AKIDEXAMPLE", ""), code, "5 elements");
  ExpectUnreadable(Replaced("AKIDEXAMPLE", "a/b"), code, "5 elements");
  ExpectUnreadable(Replaced("AKIDEXAMPLE", std::string(129, 'A')), code, "5 elements");
  ExpectUnreadable(Replaced("AKIDEXAMPLE", "AKID\xff"), code, "character");
  ExpectUnreadable(Replaced("host;", "host;;"), code, "SignedHeaders");
  ExpectUnreadable(Replaced("host;", "host;host;"), code, "SignedHeaders");
  // These are sorted.
  for (const char* names : {";host", "\n;host", "Host;host", "a:;host"}) {
    ExpectUnreadable(Replaced("SignedHeaders=host", "SignedHeaders=" + std::string(names)), code, "SignedHeaders");
  }
  ExpectUnreadable(Replaced("Signature=", "Signature=0"), code, "64 hexadecimal digits");
  OwnedRequest capital = Signed({});
  capital.Header("Authorization").back() = 'A';
  ExpectUnreadable(capital, code, "64 hexadecimal digits");
  capital.Header("Authorization").back() = 'g';
  ExpectUnreadable(capital, code, "64 hexadecimal digits");
  for (const char* date : {"20261124T120000", "20261124 120000Z", "20261124T12000xZ", "20261324T120000Z",
                           "20260229T120000Z", "20261124T240000Z", "20261124T126000Z", "20261124T120060Z"}) {
    OwnedRequest request = Signed({});
    request.Header("X-Amz-Date") = date;
    ExpectUnreadable(request, code, "X-Amz-Date");
  }
  for (const char* expires : {"", "x", "1x", "-1", "0", "604801", "99999999999999999999"}) {
    const std::string signature = "&X-Amz-SignedHeaders=host&X-Amz-Signature=" + std::string(64, '0');
    ExpectUnreadable({.target = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2FB%2FC%2FD%2FE&X-Amz-Date="
                                "20261124T120000Z&X-Amz-Expires=" +
                                std::string(expires) + signature},
                     code, "X-Amz-Expires");
  }
  ExpectUnreadable({.target = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Algorithm=AWS4-HMAC-SHA256"}, code, "twice");
}

TEST(SigV4, IsBounded) {
  constexpr Code code = Code::kIncompleteSignature;
  OwnedRequest request = Signed({});
  request.headers.resize(257);
  ExpectUnreadable(request, code, "256 headers");
  ExpectUnreadable({.target = std::string((64 << 10) + 1, '/')}, code, "64 KiB");
  ExpectUnreadable({.headers = {{"Authorization", std::string((16 << 10) + 1, ' ')}}}, code, "16 KiB");
  ExpectUnreadable({.method = "GET\n/other"}, code, "method");
  ExpectUnreadable({.method = std::string(33, 'A')}, code, "method");
  std::string names = "SignedHeaders=";
  for (int i = 100; i < 165; ++i) names.append(std::to_string(i)).append(";");
  ExpectUnreadable(Replaced("SignedHeaders=", names), code, "64 names");
}

TEST(SigV4, SaysWhyAsAwsDoes) {
  EXPECT_EQ(MessageOf(Verify(Signed({}))), "Ok");
  Signer signer = At(kNow);
  signer.region = "eu-west-1";
  EXPECT_EQ(MessageOf(Verify(Signed({}, signer))), "Credential should be scoped to a valid region, not 'eu-west-1'.");
  signer = At(kNow);
  signer.service = "s3";
  EXPECT_EQ(MessageOf(Verify(Signed({}, signer))), "Credential should be scoped to correct service: 'appmesh'.");
  EXPECT_EQ(MessageOf(Verify(Signed({}, At(kNow - seconds(301))))),
            "Signature expired: 20261124T115459Z held until 20261124T115959Z, it is now 20261124T120000Z.");
  EXPECT_EQ(MessageOf(Verify(Signed({}, At(kNow + seconds(301))))),
            "Signature not yet current: 20261124T120501Z is still later than 20261124T120500Z (20261124T120000Z + 300 "
            "s.)");
  EXPECT_TRUE(Verify(Signed({}, At(kNow - seconds(300)))));
  EXPECT_TRUE(Verify(Signed({}, At(kNow + seconds(300)))));
}

TEST(SigV4, TellsNeitherSecretNorSignature) {
  OwnedRequest request = Signed({});
  const base::Status status = Verify(request, "no");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kInvalidSignature);
  EXPECT_TRUE(status.error().message.starts_with(
      "The request signature we calculated does not match the signature you provided."));
  request.method = "PUT";
  const std::string message = MessageOf(Verify(request));
  EXPECT_EQ(message.find(Signer().secret), std::string::npos);
  SignSigV4(At(kNow), request);
  EXPECT_EQ(message.find(ReadSigV4(request.View())->signature), std::string::npos);
}

// A key that was not found must not be one that everybody has.
TEST(SigV4, AnEmptySecretSignsNothing) {
  Signer signer = At(kNow);
  signer.secret = "";
  EXPECT_FALSE(Verify(Signed({}, signer), ""));
}

// What VerifySigV4 says to a claim of this kind that is signed as it stands.
std::string MessageToSigner(void (*change)(SigV4Claim& claim)) {
  const OwnedRequest request = Signed({});
  SigV4Claim claim = *ReadSigV4(request.View());
  change(claim);
  const std::string canonical = CanonicalRequest(request.View(), claim.signed_headers, "localhost:8080", HexSha256(""));
  claim.signature = SignatureOf(claim, canonical, Signer().secret);
  return MessageOf(VerifySigV4(claim, request.View(), Signer().secret, {"us-east-1", "appmesh", kNow}));
}

TEST(SigV4, AGoodSignatureOfSomethingElseIsNotEnough) {
  EXPECT_EQ(MessageToSigner([](SigV4Claim&) {}), "Ok");
  EXPECT_EQ(MessageToSigner([](SigV4Claim& claim) { claim.terminator = "aws5_request"; }),
            "Credential should be scoped with a valid terminator: 'aws4_request'.");
  EXPECT_EQ(MessageToSigner([](SigV4Claim& claim) { claim.date = "20261123"; }),
            "Date in Credential scope does not match the date of X-Amz-Date: '20261123' != '20261124'.");
  EXPECT_EQ(MessageToSigner([](SigV4Claim& claim) { claim.signed_headers = {"x-amz-date"}; }),
            "'host' must be among the SignedHeaders.");
  EXPECT_EQ(MessageToSigner([](SigV4Claim& claim) { claim.signed_headers = {"host"}; }),
            "There is an x-amz-* header in the request that is not among the SignedHeaders.");
}

TEST(SigV4, ThePayloadHashIsThereOnce) {
  OwnedRequest request;
  request.Header("Host") = "localhost";
  request.headers.resize(3, {"x-amz-content-sha256", HexSha256("")});
  EXPECT_EQ(MessageOf(Verify(Signed(request))), "The request has the header 'x-amz-content-sha256' twice.");
}

// Nanoseconds since 1970 end in 2262.
TEST(SigV4, AYearFarOffIsJustExpiredOrNotYetCurrent) {
  EXPECT_TRUE(MessageOf(Verify(Signed({}, At(std::chrono::sys_days(std::chrono::year(9999) / 12 / 31)))))
                  .starts_with("Signature not yet current"));
  OwnedRequest request = Signed({}, At(std::chrono::sys_days(std::chrono::year(1600) / 1 / 1)));
  EXPECT_TRUE(MessageOf(Verify(request)).starts_with("Signature expired"));
}

// The messages of a stream come after its headers; those of a call are its body.
TEST(SigV4, OnlyAStreamMayLeaveItsPayloadUnsigned) {
  OwnedRequest request{.method = "POST"};
  request.Header("Host") = "localhost";
  request.Header("x-amz-content-sha256") = "UNSIGNED-PAYLOAD";
  request.body = "x";
  request = Signed(request);
  EXPECT_NE(MessageOf(Verify(request)).find("UNSIGNED-PAYLOAD is not accepted"), std::string::npos);
  EXPECT_TRUE(Verify(request, Signer().secret, minutes(5), SigV4Payload::kStream));
}

TEST(SigV4, AStreamsMessagesAreNotLookedAt) {
  OwnedRequest request = Signed({});
  request.body = "a message";
  EXPECT_FALSE(Verify(request));
  EXPECT_TRUE(Verify(request, Signer().secret, minutes(5), SigV4Payload::kStream));
}

TEST(SigV4Canonical, KeepsWhatTheSignatureMustTellApart) {
  EXPECT_EQ(CanonicalPath("/my%20mesh%2Fx%401"), "/my%2520mesh%252Fx%25401");
  EXPECT_EQ(CanonicalPath("/a/./b//../c/"), "/a/c/");
  EXPECT_EQ(CanonicalPath("a"), "a");
  EXPECT_EQ(CanonicalPath(""), "/");
  EXPECT_EQ(CanonicalQuery("b=2&a=%2f&a=&&c&X-Amz-Signature=x&=y"), "=y&a=&a=%2F&b=2&c=");
  EXPECT_EQ(CanonicalQuery("a=%&b=%4&c=%41&d=%gg"), "a=%25&b=%254&c=A&d=%25gg");
  EXPECT_EQ(CanonicalValue("  a \t b\r\n c "), "a b c");
  EXPECT_EQ(CanonicalValue(" \t"), "");
  EXPECT_EQ(HexSha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

// The parsers meet raw bytes first; whatever comes, they answer.
TEST(SigV4, AnyBytesAreAnswered) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  for (size_t start = 0; start < 256; ++start) {
    const std::string junk = bytes.substr(start);
    OwnedRequest request{.method = "GET", .target = junk, .headers = {{junk, junk}}};
    request.Header("Authorization") = "AWS4-HMAC-SHA256 Credential=" + junk;
    EXPECT_FALSE(ReadSigV4(request.View()));
  }
}

}  // namespace
}  // namespace chancery::iam
