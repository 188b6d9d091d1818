// Files that people keep beside the data: they come in by stock git, open and closed, go through
// every kind of commit byte for byte, and go out again; what cannot be carried is refused by name.
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "git_testing.h"

namespace rowan::git_testing {

namespace {

// A repository that the engine has open, and stock git's working tree beside it.
class Beside {
 public:
  Beside() : db(scratch / "db"), work(scratch / "work") {
    opened = std::make_unique<Opened>(db);
    opened->execute("CREATE TABLE city (id integer PRIMARY KEY, name text)");
    opened->execute("INSERT INTO city VALUES (1, 'Turin'), (2, 'Milan')");
    opened->checkpoint();
    must("git clone -q '" + db.string() + "' '" + work.string() + "'");
  }

  void put(const std::string& path, const std::string& text) const {
    fs::create_directories((work / path).parent_path());
    write_file(work / path, text);
  }
  std::string commit() const {
    git(work, "add -A");
    git(work, "commit -qm 'by hand'");
    return git(work, "rev-parse HEAD").substr(0, 40);
  }
  std::string push() const {
    const std::string id = commit();
    git(work, "push -q origin HEAD:refs/heads/main");
    return id;
  }
  void pull() const { git(work, "pull -q --no-rebase --no-edit"); }
  std::string tip() const { return git(db, "rev-parse refs/heads/main").substr(0, 40); }
  // What Git has at a path of the newest commit, mode included.
  std::string stored(const std::string& path) const {
    return git(db, "ls-tree main -- '" + path + "'").substr(0, 6) + " " +
           git(db, "cat-file blob 'main:" + path + "'");
  }
  std::string parked() const { return opened->ask("SELECT commit FROM rowan.foreign"); }
  void check_taken(const std::string& id) const {
    INFO(id);
    CHECK(eventually([&] {
      return opened->ask("SELECT \"commit\" FROM rowan.log").find(id + ";") != std::string::npos;
    }));
    CHECK(parked().empty());
  }

