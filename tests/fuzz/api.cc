#include "frontend/api.h"

#include <boost/json.hpp>
#include <string>

#include "base/check.h"
#include "base/clock.h"
#include "fuzz/targets.h"
#include "fuzz/text.h"
#include "store/memory_store.h"

namespace chancery::fuzz {
namespace {

constexpr size_t kMaxRequests = 8;
constexpr const char* kAccount = "123456789012";

void CheckAnswer(const frontend::Answer& answer) {
  CHANCERY_CHECK(answer.status == 200 || (answer.status >= 400 && answer.status < 500));
  CHANCERY_CHECK(!frontend::HeaderOf(answer.headers, "x-amzn-RequestId").empty());
  CHANCERY_CHECK(answer.status == 200 || !frontend::HeaderOf(answer.headers, "x-amzn-ErrorType").empty());
  for (const auto& [name, value] : answer.headers) {
    // What splits a header would let a client write headers of its own.
    CHANCERY_CHECK((name + value).find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
  }
  boost::json::error_code error;
  const boost::json::value body = boost::json::parse(answer.body, error);
  CHANCERY_CHECK(!error);
  CHANCERY_CHECK(body.is_object());
  CHANCERY_CHECK(answer.status == 200 || !body.as_object().at("message").as_string().empty());
}

}  // namespace

void FuzzApi(std::string_view input) {
  base::FakeClock clock;
  store::MemoryStore store;
  const frontend::OpenGate gate{std::string(kAccount)};
  const frontend::Api api({kAccount, "us-east-1", "aws"}, store, clock, gate);
  for (const std::string_view text : Split(input, "\n---\n", kMaxRequests)) CheckAnswer(api.Handle(ReadRequest(text)));
}

}  // namespace chancery::fuzz
