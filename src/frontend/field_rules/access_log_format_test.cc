#include "frontend/field_rules/access_log_format.h"

#include <gtest/gtest.h>

namespace chancery::frontend::field_rules {
namespace {

// Each verdict is that of `envoy --mode validate`, 1.36.2 and 1.40.0 alike, except where a comment
// says that they differ.
TEST(FaultOfLogFormat, TakesWhatEnvoysTake) {
  for (std::string_view format : {"",
                                  "no operator at all",
                                  "%%",
                                  "a\nb\t%PROTOCOL%",
                                  "%REQ(a?)%",
                                  "%REQ(?a)%",
                                  "%REQ(:path?x):10%",
                                  "%START_TIME(%Y %f %3f)%",
                                  "%START_TIME()%",
                                  "%START_TIME%",
                                  "%FILTER_STATE(a:PLAIN):5%",
                                  "%FILTER_STATE(a:FIELD:b)%",
                                  "%PATH%",
                                  "%PATH:5%",
                                  "%PATH(WQ)%",
                                  "%PATH(WQ:PATH)%",
                                  "%DYNAMIC_METADATA(a:b)%",
                                  "%RESPONSE_CODE_DETAILS(X)%",
                                  "%COMMON_DURATION(DS_RX_BEG:DS_RX_END:ms)%",
                                  "%DOWNSTREAM_PEER_CERT_V_START(%Y)%",
                                  "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
                                  "%TLS_JA3_FINGERPRINT%"}) {
    EXPECT_EQ(FaultOfLogFormat(format), "") << format;
  }
}

TEST(FaultOfLogFormat, RefusesWhatEnvoysRefuse) {
  for (std::string_view format :
       {"100%", "%", "%foo%", "%()%", "%BOGUS%", "%REQ%", "%REQ()%", "%REQ(a%", "%REQ(a)", "%REQ(a):x%", "%REQ(a):%",
        "%REQ(a):99999999999999999999%", "%REQ(a?b?c)%", "%REQ(a b)%", "%REQ(a)b)%", "%RESPONSE_CODE:5%",
        "%RESPONSE_CODE(5)%", "%DYNAMIC_METADATA()%", "%DYNAMIC_METADATA%",
        // 1.40.0 takes the length.
        "%DYNAMIC_METADATA(a:b):5%", "%CLUSTER_METADATA(a:b):5%", "%FILTER_STATE(a:X)%", "%FILTER_STATE(a:FIELD)%",
        "%FILTER_STATE(a:PLAIN:b)%", "%UPSTREAM_FILTER_STATE(a:X)%", "%PATH(X)%", "%ENVIRONMENT()%", "%QUERY_PARAM()%",
        // 1.40.0 knows it.
        "%SPAN_ID%", "%PROTOCOL% %"}) {
    EXPECT_NE(FaultOfLogFormat(format), "") << format;
  }
}

TEST(FaultOfLogFormat, NamesTheOperatorOrThePlace) {
  EXPECT_EQ(FaultOfLogFormat("ab %c%"), "has no command operator at position 3");
  EXPECT_EQ(FaultOfLogFormat("%BOGUS%"), "has the command operator BOGUS, which is unknown");
  EXPECT_EQ(FaultOfLogFormat("%REQ%"), "has the command operator REQ, which needs an argument");
  EXPECT_EQ(FaultOfLogFormat("%PROTOCOL:1%"), "has the command operator PROTOCOL, which takes no length");
}

}  // namespace
}  // namespace chancery::frontend::field_rules
