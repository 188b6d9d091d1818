// Proves: packs we write pass every check of stock git and read back; packs stock git wrote read
// back byte for byte; loose objects, alternates and packs replaced by gc are found; damage becomes
// kCorruption or is without effect; consolidation keeps every object.
#include <algorithm>
#include <map>
#include <set>
#include <thread>

#include "base/limits.h"
#include "pack_testing.h"
#include "store/file_system.h"
#include "store/pack_file.h"
#include "store/pack_set.h"

namespace rowan::store::testing {

namespace {

std::unique_ptr<PackSet> open_set(const TestRepository& repository) {
  auto opened = PackSet::open(repository.objects());
  REQUIRE(opened);
  return std::move(*opened);
}

void check_all(const PackSet& set, const std::vector<MadeObject>& made) {
  for (const MadeObject& one : made) {
    auto found = set.find(one.id, true);
    if (!found) FAIL(found.error().message(), " ", found.error().detail());
    REQUIRE(found->has_value());
    CHECK((*found)->type == one.type);
    CHECK(((*found)->bytes == one.bytes));
  }
}

WrittenPack write(const TestRepository& repository, const std::vector<MadeObject>& made,
                  bool release = true) {
  auto written = write_pack(repository.packs(), as_pack_objects(made), {});
  REQUIRE(written);
  CHECK(fs::exists(written->stem.string() + ".keep"));
  if (release) fs::remove(written->stem.string() + ".keep");
  return *written;
}

void check_fsck(const TestRepository& repository) {
  const std::string out = repository.git("fsck --full --strict");
  CHECK(out.find("error") == std::string::npos);
  CHECK(out.find("missing") == std::string::npos);
}

size_t count_files(const fs::path& folder, std::string_view extension) {
  size_t count = 0;
  for (const auto& file : fs::directory_iterator(folder))
    count += file.path().extension() == extension;
  return count;
}

}  // namespace

TEST_CASE("write_pack: stock git accepts the packs, chains stay within the limit, all reads back") {
  TestRepository repository;
  MadeHistory history(300, 1);
  std::vector<MadeObject> made = history.all();
  for (int i = 0; i < 400; ++i) history.commit(made);
  const WrittenPack first = write(repository, made);
  std::vector<MadeObject> more;
  for (int i = 0; i < 200; ++i) history.commit(more);
  const WrittenPack second = write(repository, more);
  repository.git("update-ref refs/heads/main " + history.head().hex());
  check_fsck(repository);
  for (const WrittenPack& pack : {first, second}) {
    repository.git("index-pack --strict --stdin < " + pack.stem.string() + ".pack");
    const std::string listing = repository.git("verify-pack -v " + pack.stem.string() + ".pack");
    CHECK(listing.find("chain length = " + std::to_string(kDeltaChainMax)) != std::string::npos);
    CHECK(listing.find("chain length = " + std::to_string(kDeltaChainMax + 1)) ==
          std::string::npos);
  }
  const auto set = open_set(repository);
  check_all(*set, made);
  check_all(*set, more);
  CHECK_FALSE(*set->find(hash_object(ObjectType::kBlob, "not there")));
}

TEST_CASE("write_pack: nothing, one object, empty objects, duplicates and a node that goes back") {
  TestRepository repository;
  const auto none = write_pack(repository.packs(), {}, {});
  REQUIRE(none);
  CHECK(none->stem.empty());
  CHECK(fs::is_empty(repository.packs()));

  const std::string text_a(500, 'a');
  const std::string text_b = text_a + "b";
  const auto a = make(ObjectType::kBlob, text_a);
  const auto b = make(ObjectType::kBlob, text_b, a.id);
  auto again = a;
  again.previous = b.id;
  const std::vector<MadeObject> made = {
      a, b, again, make(ObjectType::kBlob, ""), make(ObjectType::kTree, ""), b};
  const WrittenPack written = write(repository, made);
  CHECK(written.objects == 4);
  CHECK(written.bytes == fs::file_size(written.stem.string() + ".pack"));
  check_all(*open_set(repository), made);
  repository.git("verify-pack " + written.stem.string() + ".pack");
}

TEST_CASE(
    "write_pack: versions beside each other share what they have from one that stands elsewhere") {
  TestRepository repository;
  const Oid elsewhere = make(ObjectType::kBlob, "in an older pack").id;
  std::string text;
  for (int i = 0; i < 400; ++i)
    text += hash_object(ObjectType::kBlob, std::to_string(i)).hex() + "\n";
  std::vector<MadeObject> made;
  for (int i = 0; i < 100; ++i)
    made.push_back(make(ObjectType::kBlob, text + "branch " + std::to_string(i) + "\n", elsewhere));
  const WrittenPack written = write(repository, made);
  CHECK(written.bytes <
        20 * text.size());  // A hundred whole ones would take 50 times the text at least.
  check_all(*open_set(repository), made);
  repository.git("verify-pack " + written.stem.string() + ".pack");
}

TEST_CASE("PackStream: any number of threads, duplicates once, abandoned without a trace") {
  for (const int threads : {1, 2, 4}) {
    TestRepository repository;
    MadeHistory history(500, 5);
    std::vector<MadeObject> made = history.all();
    {
      auto abandoned = PackStream::open(repository.packs(), {.threads = threads});
      REQUIRE(abandoned);
      for (const MadeObject& one : made) REQUIRE((*abandoned)->add(one.type, one.bytes));
    }
    CHECK(fs::is_empty(repository.packs()));
    auto stream = PackStream::open(repository.packs(),
                                   {.compression = threads == 4 ? 0 : 1, .threads = threads});
    REQUIRE(stream);
    for (const MadeObject& one : made) {
      const auto id = (*stream)->add(one.type, one.bytes);
      REQUIRE(id);
      CHECK(*id == one.id);
      REQUIRE((*stream)->add(one.type, one.bytes));
    }
    const auto written = (*stream)->finish();
    REQUIRE(written);
    CHECK(written->objects == made.size());
    repository.git("update-ref refs/heads/main " + history.head().hex());
    check_fsck(repository);
    repository.git("verify-pack " + written->stem.string() + ".pack");
    check_all(*open_set(repository), made);
  }
}

TEST_CASE("packs of stock git, loose objects and alternates read back") {
  TestRepository repository;
  MadeHistory history(200, 7);
  std::vector<MadeObject> made = history.all();
  for (int i = 0; i < 300; ++i) history.commit(made);
  write(repository, made);
  repository.git("update-ref refs/heads/main " + history.head().hex());
  const auto set = open_set(repository);
  const auto held = *set->find(made.front().id);

  // A reader that was open before gc goes on, and one that looks for something new finds the new
  // pack.
  repository.git("repack -adfq --depth=200 --window=20");
  CHECK(count_files(repository.packs(), ".idx") == 1);
  check_all(*set, made);
  CHECK((held->bytes == made.front().bytes));
  check_all(*open_set(repository), made);

  // REF_DELTA entries, as older gits and some transports leave them.
  repository.git("-c repack.useDeltaBaseOffset=false repack -adfq --depth=50");
  check_all(*open_set(repository), made);

  write_file(repository.folder() / "new.txt", "a loose one\n");
  const auto loose = Oid::parse(repository.git("hash-object -w new.txt").substr(0, 40));
  REQUIRE(loose);
  CHECK((**set->find(*loose, true)).bytes == "a loose one\n");
  CHECK(set->contains(*loose));
  repository.git("unpack-objects -q < $(ls objects/pack/*.pack | head -1)");

  TestRepository borrower;
  write_file(borrower.objects() / "info" / "alternates", repository.objects().string() + "\n");
  // A folder outside of the repository is the user's to allow.
  const auto refused = PackSet::open(borrower.objects());
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code() == ErrorCode::kInsufficientPrivilege);
  CHECK(refused.error().hint().find("rowan.alternates") != std::string::npos);
  ::setenv("ROWAN_ALTERNATES", repository.objects().c_str(), 1);
  check_all(*open_set(borrower), made);
  ::unsetenv("ROWAN_ALTERNATES");

