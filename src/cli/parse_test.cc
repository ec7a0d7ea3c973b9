#include "cli/parse.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace chancery::cli {
namespace {

TEST(ParseTest, HostPort) {
  const std::vector<std::pair<std::string, Endpoint>> accepted = {
      {"127.0.0.1:80", {"127.0.0.1", 80, ""}},
      {"[::1]:18000", {"::1", 18000, ""}},
      {"xds.example.org:65535", {"xds.example.org", 65535, ""}},
  };
  for (const auto& [text, expected] : accepted) {
    auto endpoint = ParseHostPort(text);
    ASSERT_TRUE(endpoint) << text;
    EXPECT_EQ(*endpoint, expected) << text;
  }
  for (const char* text : {"", ":", ":80", "host", "host:", "host:0", "host:65536", "host:-1", "host:8o", "::1:80",
                           "[]:80", "[127.0.0.1]:80", "[x:y]:80", "a b:80", "a/b:80", "host:80 "}) {
    EXPECT_FALSE(ParseHostPort(text)) << text;
  }
}

TEST(ParseTest, XdsEndpointMayBeASocket) {
  EXPECT_EQ(ParseXdsEndpoint("unix:///run/xds.sock")->pipe, "/run/xds.sock");
  EXPECT_EQ(ParseXdsEndpoint("unix:/run/xds.sock")->pipe, "/run/xds.sock");
  EXPECT_EQ(ParseXdsEndpoint("xds.local:443")->host, "xds.local");
  for (const char* text : {"unix:", "unix://", "unix:relative", "unix:///a b", "xds.local"}) {
    EXPECT_FALSE(ParseXdsEndpoint(text)) << text;
  }
}

TEST(ParseTest, AddressPortTakesNoName) {
  EXPECT_EQ(ParseAddressPort("127.0.0.53:53")->port, 53);
  EXPECT_EQ(ParseAddressPort("[::1]:53")->host, "::1");
  EXPECT_EQ(ParseAddressPort("localhost:53").error().message,
            "expected ADDRESS:PORT with an IP address, not 'localhost:53'");
}

TEST(ParseTest, Bool) {
  for (const char* text : {"1", "true", "TRUE", "t"}) EXPECT_TRUE(*ParseBool(text)) << text;
  for (const char* text : {"0", "false", "False", "f"}) EXPECT_FALSE(*ParseBool(text)) << text;
  for (const char* text : {"", "yes", "2", "tRUE"}) EXPECT_FALSE(ParseBool(text).has_value()) << text;
}

TEST(ParseTest, GoDuration) {
  const std::vector<std::pair<std::string, int>> accepted = {
      {"5s", 5000}, {"250ms", 250}, {"1m30s", 90'000}, {"1.5s", 1500}, {"24h", 86'400'000}};
  for (const auto& [text, millis] : accepted) {
    auto duration = ParseGoDuration(text);
    ASSERT_TRUE(duration) << text;
    EXPECT_EQ(duration->count(), millis) << text;
  }
  for (const char* text : {"", "5", "s", "-5s", "0s", "1us", "25h", "5 s", "5x", "5s5", "nans", "infs"}) {
    EXPECT_FALSE(ParseGoDuration(text)) << text;
  }
}

TEST(ParseTest, ALongValueIsCutInTheMessage) {
  EXPECT_LT(ParseHostPort(std::string(100'000, 'x')).error().message.size(), 300U);
}

}  // namespace
}  // namespace chancery::cli
