#include "app/installation.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>

#include "store/keys.h"
#include "store/sqlite_store.h"

namespace chancery::app {
namespace {

// One of them may be damaged, and a mixed installation serves the keys that it can.
constexpr size_t kSecretsTried = 100;

}  // namespace

void AddInstallationOptions(CLI::App& command, InstallationOptions& options) {
  command.add_option("--data-dir", options.data_dir, "Directory of the installation; made when absent")
      ->envname("CHANCERY_DATA_DIR")
      ->capture_default_str();
  command.add_option("--key-file", options.key_file, "File of the key that seals secrets (DATA_DIR/secret.key)")
      ->envname("CHANCERY_KEY_FILE");
  command.add_option("--partition", options.partition, "Partition in every ARN")
      ->envname("CHANCERY_PARTITION")
      ->capture_default_str();
}

base::Result<std::unique_ptr<Identities>> Identities::Open(const InstallationOptions& options, store::Store& store,
                                                           const base::Clock& clock, std::string actor) {
  // With a new key file in place of a lost one, or another installation's, every key would stop working, in silence.
  const std::string secrets = store::SecretKeyText("");
  const auto sealed = store.Scan(secrets, "", kSecretsTried);
  if (!sealed) return sealed.error();
  auto box = iam::SecretBox::Open(
      options.KeyFile(), sealed->entries.empty() ? iam::SecretBox::IfMissing::kMake : iam::SecretBox::IfMissing::kFail);
  if (!box) return box.error();
  const auto opens = [&](const store::Entry& secret) {
    return box->Unseal(secret.value(), secret.key().substr(secrets.size())).has_value();
  };
  if (!sealed->entries.empty() && std::ranges::none_of(sealed->entries, opens)) {
    return base::Error{
        base::Code::kUnavailable,
        fmt::format("{}: the secrets of this installation were sealed by another key", options.KeyFile()),
        {}};
  }
  std::unique_ptr<Identities> identities(new Identities(*std::move(box), store, clock));
  identities->directory_ = std::make_unique<iam::Directory>(store, identities->box_, options.partition);
  CHANCERY_RETURN_IF_ERROR(identities->directory_->Start());
  identities->administration_ =
      std::make_unique<iam::Administration>(store, identities->box_, *identities->directory_, clock, std::move(actor));
  return identities;
}

base::Result<std::unique_ptr<Installation>> Installation::Open(const InstallationOptions& options) {
  auto installation = std::make_unique<Installation>();
  auto store = store::SqliteStore::Open(options.data_dir);
  if (!store) return store.error();
  installation->store_ = *std::move(store);
  auto identities = Identities::Open(options, *installation->store_, base::Clock::System(), "chancery command line");
  if (!identities) return identities.error();
  installation->identities_ = *std::move(identities);
  return installation;
}

}  // namespace chancery::app
