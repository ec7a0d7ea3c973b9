// Simulates calls: reads {"input": a golden's input.json, "kind": "virtualNode", "name": ...,
// "envoys_minor_version": 40, "calls": [...]} from standard input, and writes what becomes of each call to
// standard output, as a list. A call has the members of compile::testing::Call; what it leaves out has its default.

#include <fmt/format.h>

#include <boost/json.hpp>
#include <exception>
#include <iostream>
#include <iterator>

#include "compile/compile.h"
#include "compile/testing/golden_input.h"
#include "compile/testing/simulation/simulate.h"
#include "compile/testing/world.h"

namespace {

namespace json = boost::json;
using chancery::compile::ProxyConfig;
using chancery::compile::testing::Call;
using chancery::compile::testing::Choice;
using chancery::compile::testing::End;
using chancery::compile::testing::Headers;
using chancery::compile::testing::Hop;
using chancery::compile::testing::Outcome;

std::string Text(const json::object& from, const char* name, const std::string& otherwise = "") {
  const json::value* value = from.if_contains(name);
  return value == nullptr ? otherwise : std::string(value->as_string());
}

bool Flag(const json::object& from, const char* name) {
  const json::value* value = from.if_contains(name);
  return value != nullptr && value->as_bool();
}

Call ToCall(const json::object& from) {
  Call call;
  call.listener_port = from.at("listener_port").to_number<uint32_t>();
  call.port = from.at("port").to_number<uint32_t>();
  call.address = Text(from, "address", call.address);
  call.tls = Flag(from, "tls");
  call.server_name = Text(from, "server_name");
  call.client_certificate = Flag(from, "client_certificate");
  if (Flag(from, "bytes")) call.speaks = Call::Speaks::kBytes;
  call.method = Text(from, "method", call.method);
  call.host = Text(from, "host");
  call.path = Text(from, "path", call.path);
  if (const json::value* headers = from.if_contains("headers")) {
    for (const json::value& header : headers->as_array()) {
      call.With(std::string_view(header.at(0).as_string()), std::string_view(header.at(1).as_string()));
    }
  }
  return call;
}

json::array ToJson(const Headers& headers) {
  json::array list;
  for (const auto& [name, value] : headers) list.push_back(json::array{name, value});
  return list;
}

json::object ToJson(const Hop& hop) {
  json::array choices;
  for (const Choice& choice : hop.choices) {
    choices.push_back(
        {{"cluster", choice.cluster}, {"weight", choice.weight}, {"served", choice.end == End::kForwarded}});
  }
  return {{"listener", hop.listener},
          {"chain", hop.chain},
          {"virtual_host", hop.virtual_host},
          {"route", hop.route},
          {"http", hop.http},
          {"host", hop.host},
          {"path", hop.path},
          {"headers", ToJson(hop.headers)},
          {"response_headers_removed", json::value_from(hop.response_headers_removed)},
          {"timeout_millis", hop.timeout_millis},
          {"per_try_millis", hop.per_try_millis},
          {"choices", choices}};
}

json::object ToJson(const Outcome& outcome) {
  json::array hops;
  for (const Hop& hop : outcome.hops) hops.push_back(ToJson(hop));
  json::object object = {{"end", WordFor(outcome.end)}, {"status", outcome.status}, {"note", outcome.note},
                         {"short", outcome.Short()},    {"text", outcome.Text()},   {"hops", hops}};
  if (outcome.grpc_status) object["grpc_status"] = *outcome.grpc_status;
  return object;
}

ProxyConfig ConfigOf(const json::object& question) {
  chancery::model::Snapshot snapshot(chancery::compile::testing::kMesh);
  for (const auto& resource : chancery::compile::testing::ReadGoldenInput(Text(question, "input"))) {
    snapshot.Put(resource);
  }
  const auto kind = chancery::model::KindOfSegment(Text(question, "kind"));
  if (!kind) throw std::invalid_argument("no such kind");
  return chancery::compile::Compile(snapshot, {chancery::compile::testing::kMesh, *kind, Text(question, "name")});
}

}  // namespace

int main() try {
  const std::string input((std::istreambuf_iterator<char>(std::cin)), {});
  const json::object question = json::parse(input).as_object();
  const ProxyConfig config = ConfigOf(question);
  const auto repeated =
      chancery::compile::testing::RepeatedHeadersOf(question.at("envoys_minor_version").to_number<uint32_t>());
  json::array answers;
  for (const json::value& call : question.at("calls").as_array()) {
    answers.push_back(ToJson(Simulate(config, ToCall(call.as_object()), repeated)));
  }
  std::cout << json::serialize(answers) << "\n";
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
