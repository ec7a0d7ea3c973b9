#pragma once

#include <google/protobuf/descriptor.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace chancery::model {

// The seven kinds of resource. The values are persistent (ResourceRecord.spec is 16 + Kind).
enum class Kind : uint8_t {
  kMesh = 1,
  kVirtualNode = 2,
  kVirtualRouter = 3,
  kRoute = 4,
  kVirtualService = 5,
  kVirtualGateway = 6,
  kGatewayRoute = 7,
};

// What the rest of the code needs to know about a kind; everything that differs between kinds and
// is not meaning is here, so that CRUD, storage, tags and listing are written once. Immutable.
struct KindDescriptor {
  Kind kind;
  // "VirtualNode": prefix of the shapes (VirtualNodeData, VirtualNodeRef) and suffix of operations.
  std::string_view name;
  // "virtualNode": in ARNs, and the output member that is the payload.
  std::string_view segment;
  // "virtualNodes": the member of the list answer.
  std::string_view plural;
  // "virtualNodeName": the member that names it in requests and answers.
  std::string_view name_member;
  // The kind it hangs under in the URI and the ARN: nothing for a mesh, kMesh for most.
  std::optional<Kind> parent;
  const google::protobuf::Descriptor* spec;
  const google::protobuf::Descriptor* data;
  const google::protobuf::Descriptor* ref;
};

// All kinds, in the order of Kind.
std::span<const KindDescriptor> AllKinds();
const KindDescriptor& DescriptorOf(Kind kind);
// By `segment`; nothing for an unknown one.
std::optional<Kind> KindOfSegment(std::string_view segment);

}  // namespace chancery::model
