#include "agent/host_platform.h"

#include <gtest/gtest.h>

namespace chancery::agent {
namespace {

TEST(HostPlatformTest, EcsMetadataIsRead) {
  cli::Platform platform;
  ReadEcsMetadata(R"({"Cluster": "c", "TaskARN": "arn:task", "AvailabilityZone": "us-east-1a", "Family": "f"})",
                  R"({"DockerId": "d", "Limits": {"CPU": 0.25, "Memory": 512}})", platform);
  EXPECT_EQ(platform.ecs.at("ecsClusterArn"), "c");
  EXPECT_EQ(platform.ecs.at("ecsTaskArn"), "arn:task");
  EXPECT_EQ(platform.ecs.at("Memory"), "512");
  EXPECT_EQ(platform.zone, "us-east-1a");
}

TEST(HostPlatformTest, WhatIsNoMetadataIsNothing) {
  cli::Platform platform;
  ReadEcsMetadata("", "[1]", platform);
  ReadEcsMetadata("nothing", R"({"Limits": 1})", platform);
  EXPECT_TRUE(platform.zone.empty());
}

TEST(HostPlatformTest, ThisHostHasLoopbackAndAKernel) {
  cli::Platform platform;
  GatherPlatform([](const std::string&) { return std::nullopt; }, platform);
  EXPECT_FALSE(platform.system.at("systemKernelVersion").empty());
  EXPECT_EQ(platform.ipv4.at("lo").front(), "127.0.0.1/8");
  EXPECT_TRUE(platform.ecs.empty());
  EXPECT_EQ(platform.zone_id, "");
}

}  // namespace
}  // namespace chancery::agent
