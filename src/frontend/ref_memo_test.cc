#include "frontend/ref_memo.h"

#include <chancery/store/records.pb.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "store/keys.h"

namespace chancery::frontend {
namespace {

constexpr const char* kOwner = "111111111111";
constexpr const char* kOther = "222222222222";

store::Entry NodeRecord(const std::string& name, store::Txn version) {
  store::ResourceRecord record;
  record.set_resource_owner(kOwner);
  record.set_version(static_cast<int64_t>(version));
  record.mutable_virtual_node()->mutable_service_discovery()->mutable_dns()->set_hostname("h");
  return {store::ResourceKeyText({{kOwner, "m"}, model::Kind::kVirtualNode, "", name}), record.SerializeAsString(),
          version};
}

store::Entry Damaged(const store::Entry& entry) { return {entry.key(), "\xff", entry.version()}; }

class RefMemoTest : public testing::Test {
 protected:
  // What it appends; empty when it refuses.
  std::string Append(const std::vector<store::Entry>& records, const char* account = kOwner) {
    std::string json;
    return memo_.Append({settings_, account}, records, json) ? json : "";
  }
  // The same without a memory.
  std::string AppendAnew(const std::vector<store::Entry>& records, const char* account = kOwner) {
    RefMemo memo;
    std::string json;
    EXPECT_TRUE(memo.Append({settings_, account}, records, json));
    return json;
  }

  const Settings settings_{kOwner};
  RefMemo memo_{3};
};

TEST_F(RefMemoTest, WritesTheSameTheSecondTime) {
  const std::vector<store::Entry> records = {NodeRecord("a", 1), NodeRecord("b", 2)};
  const std::string first = Append(records);
  EXPECT_NE(first.find(R"("virtualNodeName":"a","version":1},{"arn":)"), std::string::npos) << first;
  EXPECT_EQ(Append(records), first);
  EXPECT_EQ(Append({}), "");
}

TEST_F(RefMemoTest, AChangedRecordIsWrittenAnewAndTheOthersAreNot) {
  Append({NodeRecord("a", 1), NodeRecord("b", 2), NodeRecord("c", 3)});
  // It would be refused if it were read again.
  const store::Entry known = Damaged(NodeRecord("a", 1));
  EXPECT_EQ(Append({known, NodeRecord("b", 7), NodeRecord("c", 3)}),
            AppendAnew({NodeRecord("a", 1), NodeRecord("b", 7), NodeRecord("c", 3)}));
}

TEST_F(RefMemoTest, AnotherAccountHasItsOwnArns) {
  Append({NodeRecord("a", 1)});
  const std::string others = Append({NodeRecord("a", 1)}, kOther);
  EXPECT_EQ(others, AppendAnew({NodeRecord("a", 1)}, kOther));
  EXPECT_NE(others.find("mesh/m@111111111111/"), std::string::npos) << others;
}

TEST_F(RefMemoTest, ADamagedRecordIsRefusedAndNotKept) {
  std::string json;
  const base::Status status = memo_.Append({settings_, kOwner}, {Damaged(NodeRecord("a", 1))}, json);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, base::Code::kInternal);
  EXPECT_EQ(Append({NodeRecord("a", 1)}), AppendAnew({NodeRecord("a", 1)}));
}

TEST_F(RefMemoTest, FullItForgetsAndIsStillRight) {
  std::vector<store::Entry> records;
  for (const char* name : {"a", "b", "c", "d", "e"}) records.push_back(NodeRecord(name, 5));
  const std::string right = AppendAnew(records);
  EXPECT_EQ(Append(records), right);
  EXPECT_EQ(Append(records), right);
}

}  // namespace
}  // namespace chancery::frontend