  const auto prefix = set->find_prefix(loose->hex().substr(0, 12), 5);
  REQUIRE(prefix.size() == 1);
  CHECK(prefix.front() == *loose);
  CHECK(set->find_prefix(made[3].id.hex().substr(0, 8), 5).size() == 1);
  CHECK(set->find_prefix("abc", 5).empty());
  CHECK(set->find_prefix("zzzz", 5).empty());

  auto ids = set->ids_of(set->packs().front().stem);
  REQUIRE(ids);
  CHECK(ids->size() == set->packs().front().objects);
}

TEST_CASE("a miss finds a pack that came meanwhile") {
  TestRepository repository;
  const auto set = open_set(repository);
  for (int i = 0; i < 5; ++i) {
    const auto one = make(ObjectType::kBlob, "object " + std::to_string(i));
    CHECK_FALSE(*set->find(one.id));
    write(repository, {one});
    CHECK(set->contains(one.id));
    check_all(*set, {one});
  }
  CHECK(set->packs().size() == 5);
}

TEST_CASE("flipped bits give kCorruption or the right bytes, never anything else") {
  TestRepository repository;
  MadeHistory history(8, 11);
  std::vector<MadeObject> made = history.all();
  for (int i = 0; i < 60; ++i) history.commit(made);
  const WrittenPack written = write(repository, made);
  const std::string pack = read_file(written.stem.string() + ".pack");
  const std::string idx = read_file(written.stem.string() + ".idx");

  std::mt19937_64 random(12);
  size_t failures = 0;
  for (int round = 0; round < 300; ++round) {
    std::string bad_pack = pack;
    std::string bad_idx = idx;
    std::string& target = round % 3 == 0 ? bad_idx : bad_pack;
    for (uint64_t flips = 1 + random() % 4; flips > 0; --flips) {
      target[random() % target.size()] ^= static_cast<char>(1 << random() % 8);
    }
    if (round % 16 == 15) target.resize(random() % target.size());
    TestRepository damaged_folder_only;  // Its folders, not its git.
    write_file(damaged_folder_only.packs() / "pack-0.pack", bad_pack);
    write_file(damaged_folder_only.packs() / "pack-0.idx", bad_idx);
    const auto set = open_set(damaged_folder_only);
    for (size_t i = round % 5; i < made.size(); i += 5) {
      const auto found = set->find(made[i].id, true);
      if (!found) {
        ++failures;
        const ErrorCode code = found.error().code();
        CHECK((code == ErrorCode::kCorruption || code == ErrorCode::kProgramLimit));
      } else if (*found) {
        CHECK(((*found)->bytes == made[i].bytes));
      }
    }
  }
  CHECK(failures > 0);
}

