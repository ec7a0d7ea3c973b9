#include "model/kind.h"

#include <chancery/model/service.pb.h>
#include <gtest/gtest.h>

#include <string>

#include "model/field.h"

namespace chancery::model {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

const ServiceDescriptor& Service() {
  return *CreateMeshInput::descriptor()->file()->pool()->FindServiceByName("chancery.model.AppMesh");
}

bool HasMember(const Descriptor& type, std::string_view json_name) {
  for (int i = 0; i < type.field_count(); ++i) {
    if (type.field(i)->json_name() == json_name) return true;
  }
  return false;
}

TEST(Kind, ValuesArePersistent) {
  EXPECT_EQ(static_cast<int>(Kind::kMesh), 1);
  EXPECT_EQ(static_cast<int>(Kind::kVirtualNode), 2);
  EXPECT_EQ(static_cast<int>(Kind::kVirtualRouter), 3);
  EXPECT_EQ(static_cast<int>(Kind::kRoute), 4);
  EXPECT_EQ(static_cast<int>(Kind::kVirtualService), 5);
  EXPECT_EQ(static_cast<int>(Kind::kVirtualGateway), 6);
  EXPECT_EQ(static_cast<int>(Kind::kGatewayRoute), 7);
}

TEST(Kind, TheTableIsInOrder) {
  ASSERT_EQ(AllKinds().size(), 7u);
  for (size_t i = 0; i < AllKinds().size(); ++i) {
    EXPECT_EQ(static_cast<size_t>(AllKinds()[i].kind), i + 1);
    EXPECT_EQ(&DescriptorOf(AllKinds()[i].kind), &AllKinds()[i]);
  }
}

TEST(Kind, TheNamesAreThoseOfTheModel) {
  for (const KindDescriptor& kind : AllKinds()) {
    const std::string name(kind.name);
    EXPECT_EQ(kind.spec->name(), name + "Spec");
    EXPECT_EQ(kind.data->name(), name + "Data");
    EXPECT_EQ(kind.ref->name(), name + "Ref");
    EXPECT_TRUE(HasMember(*kind.data, kind.name_member));
    EXPECT_TRUE(HasMember(*kind.ref, kind.name_member));
    for (const char* verb : {"Create", "Describe", "Update", "Delete"}) {
      const MethodDescriptor* method = Service().FindMethodByName(verb + name);
      ASSERT_NE(method, nullptr) << verb << name;
      EXPECT_TRUE(HasMember(*method->input_type(), kind.name_member)) << method->name();
      const FieldDescriptor* payload = PayloadOf(*method->output_type());
      ASSERT_NE(payload, nullptr) << method->name();
      EXPECT_EQ(payload->json_name(), kind.segment);
      EXPECT_EQ(payload->message_type(), kind.data);
    }
  }
}

TEST(Kind, ListsNameTheirItems) {
  for (const KindDescriptor& kind : AllKinds()) {
    const std::string list = kind.kind == Kind::kMesh ? "ListMeshes" : "List" + std::string(kind.name) + "s";
    const MethodDescriptor* method = Service().FindMethodByName(list);
    ASSERT_NE(method, nullptr) << list;
    EXPECT_TRUE(HasMember(*method->output_type(), kind.plural)) << list;
  }
}

TEST(Kind, ParentsAreNamedInTheUri) {
  for (const KindDescriptor& kind : AllKinds()) {
    if (!kind.parent) continue;
    const MethodDescriptor* create = Service().FindMethodByName("Create" + std::string(kind.name));
    EXPECT_TRUE(HasMember(*create->input_type(), DescriptorOf(*kind.parent).name_member)) << create->name();
  }
}

TEST(Kind, IsFoundBySegment) {
  for (const KindDescriptor& kind : AllKinds()) EXPECT_EQ(KindOfSegment(kind.segment), kind.kind);
  EXPECT_EQ(KindOfSegment("virtualNodes"), std::nullopt);
  EXPECT_EQ(KindOfSegment(""), std::nullopt);
}

TEST(KindDeathTest, AnUnknownValueIsABrokenInvariant) {
  EXPECT_DEATH(static_cast<void>(DescriptorOf(static_cast<Kind>(0))), "CHECK failed");
  EXPECT_DEATH(static_cast<void>(DescriptorOf(static_cast<Kind>(8))), "CHECK failed");
}

}  // namespace
}  // namespace chancery::model
