#include "frontend/view.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "frontend/api_fixture.h"
#include "frontend/reflect.h"
#include "model/codec.h"

namespace chancery::frontend {
namespace {

using google::protobuf::Message;

constexpr int64_t kCreatedMs = 1'592'578'534'868;
constexpr int64_t kUpdatedMs = 1'592'578'534'009;

Listed ListedOf(model::Kind kind, const std::string& name) {
  Listed listed{{{"111111111111", "m"}, kind, "", name}, {}};
  const auto& parent = model::DescriptorOf(kind).parent;
  if (kind == model::Kind::kMesh) listed.key.mesh.name = name;
  if (parent && *parent != model::Kind::kMesh) listed.key.parent = "p";
  listed.header.set_resource_owner("222222222222");
  listed.header.set_version(7);
  listed.header.set_created_at_ms(kCreatedMs);
  listed.header.set_last_updated_at_ms(kUpdatedMs);
  return listed;
}

std::string RefJson(const Viewer& viewer, const Listed& listed) {
  std::string json;
  AppendRefJson(viewer, listed, json);
  return json;
}

// It is written by hand: the shapes of the model say whether it wrote all.
TEST(RefJson, IsTheShapeOfEveryKind) {
  const Settings settings{"111111111111", "us-east-1", "aws"};
  for (const model::KindDescriptor& kind : model::AllKinds()) {
    const std::string json = RefJson({settings, "111111111111"}, ListedOf(kind.kind, "n\"\\"));
    const std::unique_ptr<Message> ref = NewMessage(kind.ref);
    std::vector<base::Violation> violations;
    ASSERT_TRUE(model::ParseJson(json, *ref, violations)) << json;
    EXPECT_TRUE(violations.empty()) << json;
    for (int i = 0; i < kind.ref->field_count(); ++i) {
      EXPECT_TRUE(ref->GetReflection()->HasField(*ref, kind.ref->field(i))) << kind.ref->field(i)->full_name();
    }
    EXPECT_EQ(boost::json::parse(json).as_object().size(), static_cast<size_t>(kind.ref->field_count())) << json;
    EXPECT_EQ(StringMember(*ref, kind.name_member), "n\"\\");
  }
}

TEST(RefJson, SaysWhatWasStored) {
  const Settings settings{"111111111111", "us-east-1", "aws"};
  EXPECT_EQ(RefJson({settings, "222222222222"}, ListedOf(model::Kind::kRoute, "n")),
            R"({"arn":"arn:aws:appmesh:us-east-1:222222222222:mesh/m@111111111111/virtualRouter/p/route/n",)"
            R"("createdAt":1592578534.868,"lastUpdatedAt":1592578534.009,"meshName":"m","meshOwner":"111111111111",)"
            R"("resourceOwner":"222222222222","routeName":"n","virtualRouterName":"p","version":7})");
}

// Two messages for the same bytes.
TEST(ResourceHeader, ReadsAResourceRecord) {
  store::ResourceRecord record;
  record.set_resource_owner("222222222222");
  record.set_uid("u");
  record.set_version(7);
  record.set_created_at_ms(kCreatedMs);
  record.set_last_updated_at_ms(kUpdatedMs);
  record.mutable_mesh()->mutable_egress_filter()->set_type(model::EGRESS_FILTER_TYPE_DROP_ALL);
  store::ResourceHeader header;
  ASSERT_TRUE(header.ParseFromString(record.SerializeAsString()));
  EXPECT_EQ(header.resource_owner(), record.resource_owner());
  EXPECT_EQ(header.version(), record.version());
  EXPECT_EQ(header.created_at_ms(), record.created_at_ms());
  EXPECT_EQ(header.last_updated_at_ms(), record.last_updated_at_ms());
}

}  // namespace
}  // namespace chancery::frontend
