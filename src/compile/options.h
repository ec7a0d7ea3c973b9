#pragma once

namespace chancery::compile {

// What an installation chooses for all of its meshes. Part of the compiler's input like the snapshot;
// with none of it proxies are given what App Mesh gave to accounts of its later years.
struct Options {
  // The stats vhost.<name>.vcluster.other.*: Envoys of today have them only for virtual hosts with a
  // virtual cluster, so each is given one that no request matches (contract/envoy.md §3.2).
  bool vcluster_stats = false;
  // As accounts from before 2020-07-29: Envoy's own circuit breakers (1024, 1024, 1024, 3) where no
  // connection pool says otherwise, and no retries without a policy (contract/envoy.md §2.1).
  bool envoys_own_limits = false;

  bool operator==(const Options&) const = default;
};

}  // namespace chancery::compile
