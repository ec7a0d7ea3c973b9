#include "iam/jwks.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <utility>

#include "base/log.h"

namespace chancery::iam {
namespace {

namespace json = boost::json;
using base::Code;
using base::Error;

constexpr int kMaxWaiting = 4;

Error Wrong(std::string why) { return {Code::kUnavailable, std::move(why), {}}; }

}  // namespace

Jwks::Jwks(JwksOptions options, FetchFunction fetch, const base::Clock& clock)
    : options_(std::move(options)), fetch_(std::move(fetch)), clock_(clock), due_(clock.Now()) {}

Jwks::~Jwks() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
  }
  thread_.request_stop();
  wake_.NotifyAll();
  fetched_.NotifyAll();
}

void Jwks::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void Jwks::Run(const std::stop_token& stop) {
  for (;;) {
    {
      base::MutexLock lock(mutex_);
      for (auto now = clock_.Now(); !stopping_ && now < due_; now = clock_.Now()) wake_.WaitFor(mutex_, due_ - now);
      if (stopping_) return;
    }
    (void)Poll(stop);  // it logs
  }
}

base::Status Jwks::Poll(const std::stop_token& stop) {
  {
    base::MutexLock lock(mutex_);
    if (clock_.Now() < due_) return base::Status::Ok();
    fetching_ = true;
  }
  auto document = Fetch(stop);
  auto set = document ? KeySet::Parse(*document) : base::Result<KeySet>(document.error());
  const bool fetched = set.has_value();
  const size_t count = fetched ? set->size() : 0;
  const std::string& from = options_.location.empty() ? options_.issuer : options_.location;
  // Before those who wait are told, so that the log says why before a caller can ask.
  if (!fetched) {
    spdlog::warn("oidc: the keys of {} cannot be had, those from before stay: {}", from, base::ToString(set.error()));
  }
  {
    base::MutexLock lock(mutex_);
    fetching_ = false;
    ++rounds_;
    due_ = clock_.Now() + (fetched ? options_.refresh : options_.retry);
    if (fetched) keys_ = std::make_shared<const KeySet>(*std::move(set));
    fetched_.NotifyAll();
  }
  if (!fetched) return set.error();
  if (*document == document_) return base::Status::Ok();
  document_ = *std::move(document);
  if (count == 0) spdlog::warn("oidc: {} has no key for signatures: no token is accepted", from);
  if (count != 0) spdlog::info("oidc: {} keys of {} are in force", count, from);
  return base::Status::Ok();
}

base::Result<std::string> Jwks::Fetch(const std::stop_token& stop) const {
  auto location = Locate(stop);
  if (!location) return location.error();
  return fetch_(*location, stop);
}

base::Result<std::string> Jwks::Locate(const std::stop_token& stop) const {
  if (!options_.location.empty()) return options_.location;
  std::string from = options_.issuer;
  while (from.ends_with('/')) from.pop_back();
  from += "/.well-known/openid-configuration";
  const auto document = fetch_(from, stop);
  if (!document) return document.error();
  json::error_code error;
  const json::value value = json::parse({document->data(), document->size()}, error);
  if (error || !value.is_object()) return Wrong(fmt::format("{}: is not a JSON object", from));
  const auto member = [&value](std::string_view name) {
    const json::value* found = value.get_object().if_contains(name);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
  };
  // Discovery §4.3; otherwise one issuer could speak for another.
  if (member("issuer") != options_.issuer) return Wrong(fmt::format("{}: issuer is not {}", from, options_.issuer));
  const std::string location = member("jwks_uri");
  // Never a file of this machine.
  if (!location.starts_with("https://") && !location.starts_with("http://")) {
    return Wrong(fmt::format("{}: jwks_uri is not a URL", from));
  }
  return location;
}

std::shared_ptr<const KeySet> Jwks::keys() const {
  base::MutexLock lock(mutex_);
  return keys_;
}

bool Jwks::AskLocked() {
  const auto now = clock_.Now();
  if (fetching_ || now >= due_) return true;
  if (asked_ && now < *asked_ + options_.pause) return false;
  asked_ = now;
  due_ = now;
  wake_.NotifyAll();
  return true;
}

bool Jwks::Ask() {
  base::MutexLock lock(mutex_);
  return AskLocked();
}

std::shared_ptr<const KeySet> Jwks::Fresher() {
  base::MutexLock lock(mutex_);
  if (!AskLocked() || waiting_ >= kMaxWaiting) return keys_;
  ++waiting_;
  const uint64_t round = rounds_;
  const auto deadline = std::chrono::steady_clock::now() + options_.patience;
  while (rounds_ == round && !stopping_) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left <= left.zero()) break;
    fetched_.WaitFor(mutex_, left);
  }
  --waiting_;
  return keys_;
}

}  // namespace chancery::iam
