#include "app/admin_socket.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "base/log.h"
#include "base/random.h"
#include "base/socket_path.h"
#include "frontend/aws_errors.h"
#include "frontend/url.h"

namespace chancery::app {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace json = boost::json;
using base::Code;
using base::Error;
using ErrorCode = boost::system::error_code;

constexpr int kAnswerSeconds = 30;
constexpr uint64_t kMaxAnswer = 64 << 20;

base::Result<json::object> ParseArguments(const std::string& body) {
  json::error_code error;
  json::value parsed = json::parse(body, error);
  if (error || !parsed.is_object()) return Error{Code::kBadRequest, "the body must be a JSON object", {}};
  return std::move(parsed.as_object());
}

Error NoAnswer(const std::filesystem::path& socket, const ErrorCode& error) {
  return {Code::kUnavailable, fmt::format("{} does not answer: {}", socket.string(), error.message()), {}};
}

void SetTimeouts(int fd) {
  const timeval limit{kAnswerSeconds, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

// The body of a 200, or the error that it tells.
base::Result<std::optional<json::value>> ReadAnswer(const http::response<http::string_body>& answer) {
  ErrorCode broken;
  json::value body = json::parse(answer.body(), broken);
  if (broken) return Error{Code::kUnavailable, "the admin socket's answer is no JSON", {}};
  if (answer.result() == http::status::ok) return std::optional<json::value>(std::move(body));
  const json::value* message = body.is_object() ? body.as_object().if_contains("message") : nullptr;
  return Error{Code::kBadRequest,
               message != nullptr && message->is_string() ? std::string(message->get_string()) : answer.body(),
               {}};
}

int64_t WallMs(const base::Clock& clock) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock.WallNow().time_since_epoch()).count();
}

// What the command was, on what.
frontend::AuditEvent EventOf(const Command& command, const json::object& arguments,
                             const base::Result<json::value>& result) {
  frontend::AuditEvent event;
  event.actor = kAdminSocket;
  event.operation = fmt::format("{} {}", command.group, command.verb);
  for (const CommandArgument& argument : command.arguments) {
    const json::value* value = arguments.if_contains(argument.name);
    if (value == nullptr || argument.kind == CommandArgument::Kind::kFile) continue;
    event.arguments.emplace_back(argument.name,
                                 value->is_string() ? std::string(value->get_string()) : json::serialize(*value));
  }
  // The id that a new key was given.
  const json::object* made = result && result->is_object() ? &result->get_object() : nullptr;
  const json::value* key = made == nullptr ? nullptr : made->if_contains("AccessKeyId");
  if (key != nullptr && key->is_string()) event.arguments.emplace_back("access-key-id", key->get_string());
  return event;
}

}  // namespace

frontend::Answer HandleCommand(const CommandContext& context, const frontend::AuditLog& audit,
                               const frontend::Request& request) {
  const std::string id = base::NewUuid();
  const auto segments = frontend::SplitPath(request.target);
  const Command* command = segments.size() == 2 ? FindCommand(segments[0], segments[1]) : nullptr;
  if (command == nullptr || request.method != "POST") {
    return frontend::ToAnswer(Error{Code::kNotFound, "there is no such command", {}}, id);
  }
  const auto arguments = ParseArguments(request.body);
  if (!arguments) return frontend::ToAnswer(arguments.error(), id);
  const auto result = RunCommand(context, *command, *arguments);
  spdlog::info("admin.sock: {}: {} {}: {}", request.peer, command->group, command->verb,
               result ? "done" : base::ToString(result.error()));
  frontend::Answer answer =
      result ? frontend::Answer{200, {{"Content-Type", "application/json"}}, json::serialize(*result)}
             : frontend::ToAnswer(result.error(), id);
  if (audit) {
    frontend::AuditEvent event = EventOf(*command, *arguments, result);
    event.time_ms = WallMs(context.clock);
    event.request_id = id;
    event.source = request.peer;
    event.status = answer.status;
    event.error = frontend::HeaderOf(answer.headers, "x-amzn-ErrorType");
    audit(event);
  }
  return answer;
}

base::Result<std::optional<json::value>> SendCommand(const std::filesystem::path& data_dir, const Command& command,
                                                     const json::object& arguments) {
  const std::filesystem::path path = data_dir / kAdminSocket;
  asio::io_context io;
  asio::local::stream_protocol::socket socket(io);
  ErrorCode error;
  const base::SocketPath address(path);
  if (!address.fits()) return std::optional<json::value>();  // no directory there, so nobody serves it
  socket.connect(asio::local::stream_protocol::endpoint(address.text()), error);
  if (error == boost::system::errc::no_such_file_or_directory || error == boost::system::errc::connection_refused) {
    return std::optional<json::value>();
  }
  if (error) return NoAnswer(path, error);
  SetTimeouts(socket.native_handle());
  http::request<http::string_body> request(http::verb::post, fmt::format("/{}/{}", command.group, command.verb), 11,
                                           json::serialize(arguments));
  request.set(http::field::host, "admin.sock");
  request.prepare_payload();
  http::write(socket, request, error);
  if (error) return NoAnswer(path, error);
  boost::beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(kMaxAnswer);
  http::read(socket, buffer, parser, error);
  if (error) return NoAnswer(path, error);
  return ReadAnswer(parser.get());
}

}  // namespace chancery::app
