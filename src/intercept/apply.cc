#include "intercept/apply.h"

#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "intercept/program.h"
#include "intercept/rules.h"

namespace chancery::intercept {
namespace {

using base::Code;
using base::Error;
using base::Status;

// The programs of a family; iptables waits for its lock instead of failing.
struct Programs {
  std::vector<std::string> save;
  std::vector<std::string> restore;
};

Programs ProgramsOf(Family family) {
  const std::string name = family == Family::kIpv4 ? "iptables" : "ip6tables";
  return {{name + "-save", "-t", "nat"}, {name + "-restore", "--noflush", "--wait", "10"}};
}

Status RunNft(const std::string& text, const Host& host) {
  const auto done = host.run({"nft", "-f", "-"}, text);
  return done ? Status::Ok() : Status(done.error());
}

// Whether a tool must be able to tell which rules there are. A tool that is just installed too may not (a kernel
// without IPv6, or without nf_tables): then it has set none of ours.
enum class Listing { kRequired, kIfPossible };

// Restores what `make` makes of the rules that are there; nothing if that is empty.
template <typename Make>
Status RestoreIptables(Family family, Listing listing, const Host& host, const Make& make) {
  const Programs programs = ProgramsOf(family);
  const auto saved = host.run(programs.save, "");
  if (!saved) return listing == Listing::kRequired ? Status(saved.error()) : Status::Ok();
  const std::string text = make(*saved);
  if (text.empty()) return Status::Ok();
  const auto done = host.run(programs.restore, text);
  return done ? Status::Ok() : Status(done.error());
}

Status RemoveIptables(Family family, Listing listing, const Host& host) {
  // A host without the programs of a family has no rules of that family from us.
  if (!host.has(ProgramsOf(family).save.front())) return Status::Ok();
  return RestoreIptables(family, listing, host, IptablesRemoval);
}

Status RemoveNft(Listing listing, const Host& host) {
  if (!host.has("nft")) return Status::Ok();
  const bool there = listing == Listing::kRequired || host.run({"nft", "list", "table", "inet", kNftTable}, "");
  return there ? RunNft(NftRemoval(), host) : Status::Ok();
}

Status SetIptables(const InterceptOptions& options, Family family, const Host& host) {
  return RestoreIptables(family, Listing::kRequired, host,
                         [&](const std::string& saved) { return IptablesRules(options, family, saved); });
}

}  // namespace

Host ThisHost() {
  return {[](const std::string& program) { return FindProgram(program).has_value(); }, RunProgram};
}

base::Status CheckCapability() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (syscall(SYS_capget, &header, data.data()) == 0 && (data[0].effective & (1U << CAP_NET_ADMIN)) != 0) {
    return Status::Ok();
  }
  return Error{
      Code::kForbidden, "changing rules needs CAP_NET_ADMIN: run it as root or give the container NET_ADMIN", {}};
}

base::Result<Tool> ChooseTool(const InterceptOptions& options, const Host& host) {
  const bool nft = host.has("nft");
  const bool iptables = host.has("iptables-save") && host.has("iptables-restore");
  if (options.tool == Tool::kNft && !nft) return Error{Code::kNotFound, "nft is not installed", {}};
  if (options.tool == Tool::kIptables && !iptables) return Error{Code::kNotFound, "iptables is not installed", {}};
  if (options.tool != Tool::kAuto) return options.tool;
  if (nft) return Tool::kNft;
  if (iptables) return Tool::kIptables;
  return Error{Code::kNotFound, "neither nft nor iptables is installed", {}};
}

std::string PrintedRules(const InterceptOptions& options, Tool tool) {
  if (tool != Tool::kIptables) return NftRules(options);
  std::string text = "# iptables-restore --noflush\n" + IptablesRules(options, Family::kIpv4, "");
  if (options.ipv6) text += "# ip6tables-restore --noflush\n" + IptablesRules(options, Family::kIpv6, "");
  return text;
}

base::Status SetRules(const InterceptOptions& options, Tool tool, const Host& host) {
  // First what the other tool has set: two sets of rules would be in force.
  if (tool == Tool::kNft) {
    CHANCERY_RETURN_IF_ERROR(RemoveIptables(Family::kIpv6, Listing::kIfPossible, host));
    CHANCERY_RETURN_IF_ERROR(RemoveIptables(Family::kIpv4, Listing::kIfPossible, host));
    return RunNft(NftRules(options), host);
  }
  CHANCERY_RETURN_IF_ERROR(RemoveNft(Listing::kIfPossible, host));
  // IPv6 before IPv4: when its tools are missing, nothing has been set.
  CHANCERY_RETURN_IF_ERROR(options.ipv6 ? SetIptables(options, Family::kIpv6, host)
                                        : RemoveIptables(Family::kIpv6, Listing::kIfPossible, host));
  return SetIptables(options, Family::kIpv4, host);
}

base::Status RemoveRules(Tool tool, const Host& host) {
  const auto listing = [tool](Tool of) { return of == tool ? Listing::kRequired : Listing::kIfPossible; };
  // Each is tried, whatever becomes of the others.
  for (const Status& removed :
       {RemoveNft(listing(Tool::kNft), host), RemoveIptables(Family::kIpv6, Listing::kIfPossible, host),
        RemoveIptables(Family::kIpv4, listing(Tool::kIptables), host)}) {
    CHANCERY_RETURN_IF_ERROR(removed);
  }
  return Status::Ok();
}

}  // namespace chancery::intercept
