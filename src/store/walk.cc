#include "store/walk.h"

#include <string>

namespace chancery::store {
namespace {

constexpr size_t kPage = 1000;

}  // namespace

base::Status ForEachEntry(const Store& store, std::string_view prefix,
                          const std::function<base::Status(const Entry&)>& visit) {
  std::string after;
  while (true) {
    const auto page = store.Scan(prefix, after, kPage);
    if (!page) return page.error();
    for (const Entry& entry : page->entries) CHANCERY_RETURN_IF_ERROR(visit(entry));
    if (!page->more) return base::Status::Ok();
    after = page->entries.back().key();
  }
}

}  // namespace chancery::store
