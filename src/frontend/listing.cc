#include "frontend/listing.h"

#include <algorithm>
#include <utility>

#include "store/keys.h"

namespace chancery::frontend {
namespace {

// Goes on with the meshes that are shared with `account`, behind <owner>/<mesh>, up to `limit` of all.
base::Status AddSharedMeshes(UnitOfWork& work, const std::string& account, const std::string& after, size_t limit,
                             ListPage& list) {
  const std::string prefix = store::SharedPrefix(account);
  const size_t room = limit - list.records.size();
  // A full page still has to know whether there is more.
  auto page = work.store().Scan(prefix, after.empty() ? "" : prefix + after, std::max<size_t>(room, 1));
  if (!page) return page.error();
  list.more = room == 0 ? !page->entries.empty() : page->more;
  if (room == 0) return base::Status::Ok();
  for (const store::Entry& entry : page->entries) {
    auto mesh = store::ParseSharedKeyText(entry.key());
    if (!mesh) return mesh.error();
    list.last = entry.key().substr(prefix.size());
    auto record = work.ReadEntry(store::ResourceKeyText({*mesh, model::Kind::kMesh, "", mesh->name}));
    if (!record) return record.error();
    if (record->has_value()) list.records.push_back(**std::move(record));
  }
  return base::Status::Ok();
}

}  // namespace

base::Result<ListPage> ListBelow(const store::Store& store, const std::string& prefix, const std::string& after,
                                 size_t limit) {
  auto page = store.Scan(prefix, after.empty() ? "" : prefix + after, limit);
  if (!page) return page.error();
  ListPage list{std::move(page->entries), page->more, ""};
  if (!list.records.empty()) list.last = list.records.back().key().substr(prefix.size());
  return list;
}

base::Result<ListPage> ListMeshes(UnitOfWork& work, const std::string& account, const std::string& after,
                                  size_t limit) {
  const bool behind_own = after.find('/') != std::string::npos;
  ListPage list;
  if (!behind_own) {
    auto own = ListBelow(work.store(), store::MeshesPrefix(account), after, limit);
    if (!own || own->more) return own;
    list = *std::move(own);
  }
  CHANCERY_RETURN_IF_ERROR(AddSharedMeshes(work, account, behind_own ? after : "", limit, list));
  return list;
}

}  // namespace chancery::frontend
