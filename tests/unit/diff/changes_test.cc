// Which objects differ between two trees.
#include <doctest/doctest.h>

#include "diff/changes.h"
#include "diff_fixture.h"

namespace rowan::diff {

using namespace testing;

TEST_CASE("added, removed, changed and renamed tables are told apart") {
  World world;
  ModelTable kept = ModelTable::make("kept", {"id", "a"});
  ModelTable moved = ModelTable::make("moved", {"id", "x", "y"});
  ModelTable gone = ModelTable::make("gone", {"id", "g"});
  gone.definition.columns[1].id = 900;
  catalog::finish_table(gone.definition);
  for (int i = 0; i < 5; ++i) {
    kept.set(i, 1, "1");
    moved.set(i, 2, "2");
  }
  const Oid from = world.tree_of({&kept, &moved, &gone});
  moved.definition.name = "moved_away";
  moved.definition.primary_key_name.clear();
  catalog::finish_table(moved.definition);
  moved.set(3, 1, "9");
  ModelTable made = ModelTable::make("made", {"id", "m"});
  made.definition.columns[1].id = 901;
  catalog::finish_table(made.definition);
  kept.set(9, 1, "1");
  const Oid to = world.tree_of({&kept, &moved, &made});

  const auto changes = changed_objects(world.source(), from, to).value();
  REQUIRE(changes.size() == 4);
  CHECK((changes[0].from && !changes[0].to && changes[0].from->name == "gone"));
  CHECK(
      (changes[1].from && changes[1].to && !changes[1].renamed() && changes[1].to->name == "kept"));
  CHECK((!changes[2].from && changes[2].to && changes[2].to->name == "made"));
  CHECK((changes[3].renamed() && changes[3].from->name == "moved" &&
         changes[3].to->name == "moved_away"));
  CHECK(changed_objects(world.source(), to, to).value().empty());
  CHECK(path_before(world.source(), from, to, changes[3].to->path).value().value_or("") ==
        changes[3].from->path);
  CHECK_FALSE(path_before(world.source(), from, to, "public/made").value());
}

TEST_CASE("against nothing, everything is added, the schema first") {
  World world;
  const ModelTable table = ModelTable::make("t", {"id"});
  const auto changes = changed_objects(world.source(), Oid{}, world.tree_of({&table})).value();
  REQUIRE(changes.size() == 2);
  CHECK(changes[0].kind == ObjectKind::kSchema);
  CHECK(changes[1].kind == ObjectKind::kTable);
}

}  // namespace rowan::diff
