#include "ems/config_cache.h"

#include <envoy/config/listener/v3/listener.pb.h>
#include <gtest/gtest.h>

#include <string>

namespace chancery::ems {
namespace {

using compile::FragmentType;

std::shared_ptr<const transform::TypeSet> ListenerSet(store::Txn txn, const std::string& name) {
  envoy::config::listener::v3::Listener listener;
  listener.set_name(name);
  listener.mutable_address()->mutable_socket_address()->set_address("0.0.0.0");
  auto set = std::make_shared<transform::TypeSet>();
  set->txn = txn;
  set->fragments.push_back(compile::MakeFragment(FragmentType::kListener, name, listener.SerializeAsString(),
                                                 {.routes = {"rds"}, .slots = {compile::Slot::kBindIngress}}));
  return set;
}

transform::Manifest ManifestOf(std::shared_ptr<const transform::TypeSet> listeners) {
  transform::Manifest manifest;
  manifest.types[static_cast<size_t>(FragmentType::kListener)] = std::move(listeners);
  return manifest;
}

const xds::ResourceSetPtr& Listeners(const xds::ConfigPtr& config) { return config->set(xds::Type::kListener); }

TEST(ConfigCache, ProxiesWithDefaultSlotsShareOneCopy) {
  ConfigCache cache(10);
  const auto manifest = ManifestOf(ListenerSet(3, "l"));
  const auto first = cache.Get(manifest, {});
  EXPECT_EQ(Listeners(first), Listeners(cache.Get(manifest, {})));
  // A value for a slot that the set does not have makes no copy.
  EXPECT_EQ(Listeners(first), Listeners(cache.Get(manifest, {"", "127.0.0.9", ""})));
  EXPECT_EQ(Listeners(first)->txn(), 3U);
  EXPECT_EQ(Listeners(first)->resources()[0]->children, std::vector<std::string>{"rds"});
}

TEST(ConfigCache, AValueMakesACopyOfItsOwn) {
  ConfigCache cache(10);
  const auto manifest = ManifestOf(ListenerSet(3, "l"));
  const auto common = cache.Get(manifest, {});
  const auto bound = cache.Get(manifest, {"127.0.0.9", "", ""});
  EXPECT_NE(Listeners(common)->version(), Listeners(bound)->version());
  EXPECT_EQ(Listeners(bound), Listeners(cache.Get(manifest, {"127.0.0.9", "", ""})));
  EXPECT_NE(*Listeners(common)->resources()[0]->body, *Listeners(bound)->resources()[0]->body);
}

TEST(ConfigCache, IsBounded) {
  ConfigCache cache(10);
  const auto manifest = ManifestOf(ListenerSet(3, "l"));
  for (int i = 0; i < 200; ++i) cache.Get(manifest, {"127.0.1." + std::to_string(i), "", ""});
  EXPECT_EQ(cache.size(), 10U);
}

TEST(ConfigCache, ForgetsWhatNoManifestHasAnyMore) {
  ConfigCache cache(10'000);
  for (int i = 0; i < 1000; ++i) cache.Get(ManifestOf(ListenerSet(3, "l")), {});
  EXPECT_LT(cache.size(), 300U);
}

TEST(ConfigCache, AnEvictedSetIsMadeAgainTheSame) {
  ConfigCache cache(1);
  const auto manifest = ManifestOf(ListenerSet(3, "l"));
  const std::string version = Listeners(cache.Get(manifest, {}))->version();
  cache.Get(manifest, {"127.0.0.9", "", ""});
  EXPECT_EQ(Listeners(cache.Get(manifest, {}))->version(), version);
}

}  // namespace
}  // namespace chancery::ems
