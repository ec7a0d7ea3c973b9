#include "frontend/listing.h"

#include <algorithm>

#include "store/keys.h"

namespace chancery::frontend {
namespace {

// Goes on with the meshes that are shared with `account`, behind <owner>/<mesh>, up to `limit` items.
base::Status AddSharedMeshes(UnitOfWork& work, const std::string& account, const std::string& after, size_t limit,
                             ListPage& list) {
  const std::string prefix = store::SharedPrefix(account);
  const size_t room = limit - list.items.size();
  // A full page still has to know whether there is more.
  auto page = work.store().Scan(prefix, after.empty() ? "" : prefix + after, std::max<size_t>(room, 1));
  if (!page) return page.error();
  list.more = room == 0 ? !page->entries.empty() : page->more;
  if (room == 0) return base::Status::Ok();
  for (const store::Entry& entry : page->entries) {
    auto mesh = store::ParseSharedKeyText(entry.key);
    if (!mesh) return mesh.error();
    list.last = entry.key.substr(prefix.size());
    auto stored = work.Read({*mesh, model::Kind::kMesh, "", mesh->name});
    if (!stored) return stored.error();
    if (stored->has_value()) list.items.push_back(**std::move(stored));
  }
  return base::Status::Ok();
}

}  // namespace

base::Result<ListPage> ListBelow(const store::Store& store, const std::string& prefix, const std::string& after,
                                 size_t limit) {
  auto page = store.Scan(prefix, after.empty() ? "" : prefix + after, limit);
  if (!page) return page.error();
  ListPage list;
  for (const store::Entry& entry : page->entries) {
    auto stored = ParseStored(entry);
    if (!stored) return stored.error();
    list.items.push_back(*std::move(stored));
    list.last = entry.key.substr(prefix.size());
  }
  list.more = page->more;
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
