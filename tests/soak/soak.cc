// soak SECONDS SEED DIR: 200 writers on two frontends over one SQLite store in DIR, each doing random
// conflicting work (workload.h) for SECONDS. Prints one JSON object: the final state as the API tells
// it, the shares and quotas, what each change was answered, and counts; check_state.py judges it. Ends
// with 1 when it could not run, or when an answer was a 5xx other than a lost race.

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "dump.h"
#include "frontend/account_quotas.h"
#include "frontend/api.h"
#include "frontend/sharing.h"
#include "store/sqlite_store.h"
#include "workload.h"

namespace chancery::soak {
namespace {

namespace json = boost::json;

constexpr int kWriters = 200;
constexpr std::string_view kLostRace = "other requests changed the same resources meanwhile";

// What one writer saw.
struct Log {
  std::map<std::string, int64_t> counts;  // "create route 200"
  json::array history;                    // accepted changes
  json::array failures;
};

struct World {
  store::Store& store;
  const std::deque<frontend::Api>& apis;
};

void Count(const Step& step, std::string_view result, Log& log) {
  ++log.counts[fmt::format("{} {}", step.what, result)];
}

void Fail(const Step& step, const std::string& answer, Log& log) {
  log.failures.push_back(json::object{{"what", step.what}, {"answer", answer}});
}

// The row of an accepted change; check_state.py names the columns.
void Note(const Step& step, uint64_t txn, json::value uid, json::value version, Log& log) {
  log.history.push_back(
      {txn, step.what, step.caller, step.owner, step.mesh, step.account, std::move(uid), std::move(version)});
}

void NoteAnswer(const Step& step, const frontend::Answer& answer, Log& log) {
  const json::value body = json::parse(answer.body);
  const uint64_t txn =
      std::strtoull(std::string(frontend::HeaderOf(answer.headers, "x-chancery-txn")).c_str(), nullptr, 10);
  if (txn == 0) return;
  const auto* metadata = body.as_object().if_contains("metadata");
  Note(step, txn, metadata ? metadata->at("uid") : json::value(), metadata ? metadata->at("version") : json::value(),
       log);
}

void Call(const World& world, const Step& step, size_t writer, Log& log) {
  const auto answer = CallAs(world.apis[writer % world.apis.size()], step.caller, step.request);
  const bool lost = answer.status == 503 && answer.body.find(kLostRace) != std::string::npos;
  const std::string error(frontend::HeaderOf(answer.headers, "x-amzn-ErrorType"));
  Count(step, fmt::format("{}{}{}", answer.status, error.empty() ? "" : " ", lost ? "lost race" : error), log);
  if (answer.status == 200) NoteAnswer(step, answer, log);
  if (answer.status >= 500 && !lost) Fail(step, answer.body, log);
}

base::Result<store::Txn> Perform(const World& world, const Step& step) {
  const model::MeshId mesh{step.owner, step.mesh};
  if (step.act == Act::kShare) return frontend::ShareMesh(world.store, 1, "admin", mesh, step.account);
  if (step.act == Act::kUnshare) return frontend::UnshareMesh(world.store, 1, "admin", mesh, step.account);
  return frontend::SetQuota(world.store, store::Batch{1, "admin", "SetQuota", {}, {}}, step.account,
                            std::string(kMovingQuota), step.limit);
}

void Administer(const World& world, const Step& step, Log& log) {
  const auto txn = Perform(world, step);
  if (txn) {
    Note(step, *txn, nullptr, step.limit, log);
    return Count(step, "200", log);
  }
  const bool lost = txn.error().message.find(kLostRace) != std::string::npos;
  const bool refused = txn.error().code == base::Code::kNotFound;
  Count(step, lost ? "503 lost race" : refused ? "404" : "500", log);
  if (!lost && !refused) Fail(step, base::ToString(txn.error()), log);
}

std::vector<Log> RunWriters(const World& world, std::chrono::seconds time, uint64_t seed) {
  std::vector<Log> logs(kWriters);
  std::vector<std::thread> threads;
  const auto end = base::Clock::System().Now() + time;
  for (size_t i = 0; i < kWriters; ++i) {
    threads.emplace_back([&, i] {
      Workload work(seed * kWriters + i);
      while (base::Clock::System().Now() < end) {
        const Step step = work.Next();
        step.act == Act::kCall ? Call(world, step, i, logs[i]) : Administer(world, step, logs[i]);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return logs;
}

json::object Summary(const World& world, std::vector<Log> logs) {
  std::map<std::string, int64_t> counts;
  json::array history;
  json::array failures;
  for (Log& log : logs) {
    for (const auto& [what, count] : log.counts) counts[what] += count;
    for (json::value& row : log.history) history.push_back(std::move(row));
    for (json::value& row : log.failures) failures.push_back(std::move(row));
  }
  json::array accounts;
  for (const std::string& account : kAccounts) accounts.push_back(DumpAccount(world.apis[0], account));
  json::object quotas;
  for (const auto& [name, limit] : kQuotas) quotas[name] = limit + (name == kMovingQuota ? 1 : 0);
  return {{"accounts", std::move(accounts)}, {"quotas", std::move(quotas)},        {"history", std::move(history)},
          {"failures", std::move(failures)}, {"counts", json::value_from(counts)}, {"newest", world.store.Newest()}};
}

// Adds each mesh's shares, as its owner's command tells them.
void AddShares(const World& world, json::object& summary) {
  json::array shares;
  for (const json::value& account : summary.at("accounts").as_array()) {
    const std::string owner(account.at("account").as_string());
    for (const json::value& mesh : account.at("meshes").as_array()) {
      const json::value& ref = mesh.as_array()[0].at("ref");
      if (ref.at("meshOwner").as_string() != owner) continue;
      const std::string name(ref.at("meshName").as_string());
      const auto with = frontend::ListShares(world.store, {owner, name});
      if (with) shares.push_back({{"owner", owner}, {"mesh", name}, {"with", json::value_from(*with)}});
    }
  }
  summary["shares"] = std::move(shares);
}

int Run(int seconds, uint64_t seed, const std::string& dir) {
  auto store = store::SqliteStore::Open(dir);
  if (!store) {
    fmt::print(stderr, "{}\n", base::ToString(store.error()));
    return 1;
  }
  const frontend::OpenGate gate = AccountGate();
  // Strict, because rule 14 is in force in reverse only then.
  const frontend::Settings settings{kAccounts[0], "us-west-2", "aws", true, frontend::QuotasIn(**store, kQuotas)};
  std::deque<frontend::Api> apis;
  for (int i = 0; i < 2; ++i) apis.emplace_back(settings, **store, base::Clock::System(), gate);
  const World world{**store, apis};
  json::object summary = Summary(world, RunWriters(world, std::chrono::seconds(seconds), seed));
  AddShares(world, summary);
  fmt::print("{}\n", json::serialize(summary));
  return summary.at("failures").as_array().empty() ? 0 : 1;
}

}  // namespace
}  // namespace chancery::soak

int main(int argc, char** argv) {
  chancery::base::InitLogging("off");
  if (argc != 4) {
    fmt::print(stderr, "usage: soak SECONDS SEED DIR\n");
    return 2;
  }
  return chancery::soak::Run(std::atoi(argv[1]), std::strtoull(argv[2], nullptr, 10), argv[3]);
}
