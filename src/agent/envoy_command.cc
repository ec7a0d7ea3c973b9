#include "agent/envoy_command.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/bootstrap_file.h"
#include "agent/host_platform.h"
#include "agent/http_client.h"
#include "agent/options.h"
#include "agent/process.h"
#include "agent/readiness.h"
#include "agent/supervisor.h"
#include "base/log.h"
#include "base/program.h"
#include "cli/flags.h"

namespace chancery::agent {
namespace {

using base::Code;
using base::Status;

constexpr int kMisuse = 2;

struct Arguments {
  std::shared_ptr<cli::FlagValues> flags = std::make_shared<cli::FlagValues>();
  std::vector<std::string> envoy;
};

std::string Variable(const cli::Environment& environment, const std::string& name, const std::string& otherwise) {
  const auto value = environment(name);
  return value && !value->empty() ? *value : otherwise;
}

base::Result<AgentOptions> ToAgentOptions(const Arguments& arguments, const cli::Environment& environment) {
  AgentOptions options;
  CHANCERY_RETURN_IF_ERROR(cli::ApplyEnvironment(AgentSettings(), environment, options));
  CHANCERY_RETURN_IF_ERROR(cli::ApplyFlags(AgentSettings(), *arguments.flags, options));
  options.envoy_arguments = arguments.envoy;
  return options;
}

base::Result<cli::BootstrapOptions> ToBootstrapOptions(const Arguments& arguments,
                                                       const cli::Environment& environment) {
  // The variable means something here.
  auto options = cli::FromEnvironment(
      [&](const std::string& name) { return name == "ENVOY_CONFIG_FILE" ? std::nullopt : environment(name); });
  if (!options) return options;
  CHANCERY_RETURN_IF_ERROR(cli::ApplyFlags(cli::Settings(), *arguments.flags, *options));
  return options;
}

// Where the admin interface is reached that is bound to `bound`.
cli::Endpoint AdminEndpoint(const cli::Endpoint& bound) {
  if (bound.host == "0.0.0.0") return {"127.0.0.1", bound.port, ""};
  if (bound.host == "::") return {"::1", bound.port, ""};
  return bound;
}

Status CheckReadable(std::string_view name, const std::string& path) {
  if (path.empty() || access(path.c_str(), R_OK) == 0) return Status::Ok();
  return base::Error{base::Code::kBadRequest, fmt::format("{}: {}: {}", name, path, std::strerror(errno)), {}};
}

// Without one of them an Envoy runs on, and of all its streams says only that they are closed.
Status CheckAccessFiles(const cli::XdsAccess& access) {
  CHANCERY_RETURN_IF_ERROR(CheckReadable("--xds-tls-ca (or CHANCERY_XDS_TLS_CA)", access.tls_ca));
  CHANCERY_RETURN_IF_ERROR(CheckReadable("--xds-client-cert (or CHANCERY_XDS_CLIENT_CERT)", access.client_certificate));
  // This one is read for each stream, and may come later.
  if (const auto token = CheckReadable("--xds-token-file (or CHANCERY_XDS_TOKEN_FILE)", access.token_file); !token) {
    spdlog::warn("{}", base::ToString(token.error()));
  }
  return CheckReadable("--xds-client-key (or CHANCERY_XDS_CLIENT_KEY)", access.client_key);
}

// Without them the control plane is told nothing, and says of all streams only that a token is missing.
void WarnOfMissingKey(const cli::XdsAccess& access, const cli::Environment& environment) {
  for (const char* name : {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}) {
    if (!access.sigv4 || !Variable(environment, name, "").empty()) continue;
    spdlog::warn("{} is not set: Envoy has nothing to sign with (--xds-auth sigv4)", name);
  }
}

// The bootstrap that `what` runs with; null when the user has one.
Status MakeBootstrapFile(cli::BootstrapOptions options, const cli::Environment& environment,
                         std::unique_ptr<BootstrapFile>& file) {
  CHANCERY_RETURN_IF_ERROR(CheckAccessFiles(options.xds_access));
  WarnOfMissingKey(options.xds_access, environment);
  CHANCERY_RETURN_IF_ERROR(cli::ReadFiles(options));
  GatherPlatform(environment, options.platform);
  std::vector<std::string> warnings;
  const auto text = cli::MakeBootstrap(options, warnings);
  if (!text) return text.error();
  for (const std::string& warning : options.warnings) spdlog::warn("{}", warning);
  for (const std::string& warning : warnings) spdlog::warn("{}", warning);
  return cli::Assign(file, BootstrapFile::Write(*text, Variable(environment, "TMPDIR", "/tmp")));
}

base::Result<int> Supervised(const Arguments& arguments, AgentOptions agent, const cli::Environment& environment) {
  auto bootstrap = ToBootstrapOptions(arguments, environment);
  if (!bootstrap) return bootstrap.error();
  auto program = base::FindProgram(agent.envoy, Variable(environment, "PATH", "/usr/local/bin:/usr/bin:/bin"));
  if (!program) return base::Error{program.error().code, fmt::format("--envoy: {}", program.error().message), {}};
  Supervision what{*std::move(program), agent.config_file, AdminEndpoint(bootstrap->admin), std::move(agent)};
  CHANCERY_RETURN_IF_ERROR(CheckReadable("ENVOY_CONFIG_FILE", what.bootstrap));
  std::unique_ptr<BootstrapFile> file;
  if (what.bootstrap.empty()) {
    CHANCERY_RETURN_IF_ERROR(MakeBootstrapFile(*std::move(bootstrap), environment, file));
    what.bootstrap = file->path();
  }
  return Supervise(what);
}

base::Result<int> Run(const Arguments& arguments, const cli::Environment& environment) {
  auto options = ToAgentOptions(arguments, environment);
  if (!options) return options.error();
  CHANCERY_RETURN_IF_ERROR(InitHttpClient());
  if (!options->readiness) return Supervised(arguments, *std::move(options), environment);
  CHANCERY_RETURN_IF_ERROR(AwaitReadiness(*options));
  return 0;
}

}  // namespace

void AddEnvoyCommand(CLI::App& app, cli::CommandIo io, int* exit_code) {
  CLI::App* command = app.add_subcommand("envoy", "Run an Envoy with that bootstrap, look after it and drain it");
  command->footer("A flag overrides the environment variables in brackets behind it.");
  auto arguments = std::make_shared<Arguments>();
  cli::AddFlags(*command, AgentSettings(), arguments->flags);
  cli::AddFlags(*command, cli::Settings(), arguments->flags);
  command->add_option("arguments", arguments->envoy, "Behind --: more words for Envoy")->type_name("...");
  command->callback([arguments, io = std::move(io), exit_code] {
    base::InitLogging("info");
    const auto result = Run(*arguments, io.environment);
    *exit_code = result ? *result : result.error().code == Code::kBadRequest ? kMisuse : 1;
    if (!result) io.err << "chancery envoy: " << base::ToString(result.error()) << "\n";
  });
}

}  // namespace chancery::agent
