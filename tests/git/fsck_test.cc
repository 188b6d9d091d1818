// What `git fsck --strict` objects to, kind by kind, in a commit of another program's: it is not
// admitted and it is said why, as the tip and below one; or it is, and fsck stays content.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "git_testing.h"

namespace rowan::git_testing {

namespace {

constexpr const char* kWho = "Ada <ada@example.org> 1700000000 +0100";
const std::string kNoId(20, '\0');

struct Entry {
  std::string mode, name, id;  // The id in 20 bytes.
};

std::string raw(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size() && bytes.size() < 20; i += 2)
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

// A repository with one table, to be copied for every kind.
class Base {
 public:
  Base() : db(scratch / "base") {
    {
      Opened opened(db);
      opened.execute("CREATE TABLE city (id integer PRIMARY KEY, name text)");
      opened.execute("INSERT INTO city VALUES (1, 'Turin'), (2, 'Milan')");
    }
    commit = git(db, "rev-parse main").substr(0, 40);
    tree = git(db, "rev-parse 'main^{tree}'").substr(0, 40);
    const std::string bytes = git(db, "cat-file tree " + tree);
    for (size_t at = 0; at < bytes.size();) {
      const size_t blank = bytes.find(' ', at), zero = bytes.find('\0', at);
      entries.push_back({bytes.substr(at, blank - at), bytes.substr(blank + 1, zero - blank - 1),
                         bytes.substr(zero + 1, 20)});
      at = zero + 21;
    }
  }

  const Scratch scratch;
  const fs::path db;
  std::string commit, tree;
  std::vector<Entry> entries;
};

class Copy {
 public:
  explicit Copy(const Base& the_base) : base(the_base), db(the_base.scratch / "copy") {
    fs::remove_all(db);
    fs::copy(base.db, db, fs::copy_options::recursive);
  }
  ~Copy() {
    std::error_code ignored;
    fs::remove_all(db, ignored);
  }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;

  std::string add(const std::string& type, const std::string& bytes) const {
    const fs::path file = base.scratch / "object";
    write_file(file, bytes);
    return git(db, "hash-object -w --literally -t " + type + " '" + file.string() + "'").substr(0, 40);
  }
  std::string add_raw(const std::string& type, const std::string& bytes) const {
    return raw(add(type, bytes));
  }
  // The tree of `entries`, in Git's order unless it is to be as it stands.
  std::string add_tree(std::vector<Entry> entries, bool in_order = true) const {
    const auto key = [](const Entry& each) { return each.name + (each.mode == "40000" ? "/" : ""); };
    if (in_order)
      std::stable_sort(entries.begin(), entries.end(),
                       [&](const Entry& a, const Entry& b) { return key(a) < key(b); });
    std::string bytes;
    for (const Entry& each : entries) bytes += each.mode + " " + each.name + '\0' + each.id;
    return add("tree", bytes);
  }
  // The base's tree with more entries.
  std::string add_root(const std::vector<Entry>& more, bool in_order = true) const {
    std::vector<Entry> all = base.entries;
    for (const Entry& each : more) {
      std::erase_if(all, [&](const Entry& old) { return old.name == each.name; });
    }
    all.insert(all.end(), more.begin(), more.end());
    return add_tree(all, in_order);
  }
  std::string add_commit(const std::string& tree, const std::string& parent) const {
    return add("commit", "tree " + tree + "\nparent " + parent + "\nauthor " + kWho + "\ncommitter " +
                             kWho + "\n\nby hand\n");
  }
  std::string fsck() const { return run("git -C '" + db.string() + "' fsck --full --strict").output; }

