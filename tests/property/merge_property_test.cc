// Proves that merges agree with a naive model over random schemas and edits, and the laws M1, M2
// and M4; and that stock git, where it merges the same trees without a conflict, comes to the same
// rows.
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "merge_fixture.h"

using namespace rowan;
using namespace rowan::merge;
using merge::testing::MergeFixture;

namespace {

// A column through all sides. `slot` is the side's own.
struct Column {
  uint32_t id = 0;
  std::string name;
  bool is_text = false;
  bool dropped = false;
  int slot = 0;
};
using Cells = std::map<uint32_t, std::string>;  // By column id: JSON text; missing: null.
using Rows = std::map<int, Cells>;

struct Model {
  std::vector<Column> columns;  // In column order, dropped ones among them.
  Rows rows;

  std::string sql() const {
    std::string text = "CREATE TABLE public.t (id integer NOT NULL SLOT 0 ID 00000001";
    char buffer[96];
    for (const Column& column : columns) {
      std::snprintf(buffer, sizeof buffer, " SLOT %d ID %08x", column.slot, column.id);
      text += column.dropped
                  ? std::string(", DROPPED") + buffer
                  : ", " + column.name + (column.is_text ? " text" : " integer") + buffer;
    }
    return text + ", PRIMARY KEY (id))";
  }
  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    for (const auto& [key, cells] : rows) {
      std::vector<std::string> slots(columns.size() + 1, "null");
      slots[0] = std::to_string(key);
      for (const Column& column : columns) {
        if (const auto cell = cells.find(column.id); cell != cells.end())
          slots[static_cast<size_t>(column.slot)] = cell->second;
      }
      while (slots.back() == "null") slots.pop_back();
      std::string line = "[";
      for (size_t i = 0; i < slots.size(); ++i) line += (i > 0 ? "," : "") + slots[i];
      lines.push_back(line + "]");
    }
    return lines;
  }
  const Column* find(uint32_t id) const {
    for (const Column& column : columns) {
      if (column.id == id) return &column;
    }
    return nullptr;
  }
};

std::string cell_of(const Cells& cells, uint32_t id) {
  const auto found = cells.find(id);
  return found == cells.end() ? "null" : found->second;
}

void set_cell(Cells& cells, uint32_t id, std::string value) {
  if (value == "null") {
    cells.erase(id);
  } else {
    cells[id] = std::move(value);
  }
}

std::string as_text(const std::string& cell) {
  return cell == "null" || cell.front() == '"' ? cell : "\"" + cell + "\"";
}

// Random tables and edits. Each base column's definition is changed by one side at most: what both
// change is no clean merge.
class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  size_t below(size_t bound) {
    return std::uniform_int_distribution<size_t>(0, bound - 1)(random_);
  }
  std::string value(bool is_text) {
    if (below(6) == 0) return "null";
    const std::string number = std::to_string(below(50));
    return is_text ? "\"" + number + "\"" : number;
  }
  Cells cells(const Model& model) {
    Cells cells;
    for (const Column& column : model.columns) {
      if (!column.dropped) set_cell(cells, column.id, value(column.is_text));
    }
    return cells;
  }
  Model base(size_t rows) {
    Model model;
    const size_t columns = 1 + below(4);
    for (size_t i = 0; i < columns; ++i) {
      model.columns.push_back({static_cast<uint32_t>(16 + i), "c" + std::to_string(i),
                               below(2) == 0, false, static_cast<int>(i + 1)});
    }
    for (size_t i = 0; i < rows; ++i) model.rows[static_cast<int>(below(rows * 2))] = cells(model);
    return model;
  }
  // The side that changes columns of even or odd ids; what it adds has ids of its own.
  void change_columns(Model& model, uint32_t parity) {
    for (Column& column : model.columns) {
      if (column.id % 2 != parity) continue;
      switch (below(6)) {
        case 0:
          column.name = "renamed" + std::to_string(column.id);
          break;
        case 1:
          column.dropped = true;
          break;
        case 2:
          column.is_text = true;
          for (auto& [key, cells] : model.rows)
            set_cell(cells, column.id, as_text(cell_of(cells, column.id)));
          break;
        default:
          break;
      }
    }
    const size_t added = below(3);
    for (size_t i = 0; i < added; ++i) {
      const uint32_t id = static_cast<uint32_t>(100 * (parity + 1) + i);
      model.columns.push_back({id, "new" + std::to_string(id), below(2) == 0, false,
                               static_cast<int>(model.columns.size() + 1)});
    }
  }
  // What the other side dropped keeps its values in the rows of the base: a changed one is a
  // conflict.
  void change_rows(Model& model, size_t edits, size_t keys, const Model& base, const Model& other) {
    const auto keep_dropped = [&](int key, Cells& cells) {
      const auto before = base.rows.find(key);
      for (const Column& column : other.columns) {
        if (column.dropped && before != base.rows.end())
          set_cell(cells, column.id, cell_of(before->second, column.id));
      }
    };
    for (size_t i = 0; i < edits; ++i) {
      const int key = static_cast<int>(below(keys));
      const auto found = model.rows.find(key);
      if (found == model.rows.end()) {
        keep_dropped(key, model.rows[key] = cells(model));
      } else if (below(4) == 0) {
        model.rows.erase(found);
      } else {
        for (const Column& column : model.columns) {
          if (!column.dropped && below(2) == 0)
            set_cell(found->second, column.id, value(column.is_text));
        }
        keep_dropped(key, found->second);
      }
    }
  }

 private:
  std::mt19937_64 random_;
};

