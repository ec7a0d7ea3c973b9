#pragma once

#include "compile/testing/simulation/request.h"

namespace envoy::config::route::v3 {
class HeaderMatcher;
class QueryParameterMatcher;
}  // namespace envoy::config::route::v3

namespace chancery::compile::testing {

// As Envoy does: a matcher of a value, inverted or not, does not take a request without the header;
// `present_match` alone, inverted, does (contract/envoy.md §2.4). Of several values one is enough, and inverted none
// may.
bool Matches(const envoy::config::route::v3::HeaderMatcher& matcher, const Request& request, RepeatedHeaders repeated);
bool Matches(const envoy::config::route::v3::QueryParameterMatcher& matcher, const Request& request);

// content-type application/grpc or application/grpc+x.
bool IsGrpc(const Request& request);

}  // namespace chancery::compile::testing
