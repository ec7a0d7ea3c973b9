// Commits to the store in the directory of its argument until it is killed, from several threads, and
// prints the number of each commit that has returned. sqlite_failure_test.cc kills it.

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "store/sqlite_store.h"

namespace chancery::store {
namespace {

int RunForever(const std::filesystem::path& dir) {
  auto store = SqliteStore::Open(dir);
  if (!store) {
    std::fprintf(stderr, "%s\n", base::ToString(store.error()).c_str());
    return 1;
  }
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&store, i] {
      for (int n = 0;; ++n) {
        const std::string key = fmt::format("res/{}/{}", i, n % 10);
        Batch batch{n, "helper", "Write", {}, {{key, std::string(2000, 'v')}, {"twin/" + key, ""}}};
        const auto txn = (*store)->Commit(std::move(batch));
        if (!txn) std::_Exit(1);
        // One write, so that a line is whole. Fails when the parent has gone.
        const std::string line = fmt::format("{}\n", *txn);
        if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::_Exit(0);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return 0;
}

}  // namespace
}  // namespace chancery::store

int main(int argc, char** argv) { return argc == 2 ? chancery::store::RunForever(argv[1]) : 2; }
