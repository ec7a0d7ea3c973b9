#include "app/tokens.h"

#include <utility>

namespace chancery::app {
namespace {

// A file costs nothing to read.
constexpr std::chrono::seconds kFileRefresh{10};

iam::JwksOptions KeysOf(const ServeOptions& options) {
  iam::JwksOptions keys;
  keys.location = options.oidc_jwks;
  keys.issuer = options.oidc_issuer;
  if (!keys.location.empty() && !IsUrl(keys.location)) keys.refresh = keys.retry = kFileRefresh;
  return keys;
}

iam::BearerRules RulesOf(const ServeOptions& options) {
  iam::BearerRules rules;
  rules.issuer = options.oidc_issuer;
  rules.audience = options.oidc_audience;
  rules.user_claim = options.oidc_user_claim;
  rules.account_claim = options.oidc_account_claim;
  rules.groups_claim = options.oidc_groups_claim;
  rules.account = options.account;
  return rules;
}

}  // namespace

Tokens::Tokens(const ServeOptions& options, std::unique_ptr<KeyFetcher> fetcher, const base::Clock& clock)
    : fetcher_(std::move(fetcher)),
      keys_(
          KeysOf(options),
          [this](const std::string& location, const std::stop_token& stop) { return fetcher_->Fetch(location, stop); },
          clock),
      verifier_(RulesOf(options), keys_, clock) {}

base::Result<std::unique_ptr<Tokens>> Tokens::Start(const ServeOptions& options, const base::Clock& clock) {
  auto fetcher = KeyFetcher::Make(options.oidc_ca);
  if (!fetcher) return fetcher.error();
  std::unique_ptr<Tokens> tokens(new Tokens(options, *std::move(fetcher), clock));
  if (!options.oidc_jwks.empty() && !IsUrl(options.oidc_jwks)) CHANCERY_RETURN_IF_ERROR(tokens->keys_.Poll());
  tokens->keys_.Start();
  return tokens;
}

}  // namespace chancery::app
