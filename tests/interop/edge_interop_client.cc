// A gRPC C++ client for edge_interop_test: edge_interop_client HOST:PORT SCENARIO. Calls the
// methods of src/edge/test_handlers.h without generated stubs. Exit code 0 when the server did what
// the scenario expects; otherwise says on stderr what it did.

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

// One bidirectional call, each operation awaited.
class Call {
 public:
  Call(const std::shared_ptr<grpc::Channel>& channel, const std::string& method, milliseconds deadline)
      : stub_(channel) {
    context_.set_deadline(system_clock::now() + deadline);
    context_.set_wait_for_ready(true);
    stream_ = stub_.PrepareCall(&context_, method, &queue_);
    stream_->StartCall(this);
    started_ = Await();
  }
  ~Call() {
    queue_.Shutdown();
    while (Await() || got_tag_) {
    }
  }

  bool started() const { return started_; }
  bool Write(const std::string& message) {
    grpc::Slice slice(message);
    stream_->Write(grpc::ByteBuffer(&slice, 1), this);
    return Await();
  }
  bool Read(std::string* message) {
    grpc::ByteBuffer buffer;
    stream_->Read(&buffer, this);
    if (!Await()) return false;
    grpc::Slice slice;
    if (!buffer.DumpToSingleSlice(&slice).ok()) return false;
    message->assign(reinterpret_cast<const char*>(slice.begin()), slice.size());
    return true;
  }
  bool End() {
    stream_->WritesDone(this);
    return Await();
  }
  void Cancel() { context_.TryCancel(); }
  grpc::Status Finish() {
    grpc::Status status;
    stream_->Finish(&status, this);
    Await();
    return status;
  }

 private:
  bool Await() {
    void* tag = nullptr;
    bool ok = false;
    got_tag_ = queue_.Next(&tag, &ok);
    return got_tag_ && ok;
  }

  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  bool started_ = false;
  bool got_tag_ = false;
};