TEST_CASE("damaged loose objects are refused") {
  TestRepository repository;
  const auto one = make(ObjectType::kBlob, "hello");
  const std::string hex = one.id.hex();
  for (const std::string& bytes : {std::string(), std::string("x"), std::string(100, '\x78')}) {
    write_file(repository.objects() / hex.substr(0, 2) / hex.substr(2), bytes);
    const auto found = open_set(repository)->find(one.id);
    REQUIRE_FALSE(found);
    CHECK(found.error().code() == ErrorCode::kCorruption);
  }
}

TEST_CASE("a ring of REF_DELTA entries ends in an error") {
  // Two entries, each made from the other; the index and checksums are those of any pack.
  TestRepository repository;
  const auto a = make(ObjectType::kBlob, "first text, long enough for two of them");
  const auto b = make(ObjectType::kBlob, "second text, long enough for two of them");
  const WrittenPack written = write(repository, {a, b});
  const auto file = PackFile::open(written.stem);
  REQUIRE(file);
  std::string pack = read_file(written.stem.string() + ".pack");
  // An entry of the same length: type 7, then the other id, then whatever follows.
  for (const auto& [own, other] : {std::pair(a.id, b.id), std::pair(b.id, a.id)}) {
    const uint64_t offset = *(*file)->offset_at(*(*file)->find(own));
    pack[offset] = static_cast<char>(7 << 4 | 5);
    pack.replace(offset + 1, Oid::kBytes, other.raw());
  }
  write_file(written.stem.string() + ".pack", pack);
  const auto found = open_set(repository)->find(a.id);
  REQUIRE_FALSE(found);
  CHECK(found.error().code() == ErrorCode::kCorruption);
}

