#include "xds/node.h"

#include <envoy/config/core/v3/base.pb.h>

#include <limits>

// The only file of the core that sees Envoy's own messages.
namespace chancery::xds {
namespace {

using google::protobuf::Value;

constexpr char kBind[] = "chancery.bind";

base::Error Bad(std::string message) { return {base::Code::kBadRequest, std::move(message), {}}; }

std::string UserAgent(const envoy::config::core::v3::Node& node) {
  if (node.user_agent_name().empty()) return "";
  if (!node.user_agent_version().empty()) return node.user_agent_name() + "/" + node.user_agent_version();
  if (!node.user_agent_build_version().has_version()) return "";
  const auto& version = node.user_agent_build_version().version();
  return node.user_agent_name() + "/" + std::to_string(version.major_number()) + "." +
         std::to_string(version.minor_number()) + "." + std::to_string(version.patch());
}

std::optional<SoftwareVersion> EnvoyVersion(const envoy::config::core::v3::Node& node) {
  if (node.user_agent_name() != "envoy" || !node.user_agent_build_version().has_version()) return std::nullopt;
  const auto& version = node.user_agent_build_version().version();
  return SoftwareVersion{version.major_number(), version.minor_number(), version.patch()};
}

base::Status ReadAddress(const google::protobuf::Struct& bind, const std::string& key, std::string& address) {
  const auto found = bind.fields().find(key);
  if (found == bind.fields().end()) return base::Status::Ok();
  if (found->second.kind_case() != Value::kStringValue) {
    return Bad("node.metadata[\"" + std::string(kBind) + "\"]." + key + " must be a string");
  }
  address = found->second.string_value();
  return base::Status::Ok();
}

base::Status ReadBind(const google::protobuf::Struct& metadata, Node& node) {
  const auto found = metadata.fields().find(kBind);
  if (found == metadata.fields().end()) return base::Status::Ok();
  if (found->second.kind_case() != Value::kStructValue) {
    return Bad("node.metadata[\"" + std::string(kBind) + "\"] must be an object");
  }
  const google::protobuf::Struct& bind = found->second.struct_value();
  CHANCERY_RETURN_IF_ERROR(ReadAddress(bind, "ingress", node.bind_ingress));
  CHANCERY_RETURN_IF_ERROR(ReadAddress(bind, "egress", node.bind_egress));
  return ReadAddress(bind, "application", node.bind_application);
}

}  // namespace

base::Result<Node> ParseNode(std::string_view bytes) {
  envoy::config::core::v3::Node message;
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max()) ||
      !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Bad("DiscoveryRequest.node is not a valid protobuf message");
  }
  if (message.id().empty()) return Bad("the first request of a stream must carry a node with an id");
  Node node;
  node.id = message.id();
  node.cluster = message.cluster();
  node.user_agent = UserAgent(message);
  node.envoy_version = EnvoyVersion(message);
  CHANCERY_RETURN_IF_ERROR(ReadBind(message.metadata(), node));
  return node;
}

}  // namespace chancery::xds
