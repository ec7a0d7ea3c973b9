#include "cli/tracing.h"

#include <envoy/config/bootstrap/v3/bootstrap.pb.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/bootstrap.h"

namespace chancery::cli {
namespace {

using testing::HasSubstr;

BootstrapOptions Minimal() {
  BootstrapOptions options;
  options.resource_arn = "mesh/m/virtualGateway/edge";
  options.xds = Endpoint{"127.0.0.1", 1, ""};
  return options;
}

TEST(TracingTest, TwoTracersAreAnError) {
  bool TracingOptions::* const all[] = {&TracingOptions::xray, &TracingOptions::datadog, &TracingOptions::jaeger,
                                        &TracingOptions::opentelemetry};
  for (const auto one : all) {
    for (const auto other : all) {
      BootstrapOptions options = Minimal();
      options.tracing.*one = options.tracing.*other = true;
      std::vector<std::string> warnings;
      const auto made = MakeBootstrap(options, warnings);
      EXPECT_EQ(made.has_value(), one == other);
      if (made) continue;
      EXPECT_THAT(made.error().message, HasSubstr("only one tracer can be on: set one of ENABLE_ENVOY_XRAY"));
    }
  }
}

TEST(TracingTest, NamesAreThoseOfTheResource) {
  BootstrapOptions options = Minimal();
  options.tracing.datadog = true;
  std::vector<std::string> warnings;
  EXPECT_THAT(*MakeBootstrap(options, warnings), HasSubstr("\"envoy-m/edge\""));
  options.tracing = {};
  options.tracing.xray = true;
  EXPECT_THAT(*MakeBootstrap(options, warnings), HasSubstr("\"segment_name\": \"m/edge\""));
}

TEST(TracingTest, SamplingRulesAreChecked) {
  EXPECT_TRUE(CheckSamplingManifest(R"({"version": 2, "default": {"fixed_target": 1, "rate": 0.1}, "rules": []})"));
  for (const auto& [text, expected] :
       std::vector<std::pair<std::string, std::string>>{{"nothing", "is no JSON object"},
                                                        {"[]", "is no JSON object"},
                                                        {R"({"version": 1, "default": {}})", "must have version 2"},
                                                        {R"({"version": 2})", "must have a default rule"}}) {
    const auto checked = CheckSamplingManifest(text);
    ASSERT_FALSE(checked) << text;
    EXPECT_THAT(checked.error().message, HasSubstr(expected));
  }
}

}  // namespace
}  // namespace chancery::cli
