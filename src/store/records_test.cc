#include <chancery/store/records.pb.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/kind.h"
#include "model/resource.h"

// What was written by one build is read by every later one: a change here is a migration.
namespace chancery::store {
namespace {

std::string Hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text.push_back(kDigits[static_cast<uint8_t>(c) >> 4]);
    text.push_back(kDigits[static_cast<uint8_t>(c) & 15]);
  }
  return text;
}

TEST(ResourceRecord, HasItsLiteralBytes) {
  ResourceRecord record;
  record.set_resource_owner("111122223333");
  record.set_uid("u");
  record.set_version(2);
  record.set_created_at_ms(1000);
  record.set_last_updated_at_ms(2000);
  model::TagRef& tag = *record.add_tags();
  tag.set_key("k");
  tag.set_value("v");
  record.mutable_mesh()->mutable_egress_filter()->set_type(model::EGRESS_FILTER_TYPE_ALLOW_ALL);
  EXPECT_EQ(Hex(record.SerializeAsString()),
            "0a0c313131313232323233333333"  // resource_owner
            "120175"                        // uid
            "1802"                          // version
            "20e807"                        // created_at_ms
            "28d00f"                        // last_updated_at_ms
            "32060a016b120176"              // tags
            "8a01040a020801");              // mesh { egress_filter { type } }
}

TEST(ResourceRecord, KeepsEachSpecAt16PlusItsKind) {
  const std::vector<std::pair<model::Kind, std::string>> tags = {
      {model::Kind::kMesh, "8a0100"},           {model::Kind::kVirtualNode, "920100"},
      {model::Kind::kVirtualRouter, "9a0100"},  {model::Kind::kRoute, "a20100"},
      {model::Kind::kVirtualService, "aa0100"}, {model::Kind::kVirtualGateway, "b20100"},
      {model::Kind::kGatewayRoute, "ba0100"},
  };
  ASSERT_EQ(tags.size(), model::AllKinds().size());
  for (const auto& [kind, hex] : tags) {
    ResourceRecord record;
    const auto* spec = model::MutableSpecOf(record, kind);
    EXPECT_EQ(spec->GetDescriptor(), model::DescriptorOf(kind).spec);
    EXPECT_EQ(Hex(record.SerializeAsString()), hex);
  }
}

TEST(IdempotencyRecord, HasItsLiteralBytes) {
  IdempotencyRecord record;
  record.set_request_hash("\x01\xff");
  record.set_answer("{}");
  record.set_expires_at_ms(1000);
  EXPECT_EQ(Hex(record.SerializeAsString()), "0a0201ff12027b7d18e807");
}

TEST(TxnRecord, HasItsLiteralBytes) {
  TxnRecord record;
  record.set_time_ms(1000);
  record.set_actor("a");
  record.set_operation("UpdateRoute");
  TxnRecord::Change& update = *record.add_changes();
  update.set_key("res/x");
  update.set_before("");
  update.set_after("\xff");
  TxnRecord::Change& removal = *record.add_changes();
  removal.set_key("res/y");
  removal.set_before("o");
  EXPECT_EQ(Hex(record.SerializeAsString()),
            "08e807"                        // time_ms
            "120161"                        // actor
            "1a0b557064617465526f757465"    // operation
            "220c0a057265732f7812001a01ff"  // changes: update; its empty `before` is there
            "220a0a057265732f7912016f"      // changes: removal; `after` is absent
  );
}

TEST(TxnRecord, HasItsOriginInLiteralBytes) {
  TxnRecord record;
  record.set_source("s");
  record.set_request_id("r");
  EXPECT_EQ(Hex(record.SerializeAsString()), "2a0173320172");
}

TEST(AccessKeyRecord, HasItsLiteralBytes) {
  AccessKeyRecord record;
  record.set_account("1");
  record.set_user("u");
  record.set_disabled(true);
  record.set_created_at_ms(1000);
  EXPECT_EQ(Hex(record.SerializeAsString()),
            "0a01311201751801"
            "20e807");
}

TEST(PolicyRecord, HasItsLiteralBytes) {
  PolicyRecord record;
  record.set_document("{}");
  record.set_updated_at_ms(1000);
  EXPECT_EQ(Hex(record.SerializeAsString()), "0a027b7d10e807");
}

}  // namespace
}  // namespace chancery::store
