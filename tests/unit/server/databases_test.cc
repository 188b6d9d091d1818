// Databases: which repository a name means, and that nothing reaches outside the folder.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "server/databases.h"
#include "temp_folder.h"

namespace rowan::server {
namespace {

namespace fs = std::filesystem;

std::unique_ptr<Databases> serve(const fs::path& folder) {
  auto made = Databases::open(folder);
  REQUIRE(made.ok());
  return std::move(*made);
}

std::string state_of(const Outcome<Databases::Use>& found) {
  return found.ok() ? "" : found.failure().sqlstate;
}
std::string state_of(const Outcome<bool>& done) { return done.ok() ? "" : done.failure().sqlstate; }

TEST_CASE("one repository: its name, postgres, branches and revisions of it") {
  TempFolder temp;
  REQUIRE(Database::init((temp.path / "shop.git").string()).ok());
  auto databases = serve(temp.path / "shop.git");
  CHECK_FALSE(databases->serves_folder());
  CHECK(databases->first_name() == "shop");
  for (const char* name : {"shop", "postgres"}) CHECK(state_of(databases->find(name)).empty());
  auto branch = databases->find("shop/team/x@1");
  REQUIRE(branch.ok());
  CHECK((*branch).revision() == "team/x@1");
  auto revision = databases->find("postgres@main~2");
  REQUIRE(revision.ok());
  CHECK((*revision).name() == "shop");
  CHECK((*revision).revision() == "main~2");
  for (const char* name : {"", "shop2", "shop.git", "/", "@", "shop/", "../shop", "."})
    CHECK(state_of(databases->find(name)) == "3D000");
  CHECK(state_of(databases->create("a", false)) == "0A000");
  CHECK(state_of(databases->drop("shop", false)) == "0A000");
}

TEST_CASE("a folder: repositories are made and removed below it, and nowhere else") {
  TempFolder temp;
  const fs::path folder = temp.path / "all";
  fs::create_directory(folder);
  REQUIRE(Database::init((temp.path / "outside.git").string()).ok());
  fs::create_directory_symlink(temp.path / "outside.git", folder / "link.git");
  auto databases = serve(folder);
  CHECK(databases->serves_folder());
  CHECK(state_of(databases->find("a")) == "3D000");
  CHECK(state_of(databases->create("a", false)).empty());
  CHECK(fs::exists(folder / "a.git" / "HEAD"));
  CHECK(state_of(databases->create("a", false)) == "42P04");
  auto again = databases->create("a", true);
  REQUIRE(again.ok());
  CHECK_FALSE(*again);
  for (const char* name : {"", ".", "..", ".hidden", "-x", "x/y", "../x", "a@b", "x.git", "x\ny",
                           "x\\y", "template1"}) {
    CAPTURE(name);
    CHECK(state_of(databases->create(name, false)) == "42602");
  }
  for (const char* name : {"link", "../outside", "outside", "..", "a.git/../../outside"}) {
    CAPTURE(name);
    CHECK(state_of(databases->find(name)) == "3D000");
    CHECK(state_of(databases->drop(name, false)) == "3D000");
  }
  {
    auto use = databases->find("a");
    REQUIRE(use.ok());
    CHECK(state_of(databases->drop("a", false)) == "55006");
  }
  CHECK(state_of(databases->drop("a", false)).empty());
  CHECK_FALSE(fs::exists(folder / "a.git"));
  CHECK(state_of(databases->drop("a", false)) == "3D000");
  CHECK(state_of(databases->drop("a", true)).empty());
  CHECK(fs::exists(temp.path / "outside.git" / "HEAD"));
}

TEST_CASE(
    "a folder has a place to say CREATE DATABASE from; a repository of that name comes first") {
  TempFolder temp;
  auto databases = serve(temp.path);
  {
    auto use = databases->find("postgres");
    REQUIRE(use.ok());
    CHECK((*use).keeps_nothing());
    auto session = (*use).database().connect("");
    REQUIRE(session.ok());
    CHECK((*session)->run("SELECT 1").ok());
  }
  CHECK(state_of(databases->create("postgres", false)).empty());
  CHECK(fs::exists(temp.path / "postgres.git"));
}

}  // namespace
}  // namespace rowan::server