constexpr milliseconds kPatience{30'000};

bool Fail(const std::string& what, const grpc::Status& status) {
  std::fprintf(stderr, "%s; status %d: %s\n", what.c_str(), status.error_code(), status.error_message().c_str());
  return false;
}

bool Expect(const grpc::Status& status, grpc::StatusCode code, const std::string& message = "") {
  if (status.error_code() == code && (message.empty() || status.error_message() == message)) return true;
  return Fail("expected status " + std::to_string(code) + " " + message, status);
}

bool EchoOnce(const std::shared_ptr<grpc::Channel>& channel, const std::string& text) {
  Call call(channel, "/test/Echo", kPatience);
  std::string answer;
  if (!call.Write(text) || !call.Read(&answer) || answer != text) return Fail("no echo", call.Finish());
  call.End();
  return Expect(call.Finish(), grpc::StatusCode::OK);
}

// In turns, then many before the first answer is read.
bool Messages(const std::shared_ptr<grpc::Channel>& channel) {
  Call call(channel, "/test/Echo", kPatience);
  std::string answer;
  for (int i = 0; i < 1'000; ++i) {
    const std::string text = "message " + std::to_string(i);
    if (!call.Write(text) || !call.Read(&answer) || answer != text) return Fail("no echo of " + text, call.Finish());
  }
  for (int i = 0; i < 200; ++i) {
    if (!call.Write(std::to_string(i))) return Fail("cannot write", call.Finish());
  }
  call.End();
  for (int i = 0; i < 200; ++i) {
    if (!call.Read(&answer) || answer != std::to_string(i))
      return Fail("no answer " + std::to_string(i), call.Finish());
  }
  if (call.Read(&answer)) return Fail("a message too many", call.Finish());
  return Expect(call.Finish(), grpc::StatusCode::OK);
}

bool Large(const std::shared_ptr<grpc::Channel>& channel) {
  std::string text(3'000'000, 'a');
  for (size_t i = 0; i < text.size(); i += 1'000) text[i] = static_cast<char>('a' + i / 1'000 % 26);
  return EchoOnce(channel, text) && EchoOnce(channel, text);
}

bool TooLarge(const std::shared_ptr<grpc::Channel>& channel) {
  Call call(channel, "/test/Echo", kPatience);
  call.Write(std::string(5'000'000, 'a'));
  std::string answer;
  call.Read(&answer);
  return Expect(call.Finish(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

bool Status(const std::shared_ptr<grpc::Channel>& channel) {
  Call call(channel, "/test/Fail", kPatience);
  const std::string text = "100 % r\xc3\xa9serv\xc3\xa9\nline two";
  std::string answer;
  call.Write(text);
  if (call.Read(&answer)) return Fail("a message before the status", call.Finish());
  return Expect(call.Finish(), grpc::StatusCode::PERMISSION_DENIED, text);
}

bool Unknown(const std::shared_ptr<grpc::Channel>& channel) {
  Call call(channel, "/nobody/Knows", kPatience);
  std::string answer;
  if (call.Read(&answer)) return Fail("an answer", call.Finish());
  return Expect(call.Finish(), grpc::StatusCode::UNIMPLEMENTED);
}

bool Deadline(const std::shared_ptr<grpc::Channel>& channel) {
  if (!EchoOnce(channel, "connected")) return false;
  Call call(channel, "/test/Quiet", milliseconds(300));
  std::string answer;
  if (call.Read(&answer)) return Fail("an answer", call.Finish());
  return Expect(call.Finish(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

bool Cancel(const std::shared_ptr<grpc::Channel>& channel) {
  Call call(channel, "/test/Echo", kPatience);
  std::string answer;
  if (!call.Write("x") || !call.Read(&answer)) return Fail("no echo", call.Finish());
  call.Cancel();
  return Expect(call.Finish(), grpc::StatusCode::CANCELLED) && EchoOnce(channel, "after");
}

// Calls one after the other until stdin ends, whatever happens to the connections below.
bool Reconnect(const std::shared_ptr<grpc::Channel>& channel) {
  do {
    if (!EchoOnce(channel, "again")) return false;
    fd_set readable;
    FD_ZERO(&readable);
    FD_SET(STDIN_FILENO, &readable);
    timeval moment{0, 1'000};
    if (::select(STDIN_FILENO + 1, &readable, nullptr, nullptr, &moment) > 0) return true;
  } while (true);
}

// Pings far more often than a call says anything; a ping without answer would end the call with
// UNAVAILABLE before its deadline.
grpc::ChannelArguments PingingArguments() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 50);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 300);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  return arguments;
}

bool Pings(const std::shared_ptr<grpc::Channel>& channel) {
  if (!EchoOnce(channel, "connected")) return false;
  Call call(channel, "/test/Quiet", milliseconds(1'000));
  std::string answer;
  if (call.Read(&answer)) return Fail("an answer", call.Finish());
  return Expect(call.Finish(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, std::function<bool(const std::shared_ptr<grpc::Channel>&)>> scenarios = {
      {"messages", Messages}, {"large", Large},     {"too-large", TooLarge},
      {"status", Status},     {"unknown", Unknown}, {"deadline", Deadline},
      {"cancel", Cancel},     {"pings", Pings},     {"reconnect", Reconnect},
  };
  const auto scenario = argc == 3 ? scenarios.find(argv[2]) : scenarios.end();
  if (scenario == scenarios.end()) {
    std::fprintf(stderr, "usage: edge_interop_client HOST:PORT SCENARIO\n");
    return 2;
  }
  const auto arguments = scenario->first == "pings" ? PingingArguments() : grpc::ChannelArguments();
  const auto channel = grpc::CreateCustomChannel(argv[1], grpc::InsecureChannelCredentials(), arguments);
  return scenario->second(channel) ? 0 : 1;
}
