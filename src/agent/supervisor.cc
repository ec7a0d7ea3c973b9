#include "agent/supervisor.h"

#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/wait.h>

#include <memory>
#include <optional>

#include "agent/api.h"
#include "agent/envoy_admin.h"
#include "agent/health.h"
#include "agent/lifecycle.h"
#include "agent/log_files.h"
#include "agent/log_level.h"
#include "agent/output_pump.h"
#include "agent/periodic.h"
#include "agent/process.h"
#include "agent/standard_streams.h"
#include "agent/stats_snapshots.h"
#include "base/clock.h"
#include "frontend/http_server.h"

namespace chancery::agent {
namespace {

// How soon an Envoy that is not live yet is looked at again, and how often the main thread looks at its clock.
constexpr std::chrono::milliseconds kStartInterval{250};
constexpr std::chrono::milliseconds kTick{200};

// Taken by the main thread, which waits for them.
sigset_t BlockSignals() {
  signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGCHLD, SIGUSR1}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

// All of a running agent. Members are destroyed in an order in which each still has what it uses. Confined to the main
// thread, but for what its threads use, which is thread-safe.
class Agent : public EnvoyControl {
 public:
  explicit Agent(const Supervision& what)
      : what_(what),
        admin_(what.admin),
        health_(clock_, what.options.disconnected_timeout),
        log_level_(clock_, what.options.log_level, what.options.log_level_reset,
                   [this](const std::string& level) { return admin_.SetLogLevel(level); }),
        api_({clock_, admin_, health_, log_level_, what.options.stats_snapshot ? &snapshots_ : nullptr}),
        lifecycle_(clock_, *this, {what.options.restart_count, what.options.drain_wait, what.options.in_flight_wait}) {}

  base::Status Begin();
  int Run(const sigset_t& signals);

  base::Status Start(uint32_t restarts) override;
  void Signal(int number) override {
    if (pid_ > 0) kill(pid_, number);
  }
  base::Status Drain() override { return admin_.DrainListeners("graceful"); }
  std::optional<uint64_t> RequestsInFlight() override { return admin_.RequestsInFlight(); }

 private:
  base::Status OpenOutputs();
  void Take(int number);
  void Reap();
  std::chrono::milliseconds LookAtHealth();
  std::chrono::milliseconds TakeSnapshot();

  const Supervision what_;
  const base::Clock& clock_ = base::Clock::System();
  const EnvoyAdmin admin_;
  Health health_;
  StatsSnapshots snapshots_;
  LogLevel log_level_;
  Api api_;
  Lifecycle lifecycle_;
  std::unique_ptr<LogFiles> log_files_;
  std::unique_ptr<OutputPump> output_;
  std::unique_ptr<OutputPump> errors_;
  std::unique_ptr<frontend::HttpServer> server_;
  std::optional<Periodic> health_watch_;
  std::optional<Periodic> snapshot_watch_;
  int pid_ = -1;
};

base::Status Agent::Begin() {
  const AgentOptions& options = what_.options;
  if (const std::string privilege = PrivilegeOf(what_.program); !privilege.empty()) {
    spdlog::warn("{} {}: if this agent is killed, the kernel does not end it", what_.program, privilege);
  }
  CHANCERY_RETURN_IF_ERROR(OpenOutputs());
  frontend::HttpServerOptions server;
  server.address = ApiAddress(options);
  server.threads = 4;
  server.max_connections = 64;
  server.max_body = 4096;
  CHANCERY_RETURN_IF_ERROR(cli::Assign(
      server_, frontend::HttpServer::Start(server, [this](const auto& request) { return api_.Handle(request); })));
  CHANCERY_RETURN_IF_ERROR(lifecycle_.Begin());
  health_watch_.emplace([this] { return LookAtHealth(); });
  if (options.stats_snapshot) snapshot_watch_.emplace([this] { return TakeSnapshot(); });
  return base::Status::Ok();
}

base::Status Agent::OpenOutputs() {
  const AgentOptions& options = what_.options;
  if (options.log_directory.empty()) {
    CHANCERY_RETURN_IF_ERROR(cli::Assign(output_, PumpUnlessOpenable(STDOUT_FILENO)));
    return cli::Assign(errors_, PumpUnlessOpenable(STDERR_FILENO));
  }
  const auto bytes = static_cast<uintmax_t>(options.log_megabytes * (1 << 20));
  return cli::Assign(log_files_, LogFiles::Open(options.log_directory, options.log_name, {bytes, options.log_files}));
}

base::Status Agent::Start(uint32_t restarts) {
  log_level_.Forget();
  snapshots_.Reset();
  Program program{.path = what_.program, .arguments = EnvoyArguments(what_.options, what_.bootstrap)};
  if (log_files_) program.output = program.errors = log_files_->descriptor();
  if (output_) program.output = output_->descriptor();
  if (errors_) program.errors = errors_->descriptor();
  auto started = StartProgram(program);
  if (!started) return started.error();
  pid_ = *started;
  health_.Started(pid_, restarts);
  if (health_watch_) health_watch_->Wake();
  spdlog::info("Envoy runs as {}", pid_);
  return base::Status::Ok();
}

std::chrono::milliseconds Agent::LookAtHealth() {
  health_.Observed(admin_.Observe());
  return health_.Report().initialized ? what_.options.health_interval : kStartInterval;
}

std::chrono::milliseconds Agent::TakeSnapshot() {
  const auto stats = admin_.Prometheus(true);
  // An Envoy that just starts does not answer yet.
  if (stats) snapshots_.Take(*stats);
  return what_.options.snapshot_interval;
}

void Agent::Take(int number) {
  switch (number) {
    case SIGCHLD:
      return;
    case SIGUSR1:
      return Signal(number);
    case SIGINT:
      if (lifecycle_.stopping()) return lifecycle_.StopNow();
      [[fallthrough]];
    default:
      spdlog::info("signal {}: stopping", number);
      lifecycle_.Stop();
  }
}

// Envoy, and whatever else has become our child.
void Agent::Reap() {
  int status = 0;
  for (pid_t ended = waitpid(-1, &status, WNOHANG); ended > 0; ended = waitpid(-1, &status, WNOHANG)) {
    if (ended != pid_) continue;
    kill(-pid_, SIGKILL);  // what it started itself
    pid_ = -1;
    health_.Ended();
    lifecycle_.Exited(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
  }
}

int Agent::Run(const sigset_t& signals) {
  const timespec tick{0, std::chrono::nanoseconds(kTick).count()};
  while (!lifecycle_.exit_code()) {
    const int number = sigtimedwait(&signals, nullptr, &tick);
    if (number > 0) Take(number);
    Reap();
    lifecycle_.Tick();
    log_level_.Tick();
  }
  return *lifecycle_.exit_code();
}

}  // namespace

base::Result<int> Supervise(const Supervision& what) {
  const sigset_t signals = BlockSignals();
  PrepareToSupervise();
  Agent agent(what);
  CHANCERY_RETURN_IF_ERROR(agent.Begin());
  return agent.Run(signals);
}

}  // namespace chancery::agent
