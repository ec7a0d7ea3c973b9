#pragma once

#include <string>

#include "edge/context.h"
#include "edge/loop.h"
#include "tls/context_files.h"

namespace chancery::edge {

// Looks at the files of a server's TLS once a second and gives what is new to the connections to come. Confined to its
// loop, that of the first worker.
class TlsRefresher final : private Alarm {
 public:
  TlsRefresher(tls::ContextFiles files, Loop& loop, Context& context);
  void Start();
  void Stop() { Cancel(); }

 private:
  void OnAlarm() override;

  tls::ContextFiles files_;
  Loop& loop_;
  Context& context_;
  // What was logged last: once is enough.
  std::string error_;
};

}  // namespace chancery::edge
