#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

// What accounts, users, groups and policies may be called: IAM's rules
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html). Pure.
namespace chancery::iam {

// 12 digits.
bool IsAccount(std::string_view text);

// Errors are kBadRequest naming `field`.
base::Status CheckAccount(std::string_view field, std::string_view account);
// 1 to 128 letters, digits and any of +=,.@_-
base::Status CheckName(std::string_view field, std::string_view name);

// Whether it is formed like the id of an access key, ours or AWS's: 16 to 32 capital letters and digits. No secret is.
bool IsAccessKeyId(std::string_view text);

// Users that client certificates name, and nobody else can be: their names have characters that no other name has.
// spiffe://<trust domain>/<path>, as the SPIFFE ID standard has it, or dns:<host name>.
bool IsSpiffeId(std::string_view text);
// "ns/shop/sa/cart" of spiffe://trust.domain/ns/shop/sa/cart; empty for what is no SPIFFE ID or has no path.
std::string_view SpiffePathOf(std::string_view user);
bool IsCertificateUser(std::string_view name);
// A name, or that of a certificate's user.
base::Status CheckUser(std::string_view field, std::string_view user);
// The user that a verified certificate is of: that of its one URI or, without one, of its one DNS name. Certificates of
// several are of nobody, for which one was meant is anybody's guess. kAccessDenied says what is wrong.
base::Result<std::string> CertificateUser(std::span<const std::string> uris, std::span<const std::string> dns_names);

}  // namespace chancery::iam
