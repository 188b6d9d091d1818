// Proves: a config file is read as Git reads it, changed without touching the rest, and nothing in it
// is opened or taken but what is listed.
#include "git/config.h"

#include <doctest/doctest.h>

#include <fstream>

#include "unit/temp_folder.h"

namespace rowan::git {

namespace {

std::string shown(std::string_view text) {
  const auto entries = parse_config(text);
  if (!entries) return entries.error().message();
  std::string out;
  for (const ConfigEntry& entry : *entries)
    out += entry.section + "|" + entry.subsection + "|" + entry.name + "=" + entry.value + "\n";
  return out;
}

std::string changed(std::string_view text, const ConfigChange& change) {
  const auto now = change_config(text, change);
  return now ? *now : now.error().message();
}

void write_config(const TempFolder& folder, const std::string& text) {
  std::ofstream(folder.path / "config", std::ios::binary) << text;
}

}  // namespace

TEST_CASE("settings are read as Git reads them") {
  CHECK(shown("[Core]\n\tBare = true ; no\n  x=1") == "core||bare=true\ncore||x=1\n");
  CHECK(shown("[remote \"A b\\\"c\"] url = \"x ; y\" z # no\n") == "remote|A b\"c|url=x ; y z\n");
  CHECK(shown("\xEF\xBB\xBF[branch.Main]\r\n\tmerge\r\n") == "branch|main|merge=true\n");
  CHECK(shown("[a]\nb = one \\\n two\\n\n") == "a||b=one  two\n\n");
  CHECK(shown("[a]\nb = \"  kept  \"  \nc =\n") == "a||b=  kept  \na||c=\n");
  for (const char* bad : {"b = 1\n", "[a\n", "[]\n", "[a]\nb = \"x\n", "[a]\nb = \\q\n", "[a]\n= 1\n",
                          "[a \"b]\n", "[a]\nb c\n", "[a]\nb = \\"}) {
    CAPTURE(bad);
    CHECK(shown(bad).find("cannot be read, line") != std::string::npos);
  }
}

TEST_CASE("a change leaves all else as it was") {
  const std::string text = "# mine\n[core]\n\tbare = true\n[rowan \"a\"]\n\tx = 1\n[gc]\n\tauto = 0\n";
  CHECK(changed(text, {"rowan", "a", "x", "2"}) ==
        "# mine\n[core]\n\tbare = true\n[rowan \"a\"]\n\tx = 2\n[gc]\n\tauto = 0\n");
  CHECK(changed(text, {"rowan", "a", "y", "a b"}) ==
        "# mine\n[core]\n\tbare = true\n[rowan \"a\"]\n\tx = 1\n\ty = \"a b\"\n[gc]\n\tauto = 0\n");
  CHECK(changed(text, {"rowan", "b\"\\", "x", "1"}) == text + "[rowan \"b\\\"\\\\\"]\n\tx = 1\n");
  CHECK(changed(text, {"rowan", "a", "x", std::nullopt}) ==
        "# mine\n[core]\n\tbare = true\n[rowan \"a\"]\n[gc]\n\tauto = 0\n");
  CHECK(changed(text, {"rowan", "none", "x", std::nullopt}) == text);
  CHECK(changed("[a] x = 1\n[a] x = 2", {"a", "", "x", "3"}) == "[a]\n[a]\n\tx = 3\n");
  CHECK(changed("", {"a", "", "x", "#\n\"\\"}) == "[a]\n\tx = \"#\\n\\\"\\\\\"\n");
  CHECK(shown(changed("", {"a", "s", "x", " #\n\t\"\\ "})) == "a|s|x= #\n\t\"\\ \n");
  CHECK_FALSE(change_config("", {"a", "s\ns", "x", "1"}).has_value());
}

TEST_CASE("of a repository's config only what is listed is taken") {
  const TempFolder folder;
  write_config(folder,
               "[include]\n\tpath = /dev/zero\n[core]\n\tsshCommand = x\n\tbare = true\n"
               "[remote \"o\"]\n\turl = https://a:b@h/x\n\tpartialclonefilter = blob:none\n"
               "[rowan \"main\"]\n\tprotected = true\n[gc]\n\tauto = 0\n");
  const auto config = read_config(folder.path);
  REQUIRE(config.has_value());
  CHECK(config->size() == 4);
  CHECK(is_partial_clone(*config));
  REQUIRE(read_own_settings(folder.path).has_value());
  CHECK(read_own_settings(folder.path)->size() == 1);
  const auto dropped = drop_unused_settings(folder.path);
  REQUIRE(dropped.has_value());
  CHECK(*dropped == std::vector<std::string>{"include.path", "core.sshcommand", "remote.o.url"});
  CHECK(read_config(folder.path)->size() == 3);
  REQUIRE(write_own_setting(folder.path, "Side", "historyEvery", "1 day").has_value());
  CHECK(read_own_settings(folder.path)->size() == 2);
}

TEST_CASE("formats that would be misread are refused") {
  const auto state_of = [](std::string_view text) {
    const auto checked = check_format(*parse_config(text));
    return checked ? std::string("fine") : std::string(sqlstate(checked.error().code()));
  };
  CHECK(state_of("") == "fine");
  CHECK(state_of("[core]\nrepositoryformatversion = 0\n[extensions]\nrubbish = 1\n") == "fine");
  CHECK(state_of("[core]\nrepositoryformatversion = 1\n[extensions]\npartialclone = o\n") == "fine");
  CHECK(state_of("[core]\nrepositoryformatversion = 1\n[extensions]\nobjectformat = sha1\n") == "fine");
  CHECK(state_of("[core]\nrepositoryformatversion = 1\n[extensions]\nobjectformat = sha256\n") == "VC007");
  CHECK(state_of("[extensions]\nobjectformat = sha256\n") == "VC007");
  CHECK(state_of("[core]\nrepositoryformatversion = 1\n[extensions]\nrubbish = 1\n") == "VC007");
  CHECK(state_of("[core]\nrepositoryformatversion = 1\n[extensions]\nrefstorage = reftable\n") == "VC007");
  CHECK(state_of("[core]\nrepositoryformatversion = 2\n") == "VC007");
}

}  // namespace rowan::git
