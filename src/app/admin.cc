#include "app/admin.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <string>
#include <vector>

#include "app/status_json.h"
#include "frontend/url.h"

namespace chancery::app {
namespace {

using frontend::Answer;

Answer Text(int status, std::string body, std::string type = "text/plain; charset=utf-8") {
  return {status, {{"Content-Type", std::move(type)}}, std::move(body)};
}

Answer Json(int status, std::string body) { return Text(status, std::move(body), "application/json"); }

Answer Refused(int status, std::string message) {
  return Json(status, boost::json::serialize(boost::json::object{{"message", std::move(message)}}));
}

constexpr std::string_view kIndex =
    "/healthz               the process serves\n"
    "/readyz                the whole state was read and every port serves\n"
    "/metrics               Prometheus text format\n"
    "/proxies               connected proxies: per type sent, acknowledged, warming, rejected\n"
    "/meshes/{mesh}/txn/{n} how far transaction n of a mesh is; ?owner=ACCOUNT for another owner's mesh\n";

Answer TransactionOf(const AdminSources& sources, const std::string& mesh, std::string_view number,
                     std::string_view query) {
  store::Txn txn = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), txn);
  if (error != std::errc() || end != number.data() + number.size() || txn == 0) {
    return Refused(400, "the transaction in the path must be a number from 1 on");
  }
  if (const store::Txn newest = sources.newest(); txn > newest) {
    return Refused(404,
                   "there is no transaction " + std::to_string(txn) + " yet; the newest is " + std::to_string(newest));
  }
  std::string owner = sources.account;
  for (const auto& [name, value] : frontend::SplitQuery(query)) {
    if (name == "owner") owner = value;
  }
  auto status = sources.status.Transaction({owner, mesh}, txn);
  // Just made: nothing of it is live.
  if (!status && sources.has_mesh({owner, mesh})) status.emplace();
  if (!status) return Refused(404, "no mesh '" + mesh + "' of account " + owner);
  return Json(200, TxnJson(mesh, txn, *status));
}

}  // namespace

Answer HandleAdmin(const AdminSources& sources, const frontend::Request& request) {
  if (request.method != "GET" && request.method != "HEAD") {
    Answer answer = Refused(405, "the admin port only reads");
    answer.headers.emplace_back("Allow", "GET, HEAD");
    return answer;
  }
  const size_t question = std::min(request.target.find('?'), request.target.size());
  const std::string_view path = std::string_view(request.target).substr(0, question);
  const std::string_view query = std::string_view(request.target).substr(std::min(question + 1, request.target.size()));
  if (path == "/") return Text(200, std::string(kIndex));
  if (path == "/healthz") return Text(200, "ok\n");
  if (path == "/readyz") return sources.ready() ? Text(200, "ready\n") : Text(503, "not ready\n");
  if (path == "/metrics") return Text(200, sources.metrics(), "text/plain; version=0.0.4");
  if (path == "/proxies") return Json(200, ProxiesJson(sources.status.Proxies()));
  const std::vector<std::string_view> segments = frontend::SplitPath(path);
  if (segments.size() == 4 && segments[0] == "meshes" && segments[2] == "txn") {
    const auto mesh = frontend::PercentDecode(segments[1]);
    if (!mesh) return Refused(400, "the mesh name in the path is not percent-encoded text");
    return TransactionOf(sources, *mesh, segments[3], query);
  }
  return Refused(404, "no such page; GET / lists them");
}

}  // namespace chancery::app
