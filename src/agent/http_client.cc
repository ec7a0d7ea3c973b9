#include "agent/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <array>
#include <memory>
#include <utility>

#include "base/address.h"

namespace chancery::agent {
namespace {

using base::Code;
using base::Error;

constexpr size_t kMaxBody = 64 << 20;

struct EasyRelease {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct ListRelease {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

size_t Take(char* bytes, size_t, size_t count, void* into) {
  auto& body = *static_cast<std::string*>(into);
  if (body.size() + count > kMaxBody) return 0;
  body.append(bytes, count);
  return count;
}

std::string UrlOf(const cli::Endpoint& server, const std::string& path) {
  if (!server.pipe.empty()) return "http://localhost" + path;
  return fmt::format("http://{}{}", base::JoinHostPort(server.host, server.port), path);
}

void SetUp(CURL* easy, const cli::Endpoint& server, const HttpCall& call, HttpReply& reply, char* why) {
  curl_easy_setopt(easy, CURLOPT_URL, UrlOf(server, call.path).c_str());
  if (!server.pipe.empty()) curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, server.pipe.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(call.timeout.count()));
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "chancery");
  if (call.method == "POST") {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, 0L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
  } else if (call.method != "GET") {
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call.method.c_str());
  }
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Take);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &reply.body);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, why);
}

}  // namespace

base::Status InitHttpClient() {
  if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) return base::Status::Ok();
  return Error{Code::kUnavailable, "libcurl cannot start", {}};
}

base::Result<HttpReply> CallHttp(const cli::Endpoint& server, const HttpCall& call) {
  const std::unique_ptr<CURL, EasyRelease> easy(curl_easy_init());
  if (!easy) return Error{Code::kUnavailable, "out of memory", {}};
  HttpReply reply;
  std::array<char, CURL_ERROR_SIZE> why{};
  SetUp(easy.get(), server, call, reply, why.data());
  std::unique_ptr<curl_slist, ListRelease> headers;
  if (!call.header.empty()) headers.reset(curl_slist_append(nullptr, call.header.c_str()));
  curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, headers.get());
  const CURLcode code = curl_easy_perform(easy.get());
  if (code != CURLE_OK) {
    const std::string reason = why[0] == '\0' ? curl_easy_strerror(code) : why.data();
    return Error{Code::kUnavailable, fmt::format("{} {}: {}", call.method, call.path, reason), {}};
  }
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  reply.status = static_cast<int>(status);
  return reply;
}

}  // namespace chancery::agent
