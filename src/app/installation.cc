#include "app/installation.h"

#include <CLI/CLI.hpp>

#include "store/keys.h"
#include "store/sqlite_store.h"

namespace chancery::app {

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
  // With a new key file in place of a lost one every key would stop working, in silence.
  const auto sealed = store.Scan(store::SecretKeyText(""), "", 1);
  if (!sealed) return sealed.error();
  auto box = iam::SecretBox::Open(
      options.KeyFile(), sealed->entries.empty() ? iam::SecretBox::IfMissing::kMake : iam::SecretBox::IfMissing::kFail);
  if (!box) return box.error();
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
