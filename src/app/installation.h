#pragma once

#include <memory>
#include <string>

#include "app/command_table.h"
#include "base/clock.h"
#include "base/result.h"
#include "iam/administration.h"
#include "iam/directory.h"
#include "iam/secret_box.h"
#include "store/store.h"

namespace CLI {
class App;
}

namespace chancery::app {

// Where an installation keeps its state.
struct InstallationOptions {
  std::string data_dir = "chancery-data";
  // Seals secrets; empty: DATA_DIR/secret.key.
  std::string key_file;
  std::string partition = "aws";

  std::string KeyFile() const { return key_file.empty() ? data_dir + "/secret.key" : key_file; }
};

void AddInstallationOptions(CLI::App& command, InstallationOptions& options);

// Identities on the store of an installation: the key file, the directory that calls are judged by, and what changes
// it. Thread-safe once it is made.
class Identities {
 public:
  // Borrows the store and the clock. A key file is made when there is none and nothing was sealed yet.
  static base::Result<std::unique_ptr<Identities>> Open(const InstallationOptions& options, store::Store& store,
                                                        const base::Clock& clock, std::string actor);

  const iam::Directory& directory() const { return *directory_; }
  CommandContext commands() const { return {*administration_, *directory_, store_, clock_}; }

 private:
  Identities(iam::SecretBox box, store::Store& store, const base::Clock& clock)
      : box_(std::move(box)), store_(store), clock_(clock) {}

  const iam::SecretBox box_;
  store::Store& store_;
  const base::Clock& clock_;
  std::unique_ptr<iam::Directory> directory_;
  std::unique_ptr<iam::Administration> administration_;
};

// The store of a stopped installation and its identities, held by this process alone.
class Installation {
 public:
  // kUnavailable when another process holds the directory.
  static base::Result<std::unique_ptr<Installation>> Open(const InstallationOptions& options);

  CommandContext commands() const { return identities_->commands(); }

 private:
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Identities> identities_;
};

}  // namespace chancery::app