  const Base& base;
  const fs::path db;
};

// Makes the commit of a kind on top of the base's.
using Make = std::function<std::string(const Copy&)>;
struct Kind {
  std::string name;  // The word that fsck has for it; empty: it has none.
  std::string what;
  Make make;
};

Make file(const std::string& name, const std::string& text, const std::string& mode = "100644") {
  return [=](const Copy& copy) {
    return copy.add_commit(copy.add_root({{mode, name, copy.add_raw("blob", text)}}),
                           copy.base.commit);
  };
}
Make folder(const std::string& name, const std::string& inner, const std::string& text = "x\n") {
  return [=](const Copy& copy) {
    const std::string below = copy.add_tree({{"100644", inner, copy.add_raw("blob", text)}});
    return copy.add_commit(copy.add_root({{"40000", name, raw(below)}}), copy.base.commit);
  };
}
Make empty_folder(const std::string& name, const std::string& inner) {
  return [=](const Copy& copy) {
    const std::string below = copy.add_tree(
        {{"100644", "a", copy.add_raw("blob", "x")}, {"40000", inner, copy.add_raw("tree", "")}});
    return copy.add_commit(copy.add_root({{"40000", name, raw(below)}}), copy.base.commit);
  };
}
Make commit(const std::string& author, const std::string& committer = std::string("committer ") + kWho + "\n",
            const std::string& rest = "\nby hand\n") {
  return [=](const Copy& copy) {
    return copy.add("commit", "tree " + copy.base.tree + "\nparent " + copy.base.commit + "\n" +
                                  author + committer + rest);
  };
}
Make author(const std::string& who) { return commit("author " + who + "\n"); }

const std::string kGoodAuthor = std::string("author ") + kWho + "\n";
const std::string kGoodCommitter = std::string("committer ") + kWho + "\n";

const std::vector<Kind> kKinds = {
    // Names and modes of a tree's entries.
    {"hasDotgit", ".GIT", folder(".GIT", "config")},
    {"hasDotgit", "git~1", file("git~1", "x")},
    {"hasDotgit", "GIT~1 and a dot", file("GIT~1.", "x")},
    {"hasDotgit", ".git and a stream", file(".git::$INDEX_ALLOCATION", "x")},
    {"hasDotgit", "letters that a disk leaves out", file(".g\xe2\x80\x8cit", "x")},
    {"hasDotgit", "a mark in front", file("\xef\xbb\xbf.Git", "x")},
    {"hasDotgit", "another below a folder", folder("Docs", ".gi\xe2\x81\xaft")},
    {"hasDotgit", "an empty folder", empty_folder("Docs", "git~1")},
    {"hasDotgit", "an empty folder in other letters", empty_folder("Docs", ".g\xe2\x80\x8dit")},
    {"hasDot", ".", file(".", "x")},
    {"hasDotdot", "..", file("..", "x")},
    {"emptyName", "no name", file("", "x")},
    {"fullPathname", "a slash", file("A/b", "x")},
    {"nullSha1", "no object", [](const Copy& copy) {
       return copy.add_commit(copy.add_root({{"100644", "Null", kNoId}}), copy.base.commit);
     }},
    {"nullSha1", "no folder", [](const Copy& copy) {
       return copy.add_commit(copy.add_root({{"40000", "Null", kNoId}}), copy.base.commit);
     }},
    {"zeroPaddedFilemode", "0100644", file("Padded", "x", "0100644")},
    {"badFilemode", "100664", file("Wide", "x", "100664")},
    {"duplicateEntries", "two files", [](const Copy& copy) {
       const std::string blob = copy.add_raw("blob", "x");
       return copy.add_commit(copy.add_root({{"100644", "A", blob}, {"100644", "A", blob}}),
                              copy.base.commit);
     }},
    {"duplicateEntries", "a file and a folder", [](const Copy& copy) {
       const std::string blob = copy.add_raw("blob", "x");
       const std::string below = copy.add_tree({{"100644", "a", blob}});
       return copy.add_commit(copy.add_root({{"100644", "A", blob}, {"40000", "A", raw(below)}}),
                              copy.base.commit);
     }},
    {"treeNotSorted", "out of order", [](const Copy& copy) {
       return copy.add_commit(copy.add_root({{"100644", "A", copy.add_raw("blob", "x")}}, false),
                              copy.base.commit);
     }},
    // Files that Git itself reads.
    {"gitmodulesSymlink", "a link", file(".gitmodules", "x", "120000")},
    {"gitattributesSymlink", "a link", file(".gitattributes", "x", "120000")},
    {"gitignoreSymlink", "a link", file(".gitignore", "x", "120000")},
    {"mailmapSymlink", "a link", file(".mailmap", "x", "120000")},
    {"gitmodulesUrl", "an option", file(".gitmodules", "[submodule \"a\"]\n\turl = -u./payload\n")},
    {"gitmodulesUrl", "in a folder", folder("Docs", ".gitmodules", "[submodule \"a\"]\nurl = -u./payload\n")},
    {"gitmodulesUrl", "in capitals", file(".GitModules", "[submodule \"a\"]\n\turl = -u./payload\n")},
    {"gitmodulesUrl", "letters left out", file(".git\xe2\x80\x8cmodules", "[submodule \"a\"]\n\turl = -u./p\n")},
    {"gitmodulesUrl", "a short name", file("GITMOD~1", "[submodule \"a\"]\n\turl = -u./payload\n")},
    {"gitmodulesUrl", "the other short name", file("gi7eba~1", "[submodule \"a\"]\n\turl = -u./payload\n")},
    {"gitmodulesUrl", "a line end", file(".gitmodules", "[submodule \"a\"]\n\turl = \"https://x/%0ahost=y\"\n")},
    {"gitmodulesUrl", "a line end unquoted", file(".gitmodules", "[submodule \"a\"]\n\turl = https://x/%0ahost=y\n")},
    {"gitmodulesUrl", "no host", file(".gitmodules", "[submodule \"a\"]\n\turl = http::///x\n")},
    {"gitmodulesName", "a way out", file(".gitmodules", "[submodule \"../a\"]\n\turl = https://x/y\n")},
    {"gitmodulesPath", "an option", file(".gitmodules", "[submodule \"a\"]\n\tpath = -x\n")},
    {"gitmodulesUpdate", "a program", file(".gitmodules", "[submodule \"a\"]\n\tupdate = !sh\n")},
    {"gitmodulesParse", "no settings", file(".gitmodules", "[broken\n")},
    {"gitmodulesBlob", "a folder", folder(".gitmodules", "a")},
    {"gitattributesLineLength", "a long line", file(".gitattributes", std::string(3000, 'a') + " text\n")},
    {"gitattributesLineLength", "in a folder", folder("Docs", ".gitattributes", "a text\n" + std::string(2048, 'b'))},
    {"gitattributesLineLength", "a short name", file("GI7D29~1", std::string(3000, 'a') + " text\n")},
    {"gitattributesBlob", "a folder", folder(".gitattributes", "a")},
    // Commits.
    {"missingTree", "no tree", [](const Copy& copy) {
       return copy.add("commit", "parent " + copy.base.commit + "\n" + kGoodAuthor + kGoodCommitter + "\nx\n");
     }},
    {"badTreeSha1", "no id", [](const Copy& copy) {
       return copy.add("commit", "tree 12345\nparent " + copy.base.commit + "\n" + kGoodAuthor + kGoodCommitter + "\nx\n");
     }},
    {"badParentSha1", "no id", [](const Copy& copy) {
       return copy.add("commit", "tree " + copy.base.tree + "\nparent " + copy.base.commit + "\nparent 123\n" +
                                     kGoodAuthor + kGoodCommitter + "\nx\n");
     }},
    {"missingAuthor", "no author", commit("")},
    {"multipleAuthors", "two", commit(kGoodAuthor + kGoodAuthor)},
    {"missingCommitter", "no committer", commit(kGoodAuthor, "")},
    {"missingAuthor", "behind the committer", commit(kGoodCommitter, kGoodAuthor)},
    {"missingEmail", "none", author("Ada 1700000000 +0100")},
    {"badEmail", "a bracket inside", author("Ada <a<b> 1700000000 +0100")},
    {"missingNameBeforeEmail", "no name", author("<ada@example.org> 1700000000 +0100")},
    {"badName", "a bracket inside", author("A> <ada@example.org> 1700000000 +0100")},
    {"missingSpaceBeforeEmail", "no blank", author("Ada<ada@example.org> 1700000000 +0100")},
    {"missingSpaceBeforeDate", "no blank", author("Ada <ada@example.org>1700000000 +0100")},
    {"badDate", "no number", author("Ada <ada@example.org> yesterday +0100")},
    {"badDate", "none", author("Ada <ada@example.org>")},
    {"zeroPaddedDate", "zeros", author("Ada <ada@example.org> 01700000000 +0100")},
    {"badDateOverflow", "after the end of time", author("Ada <ada@example.org> 18446744073709551614 +0100")},
    {"badTimezone", "three digits", author("Ada <ada@example.org> 1700000000 +010")},
    {"badTimezone", "the committer's",
     commit(kGoodAuthor, "committer Ada <ada@example.org> 1700000000 0100\n")},
    {"nulInCommit", "a zero in the message", commit(kGoodAuthor, kGoodCommitter, std::string("\na\0b\n", 5))},
    {"nulInHeader", "a zero in a header",
     commit(kGoodAuthor, kGoodCommitter, std::string("odd a\0b\n\nx\n", 11))},
    {"unterminatedHeader", "no end", commit(kGoodAuthor, std::string("committer ") + kWho, "")},
};

// What Git writes or reads without a word.
const std::vector<Kind> kFine = {
    {"", "a plain .gitmodules", file(".gitmodules", "# one\n[submodule \"a/b\"]\n\tpath = a/b\n\turl = https://example.org/a-b.git\n\tupdate = none\n")},
    {"", "attributes", file(".gitattributes", "* -text\n" + std::string(2047, 'a') + "\n*.jsonl diff=rowan merge=rowan\n")},
    {"", "ignored files and names", folder("Docs", ".gitignore", "*.tmp\n")},
    {"", "names that only look alike", folder("Git~10", ".gitx", "x")},
    {"", "a commit without a message", commit(kGoodAuthor, kGoodCommitter, "")},
    {"", "a signed commit", commit(kGoodAuthor, kGoodCommitter, "gpgsig -----BEGIN\n tree\n author x\n\nsigned\n")},
    {"", "another encoding", commit(kGoodAuthor, kGoodCommitter, "encoding ISO-8859-1\n\n\xe4\n")},
    {"", "an empty address", author("Ada <> 0 -0000")},
};

// Opens the copy with the ref moved, as git moved it while nobody looked; whether the commit stands.
bool is_admitted(const Copy& copy, const std::string& tip) {
  write_file(copy.db / "refs/heads/main", tip + "\n");
  {
    Opened opened(copy.db);
    CHECK(opened.ask("SELECT count(*) FROM city") == "2;");
    const std::string log = opened.ask("SELECT \"commit\" FROM rowan.log");
    if (log.find(tip) != std::string::npos) return true;
    const std::string reasons = opened.ask("SELECT sqlstate, reason FROM rowan.foreign");
    INFO("reasons: " << reasons);
    const bool is_named = reasons.size() > std::string("XX001|;").size() &&
                          reasons.find("XX000") == std::string::npos;
    CHECK(is_named);
  }
  const std::string now = git(copy.db, "rev-parse main").substr(0, 40);
  CHECK(now == copy.base.commit);
  return false;
}

}  // namespace

TEST_CASE("what git fsck objects to is not admitted, or no longer there") {
  const Base base;
  size_t objected = 0;
  for (const Kind& kind : kKinds) {
    INFO(kind.name << ": " << kind.what);
    const Copy copy(base);
    const std::string made = kind.make(copy);
    write_file(copy.db / "refs/heads/probe", made + "\n");
    const std::string said = copy.fsck();
    INFO(said);
    // Another version of git may have another opinion.
    objected += said.find(kind.name) != std::string::npos ? 1 : 0;
    fs::remove(copy.db / "refs/heads/probe");
    if (is_admitted(copy, made)) check_clean(copy.db);
  }
  MESSAGE(objected << " of " << kKinds.size() << " kinds are known to this git");
  CHECK(objected > kKinds.size() / 2);
}

TEST_CASE("nor is it below a commit that is fine") {
  const Base base;
  for (const Kind& kind : kKinds) {
    INFO(kind.name << ": " << kind.what);
    const Copy copy(base);
    const std::string tip = copy.add_commit(base.tree, kind.make(copy));
    if (is_admitted(copy, tip)) check_clean(copy.db);
  }
}

TEST_CASE("what git fsck has nothing against is admitted") {
  const Base base;
  for (const Kind& kind : kFine) {
    INFO(kind.what);
    const Copy copy(base);
    CHECK(is_admitted(copy, kind.make(copy)));
    check_clean(copy.db);
  }
}

TEST_CASE("SQL does not write what a push may not bring") {
  const Base base;
  const Copy copy(base);
  Opened opened(copy.db);
  for (const std::string name : {".gitmodules", "Docs/.gitmodules", ".GITMODULES"})
    CHECK(opened.ask("SELECT rowan.write_file('" + name + "', '[submodule \"a\"]\nurl = -u./x')")
              .starts_with("VC008: " + name + ": line 2"));
  CHECK(opened.ask("SELECT rowan.write_file('.gitattributes', '" + std::string(2048, 'a') + "')")
            .starts_with("VC008: .gitattributes: line 1"));
  for (const std::string name : {"git~1", "gitmod~1", "GI7EBA~1", ".g\xe2\x80\x8cit", ".git./x"})
    CHECK(opened.ask("SELECT rowan.write_file('" + name + "', 'x')").starts_with("42602"));
  CHECK(opened.ask("SELECT count(*) FROM rowan.files") == "1;");
}

}  // namespace rowan::git_testing
