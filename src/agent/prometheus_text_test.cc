#include "agent/prometheus_text.h"

#include <gtest/gtest.h>

namespace chancery::agent {
namespace {

constexpr const char* kBefore = R"(# TYPE envoy_appmesh_RequestCount counter
envoy_appmesh_RequestCount{Mesh="m",VirtualNode="a b"} 5
# TYPE envoy_cluster_rq_total counter
envoy_cluster_rq_total{envoy_cluster_name="c"} 10
# TYPE envoy_server_live gauge
envoy_server_live{} 1
)";

constexpr const char* kNow = R"(# TYPE envoy_appmesh_RequestCount counter
envoy_appmesh_RequestCount{Mesh="m",VirtualNode="a b"} 8
envoy_appmesh_RequestCount{Mesh="m",VirtualNode="c"} 2

# TYPE envoy_cluster_rq_time histogram
envoy_cluster_rq_time_bucket{envoy_cluster_name="c",le="0.5"} 1
envoy_cluster_rq_time_bucket{envoy_cluster_name="c",le="+Inf"} 3
envoy_cluster_rq_time_sum{envoy_cluster_name="c"} 3.25
envoy_cluster_rq_time_count{envoy_cluster_name="c"} 3
# TYPE envoy_cluster_rq_total counter
envoy_cluster_rq_total{envoy_cluster_name="c"} 4
# TYPE envoy_server_live gauge
envoy_server_live{} 1
)";

TEST(PrometheusTextTest, WhatIsReadIsWrittenAgain) {
  const std::string text = WritePrometheus(ParsePrometheus(kNow));
  EXPECT_EQ(WritePrometheus(ParsePrometheus(text)), text);
  EXPECT_NE(text.find("envoy_cluster_rq_time_sum{envoy_cluster_name=\"c\"} 3.25\n"), std::string::npos) << text;
  EXPECT_NE(text.find("# TYPE envoy_cluster_rq_time histogram\n"), std::string::npos);
}

TEST(PrometheusTextTest, TheMetricsExtensionLosesItsPrefix) {
  EXPECT_EQ(WritePrometheus(OnlyMetricsExtension(ParsePrometheus(kBefore))),
            "# TYPE RequestCount counter\nRequestCount{Mesh=\"m\",VirtualNode=\"a b\"} 5\n");
}

TEST(PrometheusTextTest, ADeltaIsGrowthButOfGauges) {
  EXPECT_EQ(WritePrometheus(DeltaOf(ParsePrometheus(kBefore), ParsePrometheus(kNow))),
            R"(# TYPE envoy_appmesh_RequestCount counter
envoy_appmesh_RequestCount{Mesh="m",VirtualNode="a b"} 3
envoy_appmesh_RequestCount{Mesh="m",VirtualNode="c"} 2
# TYPE envoy_cluster_rq_time histogram
envoy_cluster_rq_time_bucket{envoy_cluster_name="c",le="0.5"} 1
envoy_cluster_rq_time_bucket{envoy_cluster_name="c",le="+Inf"} 3
envoy_cluster_rq_time_sum{envoy_cluster_name="c"} 3.25
envoy_cluster_rq_time_count{envoy_cluster_name="c"} 3
# TYPE envoy_cluster_rq_total counter
envoy_cluster_rq_total{envoy_cluster_name="c"} 4
# TYPE envoy_server_live gauge
envoy_server_live{} 1
)");
}

TEST(PrometheusTextTest, WhatIsNoneOfTheFormatIsLeftOut) {
  EXPECT_EQ(WritePrometheus(ParsePrometheus("x 1\n# HELP y z\n# TYPE a counter\nnothing\na 1\na{} one\n")),
            "# TYPE a counter\na 1\n");
}

}  // namespace
}  // namespace chancery::agent