// The naive merger: columns by id, then row by row and cell by cell, everything in memory.
class NaiveMerge {
 public:
  NaiveMerge(const Model& base, const Model& ours, const Model& theirs)
      : sides_{&base, &ours, &theirs} {
    for (const Model* side : {&ours, &theirs}) {
      for (const Column& column : side->columns) add(column.id);
    }
  }

  // By the merged columns' names: the live cells of each row.
  std::map<int, std::map<std::string, std::string>> rows(
      const std::function<bool(int key)>& theirs_wins) {
    std::set<int> keys;
    for (const Model* side : sides_) {
      for (const auto& [key, cells] : side->rows) keys.insert(key);
    }
    std::map<int, std::map<std::string, std::string>> merged;
    for (const int key : keys) {
      const auto row = merge_row(key, theirs_wins(key));
      if (!row) continue;
      auto& out = merged[key];
      for (const Column& column : columns_) {
        if (!column.dropped) out[column.name] = cell_of(*row, column.id);
      }
    }
    return merged;
  }

 private:
  void add(uint32_t id) {
    for (const Column& known : columns_) {
      if (known.id == id) return;
    }
    const Column* in[3] = {sides_[0]->find(id), sides_[1]->find(id), sides_[2]->find(id)};
    Column merged = in[1] != nullptr ? *in[1] : *in[2];
    if (in[0] != nullptr && in[1] != nullptr && in[2] != nullptr) {
      merged.name = in[1]->name != in[0]->name ? in[1]->name : in[2]->name;
      merged.is_text = in[1]->is_text || in[2]->is_text;
      merged.dropped = in[1]->dropped || in[2]->dropped;
    }
    columns_.push_back(merged);
  }
  std::optional<Cells> carried(int side, int key) const {
    const auto found = sides_[side]->rows.find(key);
    if (found == sides_[side]->rows.end()) return std::nullopt;
    Cells cells;
    for (const Column& column : columns_) {
      if (column.dropped) continue;  // M5: what is left of it in a line is nobody's, and no change.
      std::string cell = cell_of(found->second, column.id);
      if (column.is_text) cell = as_text(cell);
      set_cell(cells, column.id, cell);
    }
    return cells;
  }
  std::optional<Cells> merge_row(int key, bool theirs_wins) const {
    const auto base = carried(0, key), ours = carried(1, key), theirs = carried(2, key);
    if (theirs == base || ours == theirs) return ours;
    if (ours == base) return theirs;
    if (!ours || !theirs) return theirs_wins ? theirs : ours;
    Cells merged = *ours;
    for (const Column& column : columns_) {
      const std::string o = cell_of(*ours, column.id), t = cell_of(*theirs, column.id);
      const std::string b = base ? cell_of(*base, column.id) : "?";
      // A side that does not have the column says nothing of it.
      const bool is_theirs = sides_[1]->find(column.id) == nullptr || o == b;
      const bool is_ours = sides_[2]->find(column.id) == nullptr;
      if (is_theirs || (!is_ours && o != t && t != b && theirs_wins)) set_cell(merged, column.id, t);
    }
    return merged;
  }

