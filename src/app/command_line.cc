#include "app/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>

#include "app/admin_socket.h"
#include "app/command_table.h"
#include "app/installation.h"
#include "app/pretty_json.h"
#include "base/log.h"

namespace chancery::app {
namespace {

namespace json = boost::json;
using base::Code;
using base::Error;
using Kind = CommandArgument::Kind;

constexpr int kMisuse = 2;
constexpr size_t kMaxFile = 1 << 20;

// What the flags of one command are written to.
struct Flags {
  InstallationOptions installation;
  std::map<std::string, std::string> texts;
  std::map<std::string, std::vector<std::string>> lists;
};

base::Result<std::string> ReadFile(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  std::string content(kMaxFile + 1, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (file.bad() || !file.is_open() || (file.fail() && !file.eof())) {
    return Error{Code::kBadRequest, "cannot read " + name, {}};
  }
  content.resize(static_cast<size_t>(file.gcount()));
  if (content.size() > kMaxFile) return Error{Code::kBadRequest, name + " is larger than 1 MiB", {}};
  return content;
}

base::Result<json::object> ToArguments(const Command& command, const Flags& flags) {
  json::object arguments;
  for (const CommandArgument& argument : command.arguments) {
    const std::string name(argument.name);
    if (const auto list = flags.lists.find(name); list != flags.lists.end() && !list->second.empty()) {
      arguments[name] = json::array(list->second.begin(), list->second.end());
    }
    const auto text = flags.texts.find(name);
    if (text == flags.texts.end() || text->second.empty()) continue;
    arguments[name] = text->second;
    if (argument.kind != Kind::kFile) continue;
    auto content = ReadFile(text->second);
    if (!content) return content.error();
    arguments[name] = *std::move(content);
  }
  return arguments;
}

// Verbs of commands that may come before the first start.
constexpr std::array<std::string_view, 5> kMaking = {"create", "put", "attach", "add", "set"};

// The process that serves the directory does it, or we do while no process holds it.
base::Result<json::value> Execute(const Command& command, const Flags& flags) {
  const auto arguments = ToArguments(command, flags);
  if (!arguments) return arguments.error();
  auto answered = SendCommand(flags.installation.data_dir, command, *arguments);
  if (!answered) return answered.error();
  if (answered->has_value()) return **std::move(answered);
  // A slip of --data-dir must not make an installation that no server knows; a first key may come before the first
  // start.
  const std::filesystem::path data_dir = flags.installation.data_dir;
  const bool is_new = !std::filesystem::exists(data_dir / "chancery.db");
  if (is_new && std::ranges::find(kMaking, command.verb) == kMaking.end()) {
    return Error{Code::kNotFound,
                 fmt::format("--data-dir: there is no installation in '{}'; `chancery serve` makes one, and so does "
                             "`chancery keys create`",
                             data_dir.string()),
                 {}};
  }
  if (is_new) {
    std::cerr << fmt::format("chancery: '{}' is a new installation; no server is running on it\n", data_dir.string());
  }
  auto installation = Installation::Open(flags.installation);
  if (!installation) return installation.error();
  return RunCommand((*installation)->commands(), command, *arguments);
}

// A secret is told once.
std::string WhatIsLost(const json::value& result) {
  const auto* object = result.if_object();
  if (object == nullptr || !object->contains("SecretAccessKey")) return "";
  return fmt::format("; access key {} is made and its secret is lost: delete it",
                     std::string_view(object->at("AccessKeyId").as_string()));
}

int Run(const Command& command, const Flags& flags) {
  base::InitLogging("warn");
  const auto result = Execute(command, flags);
  if (!result) {
    std::cerr << fmt::format("chancery {} {}: {}\n", command.group, command.verb, base::ToString(result.error()));
    return result.error().code == Code::kBadRequest ? kMisuse : 1;
  }
  if (*result == json::value(json::object{})) return 0;
  std::cout << Pretty(*result) << "\n" << std::flush;
  if (std::cout) return 0;
  std::cerr << fmt::format("chancery {} {}: the result cannot be written to stdout{}\n", command.group, command.verb,
                           WhatIsLost(*result));
  return 1;
}

void AddCommand(CLI::App& group, const Command& command, int* exit_code) {
  CLI::App* added = group.add_subcommand(std::string(command.verb), std::string(command.help));
  auto flags = std::make_shared<Flags>();
  for (const CommandArgument& argument : command.arguments) {
    const std::string name(argument.name);
    CLI::Option* option = argument.kind == Kind::kList
                              ? added->add_option("--" + name, flags->lists[name], std::string(argument.help))
                              : added->add_option("--" + name, flags->texts[name], std::string(argument.help));
    if (argument.required) option->required();
    option->type_name(argument.kind == Kind::kFile ? "FILE" : "TEXT");
  }
  AddInstallationOptions(*added, flags->installation);
  added->add_option("--output", "Format of the result; JSON alone")->check(CLI::IsMember({"json"}))->type_name("json");
  added->callback([flags, &command, exit_code] { *exit_code = Run(command, *flags); });
}

}  // namespace

void AddCommands(CLI::App& app, int* exit_code) {
  std::map<std::string_view, CLI::App*> groups;
  for (const Command& command : Commands()) {
    CLI::App*& group = groups[command.group];
    if (group == nullptr) {
      group = app.add_subcommand(std::string(command.group), std::string(GroupHelp(command.group)));
      group->require_subcommand(1);
    }
    AddCommand(*group, command, exit_code);
  }
}

}  // namespace chancery::app
