// A tree that somebody pushed. The input is a list of files, which become a tree of Git objects:
// tables, rows, sequences, views and what is neither. What is accepted has one canonical form, however
// it is arrived at; what is not is refused by an error; history reads either without a fault of ours.
#include <map>
#include <string>

#include "catalog/catalog.h"
#include "catalog/objects.h"
#include "engine/import/content.h"
#include "fuzz_input.h"
#include "store/memory_store.h"
#include "store/node_cache.h"
#include "tree/git_tree.h"
#include "tree/row_tree.h"

namespace {

using namespace rowan;
using fuzz::require;

constexpr size_t kFilesMax = 64;

// What an input's files are built upon, so that most of them get far.
constexpr std::string_view kTable =
    "CREATE TABLE public.t (\n  id integer NOT NULL,\n  a text,\n  n numeric(10,2),\n  j jsonb,\n"
    "  PRIMARY KEY (id)\n);\n";
constexpr std::string_view kKeyless = "CREATE TABLE public.k (\n  a text,\n  b bigint\n);\n";

struct World {
  World() : store(store::make_memory_store()) {
    store::PendingObjects objects(*store);
    const auto root = catalog::write_initial_tree(objects);
    require(root.has_value(), "the first tree is written");
    initial = *root;
    keep(objects);
  }
  void keep(const store::PendingObjects& objects) {
    const auto bulk = store->begin_bulk();
    require(bulk.has_value(), "the store takes objects");
    for (const auto& entry : objects.entries())
      require((*bulk)->add(entry.type, entry.object.bytes).has_value(), "an object is taken");
    require((*bulk)->finish().has_value(), "the objects are taken");
  }

  std::unique_ptr<store::ObjectStore> store;
  Oid initial;
};

// Places that a file may stand at, named by a byte; else the input spells its own.
std::string path_of(fuzz::Input& input) {
  static constexpr std::string_view kPlaces[] = {
      "public/t/table.sql",    "public/t/rows/0.jsonl", "public/t/rows/x.jsonl",  "public/t/rows/d/0.jsonl",
      "public/k/table.sql",    "public/k/rows/0.jsonl", "public/k/rows/y.jsonl",  "public/s/sequence.json",
      "public/v/view.sql",     "public/m/matview.sql",  "public/m/rows/0.jsonl",  "public/t/large/0",
      "rowan.json",            "public/schema.sql",     "README.md",              "public/t/README.md"};
  const uint8_t choice = input.byte();
  if (choice < std::size(kPlaces)) return std::string(kPlaces[choice]);
  return std::string(input.take_until('\0'));
}

// The tree with the files that the input lists; zero when they can stand in none.
Oid built(World& world, const Oid& base, fuzz::Input& input, size_t files) {
  store::PendingObjects objects(*world.store);
  std::map<std::string, tree::PathEdit> edits;
  for (const auto& [path, text] : {std::pair(std::string("public/t/table.sql"), kTable),
                                   std::pair(std::string("public/k/table.sql"), kKeyless)})
    edits[path] = {path, tree::kModeBlob, objects.add(store::ObjectType::kBlob, std::string(text))};
  for (size_t i = 0; i < files && !input.at_end(); ++i) {
    const std::string path = path_of(input);
    const std::string text(input.take_until('\1'));
    edits[path] = {path, tree::kModeBlob, objects.add(store::ObjectType::kBlob, text)};
  }
  std::vector<tree::PathEdit> all;
  for (const auto& [path, edit] : edits) {
    // A file stands in the way of what is below it.
    if (!all.empty() && path.starts_with(all.back().path + "/")) continue;
    all.push_back(edit);
  }
  const auto root = tree::edit_paths(objects, world.store->cache(), base, std::move(all));
  if (!root) return {};
  world.keep(objects);
  return *root;
}

void check_tables(World& world, const Oid& root) {
  const catalog::Catalog catalog(*world.store, world.store->cache(), root);
  const auto schemas = catalog.schemas();
  require(schemas.has_value(), "what was accepted has schemas");
  for (const std::string& schema : *schemas) {
    const auto tables = catalog.tables(schema);
    require(tables.has_value(), "what was accepted has tables");
    for (const std::string& name : *tables) {
      const auto table = catalog.get_table(schema, name);
      require(table.has_value(), "what was accepted is a table", name);
      const catalog::TableLineKeys keys(table->table);
      const auto checked = tree::check_tree({*world.store, world.store->cache(), keys}, table->rows);
      require(checked.has_value(), "rows are canonical", checked ? "" : checked.error().message());
    }
  }
}

// The canonical form of a tree, kept; zero: it has none.
Oid canonical_of(World& world, const Oid& known, const Oid& root) {
  store::PendingObjects made(*world.store);
  engine::Place place;
  const auto canonical = engine::canonical_content(made, *world.store, known, root, &place);
  if (!canonical) {
    require(canonical.error().code() != ErrorCode::kInternal, "no bug is met", canonical.error().message());
    return {};
  }
  world.keep(made);
  return *canonical;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  World world;
  fuzz::Input input(data, size);
  const Oid before = built(world, world.initial, input, input.byte() % kFilesMax);
  if (before.is_zero()) return 0;
  const Oid good = canonical_of(world, Oid{}, before);
  if (!good.is_zero()) {
    check_tables(world, good);
    require(canonical_of(world, Oid{}, good) == good, "a canonical tree is its own form");
  }
  const Oid after = built(world, before, input, kFilesMax);
  if (after.is_zero()) return 0;
  const Oid whole = canonical_of(world, Oid{}, after);
  const Oid step = canonical_of(world, good, after);
  if (!whole.is_zero()) check_tables(world, whole);
  if (!whole.is_zero() && !good.is_zero())
    require(step == whole, "what differs alone and the whole give one form");
  store::PendingObjects made(*world.store);
  const auto readable = engine::readable_content(made, *world.store, good, after);
  if (readable && !readable->fault && !whole.is_zero())
    require(readable->root == whole, "history reads the canonical form");
  return 0;
}
