#include "xds/reference_client.h"

#include <sstream>

namespace chancery::xds {
namespace {

std::string NameOf(const std::string& body) { return body.substr(0, body.find(';')); }
// As the model makes them.
bool IsDns(const std::string& name) { return name == "c2" || name == "c3"; }
bool IsBad(const std::string& body) { return body.find("bad") != std::string::npos; }

}  // namespace

Names ReferenceClient::Field(const std::string& body, const std::string& key) {
  const size_t begin = body.find(";" + key + "=");
  if (begin == std::string::npos) return {};
  const size_t value = begin + key.size() + 2;
  std::istringstream list(body.substr(value, body.find(';', value) - value));
  Names names;
  for (std::string name; std::getline(list, name, ',');) names.push_back(name);
  return names;
}

void ReferenceClient::Connect() {
  streams_ = {};
  outbox_.clear();
  withheld_ = false;
  // What is known already serves when its fetch times out.
  std::erase_if(warming_clusters_, [&](const std::string& name) { return mine(Type::kEndpoint).count(name) != 0; });
  for (auto& [name, body] : warming_listeners_) {
    for (const std::string& route : Field(body, "children")) {
      if (mine(Type::kRoute).count(route) != 0) answered_[name].insert(route);
    }
  }
  Ask(Type::kCluster);
  UpdateNames(Type::kEndpoint);
  if (initialized_) Ask(Type::kListener);
  UpdateNames(Type::kRoute);
  Warm();
}

void ReferenceClient::Receive(const Response& response) {
  const Type type = *TypeOfUrl(response.type_url());
  stream(type).nonce = response.nonce();
  std::string error;
  if (type == Type::kCluster) ApplyClusters(response, error);
  if (type == Type::kListener) ApplyListeners(response, error);
  if (type == Type::kEndpoint || type == Type::kRoute) ApplyNamed(type, response, error);
  if (error.empty()) versions_[static_cast<size_t>(type)] = response.version_info();
  if (type == Type::kCluster && error.empty()) {
    withheld_ = true;
  } else {
    if (type == Type::kCluster) withheld_ = false;
    stream(type).names = Wanted(type);
    Ask(type, error);
  }
  UpdateNames(Type::kEndpoint);
  UpdateNames(Type::kRoute);
  Warm();
}

void ReferenceClient::Blame(const std::string& name, std::string& error) const {
  if (error.empty()) error = "rejected:";
  if (names_culprits_) error += " " + name + ": bad value,";
}

void ReferenceClient::ApplyClusters(const Response& response, std::string& error) {
  std::map<std::string, std::string> next;
  auto& clusters = mine(Type::kCluster);
  for (const auto& resource : response.resources()) {
    const bool waits = resource.value().ends_with(kWaits);
    const std::string body = resource.value().substr(0, resource.value().size() - (waits ? kWaits.size() : 0));
    const std::string name = NameOf(body);
    const auto before = clusters.find(name);
    if (IsBad(body)) {
      Blame(name, error);
      if (before != clusters.end()) next[name] = before->second;
      continue;
    }
    const bool changed = before == clusters.end() || before->second != body;
    if (changed && !Field(body, "children").empty()) warming_clusters_.insert(name);
    if (changed || waits != (waits_.count(name) != 0)) Build(name, waits, before != clusters.end(), changed);
    next[name] = body;
  }
  for (std::set<std::string>* names : {&warming_clusters_, &resolving_clusters_, &waits_}) {
    std::erase_if(*names, [&](const std::string& name) { return next.count(name) == 0; });
  }
  clusters = next;
  std::erase_if(mine(Type::kEndpoint), [&](const auto& entry) { return next.count(entry.first) == 0; });
}

void ReferenceClient::Build(const std::string& name, bool waits, bool replaces, bool changed) {
  if (!changed) rebuilt_.push_back(name);
  if (waits) {
    waits_.insert(name);
    resolving_clusters_.insert(name);
    return;
  }
  waits_.erase(name);
  resolving_clusters_.erase(name);
  if (replaces && IsDns(name)) cut_.push_back(name);
}

void ReferenceClient::Resolve() {
  resolving_clusters_.clear();
  Warm();
}

void ReferenceClient::ApplyListeners(const Response& response, std::string& error) {
  std::set<std::string> named;
  auto& serving = mine(Type::kListener);
  for (const auto& resource : response.resources()) {
    const std::string& body = resource.value();
    const std::string name = NameOf(body);
    named.insert(name);
    if (IsBad(body)) {
      Blame(name, error);
      continue;
    }
    const auto warming = warming_listeners_.find(name);
    const auto before = serving.find(name);
    if (warming != warming_listeners_.end() ? warming->second == body
                                            : before != serving.end() && before->second == body) {
      continue;
    }
    warming_listeners_[name] = body;
    answered_[name].clear();
  }
  std::erase_if(serving, [&](const auto& entry) { return named.count(entry.first) == 0; });
  std::erase_if(warming_listeners_, [&](const auto& entry) { return named.count(entry.first) == 0; });
}

void ReferenceClient::ApplyNamed(Type type, const Response& response, std::string& error) {
  const Names wanted = Wanted(type);
  for (const auto& resource : response.resources()) {
    const std::string& body = resource.value();
    const std::string name = NameOf(body);
    if (std::find(wanted.begin(), wanted.end(), name) == wanted.end()) continue;
    if (IsBad(body)) return Blame(name, error);
    mine(type)[name] = body;
    if (type == Type::kEndpoint) warming_clusters_.erase(name);
    if (type == Type::kRoute) {
      for (auto& entry : warming_listeners_) answered_[entry.first].insert(name);
    }
  }
}

// Lets what has all it needs serve, and sends the ACK that waited for it.
void ReferenceClient::Warm() {
  for (auto entry = warming_listeners_.begin(); entry != warming_listeners_.end();) {
    const Names children = Field(entry->second, "children");
    const auto& answered = answered_[entry->first];
    const bool warm =
        std::all_of(children.begin(), children.end(), [&](const auto& name) { return answered.count(name) != 0; });
    if (!warm) {
      ++entry;
      continue;
    }
    mine(Type::kListener)[entry->first] = entry->second;
    entry = warming_listeners_.erase(entry);
  }
  UpdateNames(Type::kRoute);
  if (!warming_clusters_.empty() || !resolving_clusters_.empty()) return;
  if (std::exchange(withheld_, false)) Ask(Type::kCluster);
  if (!has_version(Type::kCluster)) return;
  if (std::exchange(initialized_, true) || stream(Type::kListener).asked) return;
  Ask(Type::kListener);
}

Names ReferenceClient::Wanted(Type type) const {
  std::set<std::string> names;
  const auto add = [&](const std::map<std::string, std::string>& parents) {
    for (const auto& [name, body] : parents) {
      for (const std::string& child : Field(body, "children")) names.insert(child);
    }
  };
  if (type == Type::kEndpoint) add(has(Type::kCluster));
  if (type == Type::kRoute) {
    add(has(Type::kListener));
    add(warming_listeners_);
  }
  return {names.begin(), names.end()};
}

void ReferenceClient::UpdateNames(Type type) {
  const Names wanted = Wanted(type);
  std::erase_if(mine(type), [&](const auto& entry) {
    return std::find(wanted.begin(), wanted.end(), entry.first) == wanted.end();
  });
  if (wanted == stream(type).names) return;
  stream(type).names = wanted;
  Ask(type);
}

void ReferenceClient::Repeat(Type type) {
  if (stream(type).asked && !(type == Type::kCluster && withheld_)) Ask(type);
}

void ReferenceClient::Ask(Type type, const std::string& error) {
  Stream& current = stream(type);
  WireRequest request = TestStream::MakeRequest(type, current.names);
  if (!current.asked) request.mutable_node()->set_id("n");
  current.asked = true;
  request.set_version_info(versions_[static_cast<size_t>(type)]);
  request.set_response_nonce(current.nonce);
  if (!error.empty()) request.mutable_error_detail()->set_message(error);
  outbox_.push_back(std::move(request));
}

std::optional<WireRequest> ReferenceClient::NextRequest() {
  if (outbox_.empty()) return std::nullopt;
  WireRequest request = std::move(outbox_.front());
  outbox_.pop_front();
  return request;
}

bool ReferenceClient::GiveUpOn(const std::function<bool(const std::string&)>& clusters) {
  const bool any = std::erase_if(warming_clusters_, clusters) != 0;
  Warm();
  return any;
}

std::set<std::string> ReferenceClient::Broken() const {
  std::set<std::string> broken;
  const auto check = [&](const std::string& body) {
    for (const std::string& cluster : Field(body, "clusters")) {
      if (has(Type::kCluster).count(cluster) == 0) broken.insert(std::string(cluster).append(" of ").append(body));
    }
  };
  for (const auto& [name, body] : has(Type::kListener)) {
    check(body);
    for (const std::string& route : Field(body, "children")) {
      const auto found = has(Type::kRoute).find(route);
      if (found != has(Type::kRoute).end()) check(found->second);
    }
  }
  return broken;
}

}  // namespace chancery::xds
