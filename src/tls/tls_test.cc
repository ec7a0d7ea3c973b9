#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tls/context_files.h"
#include "tls/testing.h"

namespace chancery::tls {
namespace {

using testing::Authority;

const Authority& Ours() {
  static const Authority authority("tests");
  return authority;
}

TEST(ContextFiles, NamesTheFileThatIsWrong) {
  const Files good = Ours().Issue("good", "DNS:a.test");
  const Files other = Ours().Issue("other", "DNS:a.test");
  const std::string broken = (Ours().directory() / "broken.pem").string();
  std::ofstream(broken) << "no certificate";
  const struct {
    Files files;
    std::string named;
  } cases[] = {{{good.certificate, "/nowhere/key"}, "/nowhere/key"},
               {{broken, good.key}, broken},
               {{good.certificate, broken}, broken},
               {{good.certificate, other.key}, other.key},
               {{good.certificate, good.key, broken}, broken}};
  for (const auto& [files, named] : cases) {
    const auto loaded = ContextFiles::LoadServer(files, true);
    ASSERT_FALSE(loaded) << named;
    EXPECT_EQ(loaded.error().code, base::Code::kUnavailable);
    EXPECT_NE(loaded.error().message.find(named), std::string::npos) << loaded.error().message;
  }
}

TEST(ContextFiles, KeepsThePairUntilTheNextIsWhole) {
  const Files files = Ours().Issue("renewed", "DNS:a.test");
  auto loaded = ContextFiles::LoadServer(files, true);
  ASSERT_TRUE(loaded) << base::ToString(loaded.error());
  const ContextPtr before = loaded->context();
  EXPECT_FALSE(*loaded->Refresh());

  const Files next = Ours().Issue("next", "DNS:longer.name.test");
  std::filesystem::rename(next.certificate, files.certificate);
  EXPECT_FALSE(loaded->Refresh()) << "the key is still the old one";
  EXPECT_EQ(loaded->context(), before);
  std::filesystem::rename(next.key, files.key);
  EXPECT_TRUE(*loaded->Refresh());
  EXPECT_NE(loaded->context(), before);
}

TEST(ContextFiles, SeesAnotherAuthority) {
  Files files = Ours().Issue("with-ca", "DNS:a.test");
  files.ca = (Ours().directory() / "clients.pem").string();
  std::filesystem::copy_file(Ours().ca(), files.ca);
  auto loaded = ContextFiles::LoadServer(files, true);
  ASSERT_TRUE(loaded) << base::ToString(loaded.error());
  const Authority other("another one");
  std::ofstream(files.ca, std::ios::app) << std::ifstream(other.ca()).rdbuf();
  EXPECT_TRUE(*loaded->Refresh());
}

TEST(ContextFiles, OfAClientMayBeNoneOrChange) {
  auto none = ContextFiles::LoadClient({});
  ASSERT_TRUE(none) << base::ToString(none.error());
  EXPECT_FALSE(*none->Refresh());
  const Files files = Ours().Issue("client", "DNS:a.test");
  auto loaded = ContextFiles::LoadClient(files);
  ASSERT_TRUE(loaded) << base::ToString(loaded.error());
  Ours().Issue("client", "DNS:longer.name.test");
  EXPECT_TRUE(*loaded->Refresh());
  std::filesystem::remove(files.key);
  EXPECT_FALSE(loaded->Refresh());
}

TEST(ClientContext, NamesTheFileThatIsWrong) {
  EXPECT_TRUE(MakeClientContext({}));
  const auto made = MakeClientContext({.ca = "/nowhere/ca"});
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message.find("/nowhere/ca"), std::string::npos);
}

}  // namespace
}  // namespace chancery::tls
