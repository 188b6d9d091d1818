// Proves: commits are written as Git writes them and read back; only a last paragraph of trailers
// is read as such; ref names follow Git's rules.
#include <doctest/doctest.h>

#include "git/commit.h"
#include "git/ref_names.h"

namespace rowan::git {

TEST_CASE("a commit reads back, cleaned of what Git refuses") {
  Commit commit;
  commit.tree = *Oid::parse("4b825dc642cb6eb9a060e54bf8d69288fbee4904");
  commit.parents = {*Oid::parse("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")};
  commit.author = {"Ada <x>\n Lovelace.", "ada@<example>.org", 1'700'000'000, -330};
  commit.committer = {"", "", 1, 60};
  commit.message = "subject\n\nbody\n";
  const std::string bytes = encode_commit(commit);
  CHECK(bytes ==
        "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"
        "parent e69de29bb2d1d6434b8b29ae775ad8c2e48c5391\n"
        "author Ada x Lovelace <ada@example.org> 1700000000 -0530\n"
        "committer unknown <> 1 +0100\n\nsubject\n\nbody\n");
  const auto back = parse_commit(bytes);
  REQUIRE(back.has_value());
  CHECK(back->tree == commit.tree);
  CHECK(back->parents == commit.parents);
  CHECK(back->author.name == "Ada x Lovelace");
  CHECK(back->author.offset_minutes == -330);
  CHECK(back->committer.seconds == 1);
  CHECK(back->message == commit.message);
  CHECK(encode_commit(*back) == bytes);
}

TEST_CASE("unknown headers are skipped, damage is refused") {
  const std::string head = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n";
  const std::string who = "author A <a@b> 1 +0000\ncommitter A <a@b> 2 +0000\n";
  const auto with =
      parse_commit(head + who + "gpgsig -----BEGIN\n x\n -----END\nencoding latin1\n\nm");
  REQUIRE(with.has_value());
  CHECK(with->message == "m");
  for (const std::string& bad :
       {std::string(), head, who + "\nm", std::string("tree 12\n") + who + "\n",
        head + "parent x\n" + who + "\n", head + "author nobody\n" + who + "\n"}) {
    const auto parsed = parse_commit(bad);
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error().code() == ErrorCode::kCorruption);
  }
}

TEST_CASE("trailers stand in the last paragraph and nowhere else") {
  const auto message = message_with_trailers(
      "subject", "body: text\n", {{"Rowan-Time", "1700000000000001"}, {"Rowan-App", "a\nb"}});
  CHECK(message == "subject\n\nbody: text\n\nRowan-Time: 1700000000000001\nRowan-App: a b\n");
  const auto found = trailers(message);
  REQUIRE(found.size() == 2);
  CHECK(found[1].second == "a b");
  CHECK(subject(message) == "subject");
  Commit commit;
  commit.message = message;
  CHECK(commit_time_us(commit) == 1'700'000'000'000'001);
  commit.message = "Rowan-Time: 5\n";
  commit.committer.seconds = 3;
  CHECK(commit_time_us(commit) == 3'000'000);
  commit.message = "s\n\nRowan-Time: 5\nnot a trailer\n";
  CHECK(commit_time_us(commit) == 3'000'000);
  CHECK(message_with_trailers("s", "", {}) == "s\n");
}

TEST_CASE("ref names follow git check-ref-format") {
  for (const char* good : {"main", "a/b", "feature-1", "v1.0", "x@y", "ünï"})
    CHECK(is_valid_ref_name(good));
  for (const char* bad : {"",    "-x",   "@",      "HEAD",     "a..b", "a b",  "a~b",   "a^b",
                          "a:b", "a?b",  "a*b",    "a[b",      "a\\b", "/a",   "a/",    "a//b",
                          ".a",  "a/.b", "a.lock", "a.lock/b", "a.",   "a@{b", "a\x7f", "a\n"}) {
    INFO(bad);
    CHECK_FALSE(is_valid_ref_name(bad));
  }
}

TEST_CASE("no new branch or tag has a name that reads as another revision") {
  for (const char* good : {"main", "head", "MY_HEADS", "x_HEAD", "heads/x", "0123abcd"})
    CHECK(is_valid_branch_name(good));
  for (const char* bad : {"HEAD", "FETCH_HEAD", "ORIG_HEAD", "AUTO_MERGE", "refs/x", "refs/heads/main",
                          "0123456789012345678901234567890123456789"}) {
    INFO(bad);
    CHECK_FALSE(is_valid_branch_name(bad));
  }
}

}  // namespace rowan::git