TEST_CASE("consolidation keeps every object, and git agrees") {
  TestRepository repository;
  MadeHistory history(100, 21);
  std::vector<MadeObject> made = history.all();
  write(repository, made);
  const auto set = open_set(repository);
  const auto old_reader = open_set(repository);
  for (int pack = 0; pack < 30; ++pack) {
    std::vector<MadeObject> part;
    for (int i = 0; i < 20; ++i) history.commit(part);
    if (pack % 3 == 0) part.push_back(made[pack]);  // Also held by another pack.
    set->add_pack(write(repository, part).stem);
    made.insert(made.end(), part.begin(), part.end());
  }
  std::vector<MadeObject> kept_part;
  history.commit(kept_part);
  const WrittenPack kept = write(repository, kept_part, false);
  made.insert(made.end(), kept_part.begin(), kept_part.end());
  REQUIRE(old_reader->refresh());
  repository.git("update-ref refs/heads/main " + history.head().hex());
  repository.git("multi-pack-index write");

  const auto merged = consolidate_packs(*set, repository.packs());
  if (!merged) FAIL(merged.error().message());
  CHECK(*merged > 20);
  CHECK(fs::exists(kept.stem.string() + ".pack"));
  CHECK(count_files(repository.packs(), ".keep") == 1);
  CHECK(count_files(repository.packs(), ".idx") == count_files(repository.packs(), ".pack"));
  std::vector<uint64_t> sizes;
  for (const auto& info : set->packs()) {
    if (!info.kept) sizes.push_back(info.bytes);
  }
  std::sort(sizes.begin(), sizes.end());
  uint64_t sum = 0;
  for (const uint64_t size : sizes) {
    CHECK(size >= 2 * sum);
    sum += size;
  }
  check_all(*set, made);
  check_all(*old_reader, made);  // Through its old mappings.
  check_all(*open_set(repository), made);
  check_fsck(repository);
  const auto again = consolidate_packs(*set, repository.packs());
  REQUIRE(again);
  CHECK(*again == 0);
}

TEST_CASE("packs that would make too many objects together stay as they are") {
  TestRepository repository;
  MadeHistory history(50, 22);
  std::vector<MadeObject> made = history.all();
  const WrittenPack large = write(repository, made);
  const auto set = open_set(repository);
  uint64_t small_objects = 0;
  for (int pack = 0; pack < 3; ++pack) {
    std::vector<MadeObject> part;
    for (int i = 0; i < 20; ++i) history.commit(part);
    small_objects += part.size();
    set->add_pack(write(repository, part).stem);
    made.insert(made.end(), part.begin(), part.end());
  }
  repository.git("update-ref refs/heads/main " + history.head().hex());

  const auto none = consolidate_packs(*set, repository.packs(), nullptr, small_objects / 3);
  REQUIRE(none);
  CHECK(*none == 0);
  const auto small = consolidate_packs(*set, repository.packs(), nullptr, small_objects);
  REQUIRE(small);
  CHECK(*small == 3);
  CHECK(fs::exists(large.stem.string() + ".pack"));
  CHECK(count_files(repository.packs(), ".pack") == 2);
  check_all(*open_set(repository), made);
  check_fsck(repository);
}

