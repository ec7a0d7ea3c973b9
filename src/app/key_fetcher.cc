#include "app/key_fetcher.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <array>
#include <fstream>
#include <string_view>
#include <utility>

#include "base/address.h"

namespace chancery::app {
namespace {

using base::Code;
using base::Error;

constexpr size_t kMaxBytes = 1 << 20;
constexpr long kConnectSeconds = 5;
constexpr long kSeconds = 10;

Error Misuse(std::string why) { return {Code::kBadRequest, std::move(why), {}}; }

Error Failed(const std::string& location, std::string_view why) {
  return {Code::kUnavailable, fmt::format("{}: {}", location, why), {}};
}

struct UrlRelease {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct EasyRelease {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};

std::string PartOf(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return {};
  std::string kept(text);
  curl_free(text);
  return kept;
}

bool IsThisMachine(const std::string& host) {
  return host == "localhost" || host == "[::1]" || (host.starts_with("127.") && base::IsIpAddress(host));
}

// What one fetch has got so far.
struct Transfer {
  const std::stop_token& stop;
  std::string body;
  bool too_large = false;
};

size_t Take(char* bytes, size_t, size_t count, void* into) {
  auto& transfer = *static_cast<Transfer*>(into);
  transfer.too_large = transfer.body.size() + count > kMaxBytes;
  if (transfer.too_large) return 0;
  transfer.body.append(bytes, count);
  return count;
}

int Continue(void* of, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(of)->stop.stop_requested() ? 1 : 0;
}

void SetUp(CURL* easy, const std::string& location, const std::string& authorities, Transfer& transfer, char* why) {
  curl_easy_setopt(easy, CURLOPT_URL, location.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT, kSeconds);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "chancery");
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!authorities.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, authorities.c_str());
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  }
  // What is allowed without TLS must not leave the machine by a proxy.
  if (location.starts_with("http://")) curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Take);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, &Continue);
  curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, why);
}

base::Result<std::string> FetchUrl(const std::string& location, const std::string& authorities,
                                   const std::stop_token& stop) {
  const std::unique_ptr<CURL, EasyRelease> easy(curl_easy_init());
  if (!easy) return Failed(location, "out of memory");
  Transfer transfer{stop, {}};
  std::array<char, CURL_ERROR_SIZE> why{};
  SetUp(easy.get(), location, authorities, transfer, why.data());
  const CURLcode code = curl_easy_perform(easy.get());
  if (transfer.too_large) return Failed(location, fmt::format("is larger than {} bytes", kMaxBytes));
  if (code != CURLE_OK) return Failed(location, why[0] == '\0' ? curl_easy_strerror(code) : why.data());
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) return Failed(location, fmt::format("answered {}", status));
  return std::move(transfer.body);
}

base::Result<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Failed(path, "cannot be read");
  std::string text(kMaxBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return Failed(path, "cannot be read");
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kMaxBytes) return Failed(path, fmt::format("is larger than {} bytes", kMaxBytes));
  return text;
}

}  // namespace

bool IsUrl(const std::string& location) { return location.find("://") != std::string::npos; }

base::Status CheckKeyLocation(const std::string& location) {
  if (!IsUrl(location)) return base::Status::Ok();
  const std::unique_ptr<CURLU, UrlRelease> url(curl_url());
  if (!url || curl_url_set(url.get(), CURLUPART_URL, location.c_str(), 0) != CURLUE_OK) {
    return Misuse(fmt::format("'{}' is not a URL that can be fetched", location));
  }
  if (!PartOf(url.get(), CURLUPART_USER).empty() || !PartOf(url.get(), CURLUPART_PASSWORD).empty()) {
    return Misuse("a URL must not have a user or password");
  }
  const std::string scheme = PartOf(url.get(), CURLUPART_SCHEME);
  if (scheme == "https") return base::Status::Ok();
  if (scheme == "http" && IsThisMachine(PartOf(url.get(), CURLUPART_HOST))) return base::Status::Ok();
  return Misuse(fmt::format("'{}' is neither https nor http on loopback", location));
}

base::Result<std::unique_ptr<KeyFetcher>> KeyFetcher::Make(std::string authorities) {
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return Error{Code::kUnavailable, "libcurl cannot start", {}};
  return std::unique_ptr<KeyFetcher>(new KeyFetcher(std::move(authorities)));
}

KeyFetcher::~KeyFetcher() { curl_global_cleanup(); }

base::Result<std::string> KeyFetcher::Fetch(const std::string& location, const std::stop_token& stop) const {
  if (!IsUrl(location)) return ReadFile(location);
  // Also for what an issuer's discovery names.
  if (const auto checked = CheckKeyLocation(location); !checked) return Failed(location, checked.error().message);
  return FetchUrl(location, authorities_, stop);
}

}  // namespace chancery::app
