// A repository that a version of Rowan with features of its own writes, and a working tree of git's.
#pragma once

#include "git_testing.h"

namespace rowan::git_testing {

inline const std::string kPlain = "{\"format\":1}\n";
inline const std::string kUuid = "{\"format\":2,\"features\":[\"test-uuid\"]}\n";
inline const std::string kJson = "{\"format\":2,\"features\":[\"test-json\"]}\n";
inline const std::string kBoth = "{\"format\":2,\"features\":[\"test-json\",\"test-uuid\"]}\n";

class World {
 public:
  World() : db(scratch / "db"), work(scratch / "work"), opened(db) {}

  void run(const std::vector<std::string>& statements) {
    for (const std::string& each : statements) opened.execute(each);
  }
  // rowan.json of a revision, as git has it.
  std::string named(const std::string& revision = "main") {
    opened.checkpoint();
    return git(db, "cat-file blob '" + revision + ":rowan.json'");
  }

  void pull() {
    opened.checkpoint();
    if (!fs::exists(work)) must("git clone -q '" + db.string() + "' '" + work.string() + "'");
    git(work, "pull -q");
  }
  void edit(const std::string& file, const std::string& from, const std::string& to) {
    pull();
    std::string text = read_file(work / file);
    const size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    write_file(work / file, text.replace(at, from.size(), to));
  }
  // Commits what was edited, and a file of that text, and pushes it.
  std::string push(const std::string& file = "", const std::string& text = "",
                   const std::string& branch = "main") {
    if (!fs::exists(work)) pull();
    if (git(work, "status --porcelain").empty()) pull();
    if (!file.empty()) write_file(work / file, text);
    git(work, "commit -qam 'by hand'");
    git(work, "push -q origin HEAD:refs/heads/" + branch);
    return git(work, "rev-parse HEAD").substr(0, 40);
  }

  // As this version sees it.
  void is_sound() {
    opened.checkpoint();
    auto problems = opened.database().check({}, nullptr);
    REQUIRE(problems.ok());
    for (const std::string& problem : *problems) FAIL_CHECK(problem);
  }

  const Scratch scratch;
  const fs::path db, work;
  Opened opened;
};

}  // namespace rowan::git_testing
