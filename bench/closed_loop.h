#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "signed_calls.h"

namespace chancery::bench {

struct LoopOptions {
  std::string address;
  size_t connections = 64;
  std::chrono::milliseconds duration{3000};
};

struct LoopResult {
  // From the first request to the last answer.
  std::chrono::duration<double> elapsed{};
  // Of this process meanwhile: what it took from the server on a shared machine.
  std::chrono::duration<double> cpu{};
  // Of each call that was answered 200, sorted.
  std::vector<std::chrono::microseconds> latencies;
  size_t errors = 0;
  // Empty without one.
  std::string first_error;
};

// A closed loop: each connection sends, waits for the answer, and sends the next. A connection that the server closes
// behind an answer is opened anew, and the next call pays for it. What is not answered 200, or not 30 s after the
// end, is an error; a connection that has failed does not go on. One thread. kUnavailable when `address` is none or
// nothing is answered.
base::Result<LoopResult> RunClosedLoop(const LoopOptions& options, const SignedCalls& calls);

}  // namespace chancery::bench