  const Model* sides_[3];
  std::vector<Column> columns_;
};

struct Fixture : MergeFixture {
  Oid root(const Model& model) { return write({{"public.t", {model.sql(), model.lines(), {}}}}); }

  std::map<int, std::map<std::string, std::string>> rows_of(const Oid& root) {
    std::map<int, std::map<std::string, std::string>> rows;
    const catalog::TableVersion version = table(root, "public.t");
    for (const std::string& line : lines(root, "public.t")) {
      std::vector<Bytes> elements;
      uint64_t count = 0;
      get(type::split_line(version.table->layout, line, elements, count));
      get(type::check_line(version.table->layout, line));
      auto& row = rows[std::stoi(std::string(elements[0]))];
      for (const catalog::ColumnDef& column : version.table->columns) {
        if (column.name == "id") continue;
        row[column.name] =
            column.slot < elements.size() ? std::string(elements[column.slot]) : "null";
      }
    }
    return rows;
  }
};

uint64_t first_seed() {
  const char* given = std::getenv("ROWAN_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

}  // namespace

TEST_CASE("merges agree with the naive model, from either side, and twice changes nothing") {
  const uint64_t seed = first_seed();
  MESSAGE("ROWAN_SEED=" << seed);
  for (uint64_t run = 0; run < 150; ++run) {
    CAPTURE(seed + run);
    Generator random(seed + run);
    Fixture t;
    const size_t rows = run % 10 == 0 ? 2000 : 1 + random.below(60);
    const Model base = random.base(rows);
    Model ours = base, theirs = base;
    const bool schema = random.below(3) > 0;
    if (schema) random.change_columns(ours, 0);
    if (schema) random.change_columns(theirs, 1);
    random.change_rows(ours, random.below(rows + 1), rows * 2, base, theirs);
    random.change_rows(theirs, random.below(rows + 1), rows * 2, base, ours);
    const Oid base_root = t.root(base), ours_root = t.root(ours), theirs_root = t.root(theirs);

    const Outcome by_theirs = t.merge(base_root, ours_root, theirs_root, Policy::kTheirs);
    const Outcome by_ours = t.merge(base_root, ours_root, theirs_root, Policy::kOurs);
    REQUIRE(by_theirs.clean());
    NaiveMerge naive(base, ours, theirs);
    REQUIRE(t.rows_of(by_theirs.root) == naive.rows([](int) { return true; }));
    REQUIRE(t.rows_of(by_ours.root) == naive.rows([](int) { return false; }));

    // M1: with the sides exchanged.
    const Outcome exchanged = t.merge(base_root, theirs_root, ours_root, Policy::kOurs);
    REQUIRE(t.rows_of(exchanged.root) == t.rows_of(by_theirs.root));
    if (!schema) REQUIRE(exchanged.root == by_theirs.root);
    // By time: of each row one side is the later, whoever merges.
    const auto by_time = [&](const Oid& a, const Oid& b, bool b_is_theirs) {
      Request request;
      request.base_root = base_root;
      request.ours_root = a;
      request.theirs_root = b;
      request.theirs_is_later = [b_is_theirs](const std::string&, Bytes, const std::string&,
                                              Bytes key, std::optional<uint32_t>) -> Result<bool> {
        return (key.back() % 2 == 0) == b_is_theirs;
      };
      return t.merge(request);
    };
    const Outcome one = by_time(ours_root, theirs_root, true);
    const Outcome other = by_time(theirs_root, ours_root, false);
    REQUIRE(t.rows_of(one.root) == naive.rows([](int key) { return key % 2 == 0; }));
    REQUIRE(t.rows_of(other.root) == t.rows_of(one.root));
    if (!schema) REQUIRE(one.root == other.root);

    // M2: theirs is in it now; and merging that back into theirs is all of it.
    REQUIRE(t.merge(theirs_root, by_theirs.root, theirs_root).root == by_theirs.root);
    REQUIRE(t.merge(theirs_root, theirs_root, by_theirs.root).root == by_theirs.root);
    REQUIRE(t.merge(base_root, by_theirs.root, by_theirs.root).root == by_theirs.root);
    REQUIRE(t.merge(base_root, base_root, theirs_root).root == theirs_root);
    REQUIRE(t.merge(base_root, ours_root, base_root).root == ours_root);
  }
}

TEST_CASE("disjoint edits give what doing both gives, in any order") {
  const uint64_t seed = first_seed();
  MESSAGE("ROWAN_SEED=" << seed);
  for (uint64_t run = 0; run < 40; ++run) {
    CAPTURE(seed + run);
    Generator random(seed + run);
    Fixture t;
    const size_t rows = 1 + random.below(run % 8 == 0 ? 3000 : 80);
    const Model base = random.base(rows);
    Model ours = base, theirs = base, both = base;
    for (size_t i = 0; i < rows; ++i) {
      const int key = static_cast<int>(random.below(rows * 2));
      Model& side = key % 2 == 0 ? ours : theirs;
      if (random.below(3) == 0) {
        side.rows.erase(key);
        both.rows.erase(key);
      } else {
        side.rows[key] = both.rows[key] = random.cells(base);
      }
    }
    const Oid base_root = t.root(base), ours_root = t.root(ours), theirs_root = t.root(theirs);
    const Outcome outcome = t.merge(base_root, ours_root, theirs_root);
    REQUIRE(outcome.clean());
    REQUIRE(outcome.root == t.root(both));
    REQUIRE(t.merge(base_root, theirs_root, ours_root).root == outcome.root);
  }
}

TEST_CASE("criss-cross: both orders of merging the merges agree") {
  const uint64_t seed = first_seed();
  MESSAGE("ROWAN_SEED=" << seed);
  for (uint64_t run = 0; run < 40; ++run) {
    CAPTURE(seed + run);
    Generator random(seed + run);
    Fixture t;
    const size_t rows = 1 + random.below(60);
    const Model base = random.base(rows);
    Model left = base, right = base;
    random.change_rows(left, rows / 2, rows * 2, base, right);
    random.change_rows(right, rows / 2, rows * 2, base, left);
    std::map<Oid, Oid> roots;
    const auto name = [&](uint8_t n, const Oid& root) {
      Oid id;
      id.bytes[0] = n;
      roots[id] = root;
      return id;
    };
    const Oid first = name(1, t.root(base)), a = name(2, t.root(left)), b = name(3, t.root(right));
    const auto bases_of = [&](const Oid&, const Oid&) -> Result<std::vector<Oid>> {
      return std::vector<Oid>{first};
    };
    const auto root_of = [&](const Oid& id) -> Result<Oid> { return roots.at(id); };
    store::PendingObjects made(t.objects);
    const Oid virtual_root =
        MergeFixture::get(virtual_base(made, t.cache, {b, a}, {bases_of, root_of, {}}));
    REQUIRE(virtual_root ==
            MergeFixture::get(virtual_base(made, t.cache, {a, b}, {bases_of, root_of, {}})));
    t.objects.take(made);
    // Each merged the other, then went on by itself.
    const Oid ab = t.merge(roots[first], roots[a], roots[b], Policy::kOurs).root;
    const Oid ba = t.merge(roots[first], roots[b], roots[a], Policy::kTheirs).root;
    REQUIRE(ab == ba);
    REQUIRE(t.merge(virtual_root, ab, ba).root == ab);
  }
}

namespace {

std::string run_command(const std::string& command, int& status) {
  std::string out;
  FILE* pipe = popen((command + " 2>/dev/null").c_str(), "r");
  REQUIRE(pipe != nullptr);
  char buffer[4096];
  while (const size_t got = fread(buffer, 1, sizeof buffer, pipe)) out.append(buffer, got);
  status = pclose(pipe);
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

// A bare repository with three commits: a base and two children.
struct GitRepository {
  std::filesystem::path folder = std::filesystem::temp_directory_path() /
                                 ("rowan-merge-" + std::to_string(std::random_device{}()));
  std::string git = "git -C '" + folder.string() + "' ";
  std::set<Oid> written;

  GitRepository() {
    int status = 0;
    run_command("git init -q --bare '" + folder.string() + "'", status);
    REQUIRE(status == 0);
  }
  ~GitRepository() { std::filesystem::remove_all(folder); }

  std::string add(std::string_view word, std::string_view bytes) {
    const std::filesystem::path file = folder / "object";
    std::ofstream(file, std::ios::binary) << bytes;
    int status = 0;
    const std::string id = run_command(
        git + "hash-object -w --no-filters -t " + std::string(word) + " object", status);
    REQUIRE(status == 0);
    return id;
  }
  void add_tree(Fixture& t, const Oid& id) {
    if (!written.insert(id).second) return;
    const store::ObjectRef object = MergeFixture::get(t.objects.read(id));
    if (object.type == store::ObjectType::kTree) {
      const auto node = MergeFixture::get(tree::GitTree::parse(object));
      for (const tree::TreeEntry& entry : node->entries()) add_tree(t, entry.id);
    }
    REQUIRE(add(store::type_word(object.type), object.bytes) == id.hex());
  }
  std::string commit(Fixture& t, const Oid& root, const std::string& parent) {
    add_tree(t, root);
    return add("commit", "tree " + root.hex() + "\n" +
                             (parent.empty() ? "" : "parent " + parent + "\n") +
                             "author a <a@b> 1 +0000\ncommitter a <a@b> 1 +0000\n\nx\n");
  }
  std::set<std::string> rows(const std::string& tree) {
    int status = 0;
    const std::string all = run_command("for blob in $(" + git + "ls-tree -r " + tree +
                                            " public/t/rows | sed 's/.* blob //; s/\\t.*//'); do " +
                                            git + "cat-file blob $blob; done",
                                        status);
    std::set<std::string> rows;
    for (size_t from = 0; from < all.size();) {
      const size_t end = std::min(all.find('\n', from), all.size());
      rows.insert(all.substr(from, end - from));
      from = end + 1;
    }
    return rows;
  }
};

}  // namespace

TEST_CASE("stock git agrees where it merges the trees without a conflict") {
  int status = 0;
  run_command("git merge-tree --write-tree -h", status);
  const std::string version = run_command("git version", status);
  if (status != 0) {
    MESSAGE("there is no git here");
    return;
  }
  const uint64_t seed = first_seed();
  MESSAGE("ROWAN_SEED=" << seed);
  GitRepository repository;
  size_t agreed = 0;
  for (uint64_t run = 0; run < 8; ++run) {
    CAPTURE(seed + run);
    Generator random(seed + run);
    Fixture t;
    const Model base = random.base(600);
    Model ours = base, theirs = base;
    random.change_rows(ours, 4, 1200, base, theirs);
    random.change_rows(theirs, 4, 1200, base, ours);
    const Oid base_root = t.root(base), ours_root = t.root(ours), theirs_root = t.root(theirs);
    const std::string first = repository.commit(t, base_root, "");
    const std::string a = repository.commit(t, ours_root, first);
    const std::string b = repository.commit(t, theirs_root, first);
    const std::string merged =
        run_command(repository.git + "merge-tree --write-tree " + a + " " + b, status);
    if (status != 0) continue;  // Neighbouring lines, say: git cannot know that they are rows.
    ++agreed;
    const Outcome outcome = t.merge(base_root, ours_root, theirs_root);
    REQUIRE(outcome.clean());
    const std::vector<std::string> lines = t.lines(outcome.root, "public.t");
    REQUIRE(std::set<std::string>(lines.begin(), lines.end()) == repository.rows(merged));
  }
  MESSAGE(version << ": " << agreed << " of 8 merged by git too");
}
