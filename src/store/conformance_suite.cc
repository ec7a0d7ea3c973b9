#include "store/conformance_suite.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <utility>

#include "base/check.h"

namespace chancery::store {

TempDir::TempDir() {
  std::string name = (std::filesystem::temp_directory_path() / "chancery-store-XXXXXX").string();
  CHANCERY_CHECK(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::function<void(const TransactionPtr&)> Collector::Callback() {
  return [this](const TransactionPtr& transaction) {
    base::MutexLock lock(mutex_);
    seen_.push_back(transaction);
    changed_.NotifyAll();
  };
}

std::vector<TransactionPtr> Collector::WaitFor(size_t count) {
  base::MutexLock lock(mutex_);
  while (seen_.size() < count) changed_.Wait(mutex_);
  return {seen_.begin(), seen_.begin() + static_cast<std::ptrdiff_t>(count)};
}

size_t Collector::Count() const {
  base::MutexLock lock(mutex_);
  return seen_.size();
}

void Gate::Open() {
  base::MutexLock lock(mutex_);
  open_ = true;
  changed_.NotifyAll();
}

void Gate::Pass() {
  base::MutexLock lock(mutex_);
  ++arrived_;
  changed_.NotifyAll();
  while (!open_) changed_.Wait(mutex_);
}

void Gate::AwaitArrivals(size_t count) {
  base::MutexLock lock(mutex_);
  while (arrived_ < count) changed_.Wait(mutex_);
}

Write Put(std::string key, std::string value) { return {std::move(key), std::move(value)}; }

Write Erase(std::string key) { return {std::move(key), std::nullopt}; }

Batch BatchOf(std::vector<Write> writes, std::vector<Precondition> preconditions) {
  return {1000, "tester", "Test", std::move(preconditions), std::move(writes)};
}

Txn MustCommit(Store& store, std::vector<Write> writes, std::vector<Precondition> preconditions) {
  const auto txn = store.Commit(BatchOf(std::move(writes), std::move(preconditions)));
  EXPECT_TRUE(txn) << base::ToString(txn.error());
  return txn ? *txn : 0;
}

void CommitMany(Store& store, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    MustCommit(store, {Put(fmt::format("res/{}", store.Newest() % 7), fmt::format("value {}", store.Newest()))});
  }
}

std::optional<Entry> MustRead(const Store& store, std::string_view key) {
  auto entry = store.Read(key);
  EXPECT_TRUE(entry) << base::ToString(entry.error());
  return entry ? *std::move(entry) : std::nullopt;
}

Txn VersionOf(const Store& store, std::string_view key) {
  const std::optional<Entry> entry = MustRead(store, key);
  return entry ? entry->version() : 0;
}

std::vector<TransactionPtr> ReadHistory(const Store& store, Txn first) {
  std::vector<TransactionPtr> history;
  for (Txn txn = first; txn <= store.Newest(); ++txn) {
    auto transaction = store.ReadTransaction(txn);
    EXPECT_TRUE(transaction) << txn << ": " << base::ToString(transaction.error());
    if (transaction) history.push_back(*std::move(transaction));
  }
  return history;
}

void ExpectSame(const std::vector<TransactionPtr>& actual, const std::vector<TransactionPtr>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    EXPECT_EQ(actual[i]->txn, expected[i]->txn);
    EXPECT_EQ(actual[i]->record.SerializeAsString(), expected[i]->record.SerializeAsString());
  }
}

}  // namespace chancery::store