TEST_CASE("consolidation of stock git's packs with REF_DELTA entries and rings between packs") {
  TestRepository repository;
  MadeHistory history(60, 31);
  std::vector<MadeObject> made = history.all();
  for (int i = 0; i < 100; ++i) history.commit(made);
  write(repository, made);
  repository.git("update-ref refs/heads/main " + history.head().hex());
  repository.git("-c repack.useDeltaBaseOffset=false repack -adfq --depth=60");
  // The same objects once more with chains in the other direction: each copy is a delta of the
  // other pack's copy.
  std::vector<MadeObject> backwards(made.rbegin(), made.rend());
  std::map<Oid, Oid> follower;
  for (const MadeObject& one : made) follower[one.previous] = one.id;
  for (MadeObject& one : backwards)
    one.previous = follower.contains(one.id) ? follower[one.id] : Oid{};
  write(repository, backwards);
  const auto set = open_set(repository);
  REQUIRE(set->packs().size() == 2);
  const auto merged = consolidate_packs(*set, repository.packs());
  if (!merged) FAIL(merged.error().message());
  CHECK(*merged == 2);
  CHECK(count_files(repository.packs(), ".pack") == 1);
  check_all(*set, made);
  check_fsck(repository);
}

TEST_CASE("threads read while packs are merged") {
  TestRepository repository;
  MadeHistory history(50, 41);
  std::vector<MadeObject> made = history.all();
  write(repository, made);
  const auto set = open_set(repository);
  std::atomic<bool> stop = false;
  std::atomic<size_t> wrong = 0;
  std::vector<std::thread> readers;
  for (int t = 0; t < 2; ++t) {
    readers.emplace_back([&, t] {
      for (size_t i = t; !stop; i = (i + 7) % made.size()) {
        const auto found = set->find(made[i].id, true);
        if (!found || !*found) ++wrong;
      }
    });
  }
  for (int round = 0; round < 10; ++round) {
    std::vector<MadeObject> part;
    for (int i = 0; i < 10; ++i) history.commit(part);
    set->add_pack(write(repository, part).stem);
    const auto merged = consolidate_packs(*set, repository.packs());
    CHECK(merged.has_value());
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(wrong == 0);
}

TEST_CASE("merging packs makes deltas where a node has versions in several of them") {
  TestRepository repository;
  MadeHistory history(100, 51);
  std::vector<MadeObject> made = history.all();
  uint64_t before = write(repository, made).bytes;
  for (int pack = 0; pack < 8; ++pack) {
    std::vector<MadeObject> part;
    for (int i = 0; i < 100; ++i) history.commit(part);
    before += write(repository, part).bytes;
    made.insert(made.end(), part.begin(), part.end());
  }
  repository.git("update-ref refs/heads/main " + history.head().hex());
  const auto set = open_set(repository);
  REQUIRE(consolidate_packs(*set, repository.packs()));
  REQUIRE(set->packs().size() == 1);
  CHECK(set->packs().front().bytes < before * 3 / 5);
  check_all(*set, made);
  check_fsck(repository);
  const std::string listing =
      repository.git("verify-pack -v " + set->packs().front().stem.string() + ".pack");
  CHECK(listing.find("chain length = " + std::to_string(kDeltaChainMax + 1)) == std::string::npos);
}

TEST_CASE("only our own .keep files are released") {
  TestRepository repository;
  const WrittenPack ours = write(repository, {make(ObjectType::kBlob, "x")}, false);
  write_file(repository.packs() / "pack-1.keep", "somebody else\n");
  REQUIRE(release_kept_packs(repository.packs(), real_file_system()));
  CHECK_FALSE(fs::exists(ours.stem.string() + ".keep"));
  CHECK(fs::exists(repository.packs() / "pack-1.keep"));
}

TEST_CASE("temporary files of a dead writer are removed, nothing else") {
  TestRepository repository;
  write(repository, {make(ObjectType::kBlob, "x")});
  write_file(repository.packs() / "tmp_rowan_1_2_pack", "cut short");
  REQUIRE(remove_temporary_packs(repository.packs(), real_file_system()));
  CHECK_FALSE(fs::exists(repository.packs() / "tmp_rowan_1_2_pack"));
  CHECK(count_files(repository.packs(), ".pack") == 1);
}

}  // namespace rowan::store::testing
