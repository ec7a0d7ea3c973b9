#include "frontend/ref_memo.h"

#include <fmt/format.h>

#include <utility>

#include "store/keys.h"

namespace chancery::frontend {
namespace {

base::Result<Listed> ParseListed(const store::Entry& record) {
  auto key = store::ParseResourceKeyText(record.key());
  if (!key) return key.error();
  Listed listed{*std::move(key), {}};
  if (listed.header.ParseFromString(record.value())) return listed;
  return base::Error{base::Code::kInternal, fmt::format("the record at {} is damaged", record.key()), {}};
}

// No account has a '/'.
void SetMemoKey(std::string_view account, std::string_view key, std::string& text) {
  text.assign(account).append(1, '/').append(key);
}

void AppendNext(std::string_view ref, size_t& next, std::string& json) {
  if (next++ > 0) json += ',';
  json += ref;
}

}  // namespace

base::Status RefMemo::Append(const Viewer& viewer, const std::vector<store::Entry>& records, std::string& json) {
  size_t next = 0;
  while (true) {
    AppendKnown(viewer.account, records, next, json);
    if (next == records.size()) return base::Status::Ok();
    const store::Entry& record = records[next];
    const auto listed = ParseListed(record);
    if (!listed) return listed.error();
    Ref ref{record.version(), {}};
    AppendRefJson(viewer, *listed, ref.json);
    AppendNext(ref.json, next, json);
    std::string key;
    SetMemoKey(viewer.account, record.key(), key);
    Keep(std::move(key), std::move(ref));
  }
}

void RefMemo::AppendKnown(std::string_view account, const std::vector<store::Entry>& records, size_t& next,
                          std::string& json) {
  std::string key;
  base::MutexLock lock(mutex_);
  while (next < records.size()) {
    SetMemoKey(account, records[next].key(), key);
    const auto known = refs_.find(key);
    if (known == refs_.end() || known->second.version != records[next].version()) return;
    AppendNext(known->second.json, next, json);
  }
}

void RefMemo::Keep(std::string key, Ref ref) {
  base::MutexLock lock(mutex_);
  if (refs_.size() >= max_refs_) refs_.clear();
  refs_.insert_or_assign(std::move(key), std::move(ref));
}

}  // namespace chancery::frontend