  const Scratch scratch;
  const fs::path db;
  const fs::path work;
  std::unique_ptr<Opened> opened;
};

const std::vector<std::pair<std::string, std::string>> kFiles = {
    {"README.md", "# Cities\n\nAll of them.\n"},
    {"LICENSE", ""},
    {".github/workflows/check.yml", "on: push\n"},
    {".rowan/tests/one.sql", "SELECT 1\n"},
    {"Docs/a/b/c.md", "no newline at the end"},
    {"public/README.md", "the schema\n"},
    {"public/city/README.md", "the table\r\nwith other line ends\r\n"},
    {"Logo.png", std::string("\x89PNG\0\xff\xfe", 7)}};

}  // namespace

TEST_CASE("files beside the data are taken over and carried by what SQL does next") {
  Beside it;
  for (const auto& [path, text] : kFiles) it.put(path, text);
  it.put("Run", "#!/bin/sh\n");
  fs::permissions(it.work / "Run", fs::perms::owner_all);
  const std::string pushed = it.push();
  it.check_taken(pushed);
  CHECK(it.opened->ask("SELECT count(*) FROM rowan.files") == "10;");  // .gitattributes too.
  const auto check_all = [&](const std::string& city) {
    it.opened->checkpoint();
    for (const auto& [path, text] : kFiles) {
      const bool moved = path == "public/city/README.md";
      const std::string now = moved ? "public/" + city + "/README.md" : path;
      INFO(now);
      CHECK(it.stored(now) == "100644 " + text);
      CHECK(read_file(it.work / path) == text);
    }
    CHECK(it.stored("Run") == "100755 #!/bin/sh\n");
    check_clean(it.db);
  };
  check_all("city");
  CHECK(it.tip() == pushed);  // Nothing to normalise.
  it.opened->execute("UPDATE city SET name = 'Genoa' WHERE id = 1");
  it.opened->execute("ALTER TABLE city ADD COLUMN size integer DEFAULT 5");
  it.opened->execute("CREATE TABLE other (id integer)");
  it.opened->execute("REVERT 'HEAD'");
  it.opened->execute("ALTER TABLE city RENAME TO town");
  check_all("town");
  it.opened->execute("CREATE BRANCH dev");
  {
    const auto dev = it.opened->connect("dev");
    Opened::execute(*dev, "INSERT INTO town VALUES (3, 'Pisa')");
  }
  it.opened->execute("INSERT INTO town VALUES (4, 'Rome')");
  it.opened->execute("MERGE dev");
  it.opened->execute("ALTER TABLE town RENAME TO city");
  check_all("city");
  it.pull();
  CHECK(git(it.work, "status --porcelain").empty());
}

TEST_CASE("an edit by hand of rows and files becomes one commit in its canonical form") {
  Beside it;
  it.put("README.md", "by hand\n");
  it.put("public/city/rows/0.jsonl", "[2,\"Milan\"]\n[ 1, \"Turin\" ]\n");
  const std::string pushed = it.push();
  it.check_taken(pushed);
  CHECK(eventually([&] { return it.tip() != pushed; }));  // "normalise" follows it.
  CHECK(it.stored("README.md") == "100644 by hand\n");
  CHECK(it.opened->ask("SELECT name FROM city ORDER BY id") == "Turin;Milan;");
  it.opened->checkpoint();
  check_clean(it.db);
}

TEST_CASE("files beside the data are taken over when they come while nobody has it open") {
  Beside it;
  it.opened.reset();
  it.put("README.md", "closed\n");
  it.put("public/city/README.md", "also closed\n");
  it.push();
  it.opened = std::make_unique<Opened>(it.db);
  CHECK(it.opened->ask("SELECT text FROM rowan.files WHERE path = 'README.md'") == "closed\n;");
  it.opened->execute("DROP TABLE city");
  CHECK(it.opened->ask("SELECT count(*) FROM rowan.files WHERE path LIKE 'public/%'") == "0;");
  it.opened->checkpoint();
  check_clean(it.db);
}

TEST_CASE("what is no plain file, or too much, is refused by its name and the branch stays") {
  Beside it;
  const std::string ours = it.tip();
  const std::vector<std::pair<std::string, std::function<void()>>> bad = {
      {"a symbolic link", [&] { fs::create_symlink("/etc/passwd", it.work / "README.md"); }},
      {"a link for a table's file",
       [&] { fs::create_symlink("table.sql", it.work / "public/city/README.md"); }},
      {"a submodule",
       [&] {
         git(it.work, "update-index --add --cacheinfo 160000," + ours + ",Vendor");
         fs::create_directories(it.work / "Vendor");
       }},
      {"a file of five megabytes", [&] { it.put("Big", std::string(5u << 20, 'x')); }},
      {"a thousand and one files",
       [&] {
         for (int i = 0; i < 1001; ++i) it.put(".many/" + std::to_string(i), "x");
       }},
      {"another file in a schema", [&] { it.put("public/LICENSE", "x"); }},
      {"another file in a table", [&] { it.put("public/city/NOTES.md", "x"); }},
      {"a folder called README.md", [&] { it.put("public/city/README.md/a", "x"); }},
      {"rowan.json in other letters", [&] { it.put("Rowan.json", "{\"format\":9}\n"); }},
      {"a name with a backslash", [&] { it.put("A\\b", "x"); }},
      {"deep folders",
       [&] { it.put("A/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t", "x"); }},
      {"a definition that may be run",
       [&] { fs::permissions(it.work / "public/city/table.sql", fs::perms::owner_all); }},
  };
  for (const auto& [what, change] : bad) {
    INFO(what);
    change();
    const std::string pushed = it.push();
    CHECK(eventually([&] { return it.parked().find(pushed) != std::string::npos; }));
    CHECK(eventually([&] { return it.tip() == ours; }));
    CHECK(it.opened->ask("SELECT count(*) FROM city") == "2;");
    git(it.work, "reset -q --hard " + ours);
    git(it.work, "clean -qfdx");
  }
}

TEST_CASE("stock git and MERGE make the same of two texts") {
  Beside it;
  std::string lines;
  for (int i = 0; i < 20; ++i) lines += "line " + std::to_string(i) + "\n";
  it.put("README.md", lines);
  it.check_taken(it.push());
  it.opened->execute("CREATE BRANCH dev");
  const auto changed = [&](int at, const std::string& text) {
    std::string out = lines;
    const std::string line = "line " + std::to_string(at) + "\n";
    return out.replace(out.find(line), line.size(), text);
  };
  const auto write = [](Session& session, const std::string& text) {
    Opened::execute(session, "SELECT rowan.write_file('README.md', '" + text + "')");
  };
  const auto dev = it.opened->connect("dev");
  write(*dev, changed(3, "three\nand more\n"));
  const auto main = it.opened->connect("main");
  write(*main, changed(17, ""));
  it.opened->checkpoint();
  git(it.work, "fetch -q origin");
  git(it.work, "checkout -q -B mine origin/main");
  git(it.work, "merge -q --no-edit origin/dev");
  Opened::execute(*main, "MERGE dev");
  it.opened->checkpoint();
  CHECK(it.stored("README.md") == "100644 " + read_file(it.work / "README.md"));
  CHECK(git(it.work, "rev-parse 'mine^{tree}'") == git(it.db, "rev-parse 'main^{tree}'"));
}

TEST_CASE("random texts merge as git merge-file merges them") {
  const Scratch scratch;
  Opened opened(scratch / "db");
  const unsigned seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const auto below = [&](unsigned n) { return random() % n; };
  const auto edited = [&](std::vector<std::string> lines) {
    for (unsigned edits = below(4); edits > 0; --edits) {
      const size_t at = below(static_cast<unsigned>(lines.size()) + 1);
      const std::string line = "new " + std::to_string(below(3));
      if (at == lines.size() || below(3) == 0) {
        lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(at), line);
      } else if (below(2) == 0) {
        lines[at] = line;
      } else {
        lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(at));
      }
    }
    return lines;
  };
  const auto joined = [&](const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    if (!text.empty() && below(5) == 0) text.pop_back();
    return text;
  };
  const auto main = opened.connect("main");
  const auto write = [](Session& session, const std::string& text) {
    Opened::execute(session, "SELECT rowan.write_file('README.md', '" + text + "')");
  };
  size_t clashes = 0;
  for (int round = 0; round < 60; ++round) {
    std::vector<std::string> lines;
    for (unsigned n = below(12); n > 0; --n) lines.push_back("line " + std::to_string(below(4)));
    const std::string base = joined(lines), ours = joined(edited(lines)), theirs = joined(edited(lines));
    for (const auto& [name, text] : {std::pair("base", base), {"ours", ours}, {"theirs", theirs}})
      write_file(scratch / name, text);
    const std::string files = " -p '" + (scratch / "ours").string() + "' '" +
                              (scratch / "base").string() + "' '" + (scratch / "theirs").string() +
                              "' 2>/dev/null";
    const Ended plain = run("git merge-file" + files);
    const std::string branch = "b" + std::to_string(round);
    write(*main, base);
    Opened::execute(*main, "CREATE BRANCH " + branch);
    const auto dev = opened.connect(branch);
    write(*dev, theirs);
    write(*main, ours);
    INFO("base:\n" << base << "\nours:\n" << ours << "\ntheirs:\n" << theirs);
    const std::string merged = Opened::ask(*main, "MERGE " + branch);
    const bool both_changed = ours != base && theirs != base && ours != theirs;
    CHECK(merged.starts_with("VC001") == (both_changed && plain.code != 0));
    std::string wanted = plain.output;
    if (merged.starts_with("VC001")) {
      ++clashes;
      wanted = must("git merge-file --ours" + files);
      Opened::execute(*main, "MERGE " + branch + " WITH OURS");
    }
    if (!both_changed) wanted = theirs == base ? ours : theirs;
    CHECK(Opened::ask(*main, "SELECT text FROM rowan.files WHERE path = 'README.md'") == wanted + ";");
  }
  CHECK(clashes > 0);
}

}  // namespace rowan::git_testing
