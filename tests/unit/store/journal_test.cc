// Proves: a record reads back as it was made and any flipped bit is seen; recovery takes what is
// whole, gives up a torn tail for good, and refuses damage by name.
#include <cstring>
#include <fstream>
#include <random>

#include "base/hash.h"
#include "crash/fault_file_system.h"
#include "store/journal_head.h"
#include "store/journal_record.h"
#include "store/store_state.h"
#include "unit/store/store_fixture.h"

namespace rowan::store {

namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// Commits `count` texts durably and loses power before anything is published.
std::vector<Made> commit_and_crash(const std::filesystem::path& dir, FaultFileSystem& files,
                                   int count, size_t bytes = 100) {
  std::vector<Made> made;
  {
    auto store = open_or_fail(dir, quiet_options(), files);
    for (int i = 0; i < count; ++i)
      made.push_back(must_commit(*store, std::to_string(i) + std::string(bytes, 'r')));
    files.crash_at(1);
  }
  files.settle();
  return made;
}

// After a crash: writes go on behind what is `kept`, and come through another crash with it. Git's
// branch has `commits` then.
void check_goes_on(const TempFolder& folder, FaultFileSystem& files, int count,
                   const std::vector<Made>& kept, const std::string& commits) {
  const auto more = commit_and_crash(folder.repository(), files, count);
  auto store = open_or_fail(folder.repository(), quiet_options());
  CHECK(store->ref("refs/heads/main") == more.back().commit);
  for (const Made& each : kept) CHECK(store->contains(each.blob));
  CHECK(more.front().sequence == kept.back().sequence + 1);
  store.reset();
  CHECK(git(folder.repository(), "rev-list --count main").output == commits);
  check_fsck(folder.repository());
}

std::vector<uint64_t> record_offsets(const std::string& bytes) {
  std::vector<uint64_t> out;
  uint64_t at = kJournalHeadBytes;
  for (auto head = read_record_head(Bytes(bytes).substr(at)); head;
       head = read_record_head(Bytes(bytes).substr(at))) {
    out.push_back(at);
    at += head->length;
  }
  return out;
}

}  // namespace

TEST_CASE("a record reads back, and no bit of it may change") {
  MESSAGE("seed 7");
  std::mt19937 random(7);
  class Nothing final : public ObjectReader {
   public:
    Result<ObjectRef> read(const Oid&) const override {
      return Error(ErrorCode::kCorruption, "nothing");
    }
  } nothing;
  PendingObjects objects(nothing);
  const Oid one = objects.add(ObjectType::kBlob, "one");
  objects.add(ObjectType::kBlob, std::string("two\0three", 9), one);
  const std::vector<RefUpdate> refs = {{"refs/heads/main", Oid{}, one}};
  std::string bytes;
  RecordHead head = encode_record(objects.entries(), refs, bytes);
  head.epoch = 3;
  head.sequence = 9;
  head.durable = 8;
  write_record_head(bytes.data(), head);
  REQUIRE(bytes.size() == record_bytes(objects.entries(), refs));
  const auto back = read_record_head(bytes);
  REQUIRE(back.has_value());
  CHECK(back->sequence == 9);
  CHECK(back->durable == 8);
  REQUIRE(is_record_whole(bytes, *back));
  const auto body = read_record_body(bytes, *back);
  REQUIRE(body.has_value());
  CHECK(body->objects.size() == 2);
  CHECK(body->objects[1].previous == one);
  CHECK(body->objects[1].bytes == std::string_view("two\0three", 9));
  CHECK(body->refs[0].name == "refs/heads/main");
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string changed = bytes;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    const auto seen = read_record_head(changed);
    CHECK_FALSE((seen && is_record_whole(changed, *seen)));
  }
  for (int i = 0; i < 2000; ++i) {
    std::string noise(random() % 300, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    std::memcpy(noise.data(), "RWJ1", std::min<size_t>(4, noise.size()));
    CHECK_FALSE(read_record_head(noise).has_value());
    // The body is only read behind a good CRC; it must hold up even so.
    RecordHead forged;
    forged.length = noise.size() / 8 * 8;
    forged.objects = random() % 4;
    forged.refs = random() % 4;
    if (forged.length >= kRecordHeadBytes)
      ignore_error(Result<int>(read_record_body(noise, forged) ? 1 : 0), "no crash");
  }
}

TEST_CASE("what was durable is there after a crash, and the journal goes on") {
  TempFolder folder;
  REQUIRE(init_git_store_with(folder.repository(), "main", quiet_options()).has_value());
  FaultFileSystem files(folder.path / "trash", 11);
  const auto made = commit_and_crash(folder.repository(), files, 40, 1000);  // More than one file.
  CHECK(git(folder.repository(), "rev-parse -q --verify main").status != 0);
  {
    auto options = quiet_options();
    options.read_only = true;
    auto reader = open_or_fail(folder.repository(), options);
    CHECK(reader->ref("refs/heads/main") == made.back().commit);
    CHECK(text_of(*reader, made[3].blob).starts_with("3r"));
  }
  check_goes_on(folder, files, 5, made, "45");
}

TEST_CASE("a torn tail is given up for good, damage is refused by name") {
  TempFolder folder;
  REQUIRE(init_git_store(folder.repository(), "main").has_value());
  FaultFileSystem files(folder.path / "trash", 12);
  const auto made = commit_and_crash(folder.repository(), files, 10);
  const auto path = folder.repository() / "rowan/journal/0001";
  const std::string whole = read_file(path);
  const auto offsets = record_offsets(whole);
  REQUIRE(offsets.size() == 10);

  SUBCASE("torn anywhere in the last record") {
    for (const size_t cut : {0, 1, 40, 63, 64, 100, 200}) {
      std::string torn = whole;
      std::fill(torn.begin() + static_cast<ptrdiff_t>(offsets[9] + cut), torn.end(), '\0');
      write_file(path, torn);
      auto options = quiet_options();
      options.read_only = true;
      auto store = open_or_fail(folder.repository(), options);
      CHECK(store->ref("refs/heads/main") == made[8].commit);
      CHECK_FALSE(store->contains(made[9].blob));
    }
    // A write, another crash and another opening: the torn record must not come back.
    check_goes_on(folder, files, 2, {made.begin(), made.end() - 1}, "11");
  }
  SUBCASE("a bit of a record that a later one calls durable") {
    for (const size_t at :
         {offsets[0] + 3, offsets[0] + 90, offsets[4] + 20, offsets[4] + 70, offsets[7] + 1}) {
      std::string flipped = whole;
      flipped[at] = static_cast<char>(flipped[at] ^ 4);
      write_file(path, flipped);
      const auto store = open_git_store(folder.repository(), quiet_options());
      REQUIRE_FALSE(store.has_value());
      CHECK(store.error().code() == ErrorCode::kCorruption);
      CHECK(store.error().message().find("rowan/journal/0001") != std::string::npos);
      CHECK(store.error().message().find("offset") != std::string::npos);
    }
    write_file(path, whole);
    auto store = open_or_fail(folder.repository(), quiet_options());
    CHECK(store->ref("refs/heads/main") == made.back().commit);
  }
  SUBCASE("the state file") {
    const auto state = folder.repository() / "rowan/state";
    std::string bytes = read_file(state);
    bytes[20] ^= 1;
    write_file(state, bytes);
    CHECK(open_git_store(folder.repository(), quiet_options()).error().code() ==
          ErrorCode::kCorruption);
    bytes[8] = 3;
    write_file(state, bytes);
    CHECK(open_git_store(folder.repository(), quiet_options()).error().code() ==
          ErrorCode::kUnsupportedFormat);
  }
}

TEST_CASE("a journal file that the state enters is there, whole, and the same") {
  TempFolder folder;
  REQUIRE(init_git_store(folder.repository(), "main").has_value());
  FaultFileSystem files(folder.path / "trash", 15);
  const auto made = commit_and_crash(folder.repository(), files, 3);
  const auto path = folder.repository() / "rowan/journal/0001";
  const std::string whole = read_file(path);
  const auto state = read_state(real_file_system(), folder.repository() / "rowan/state");
  REQUIRE(state.has_value());
  REQUIRE(state->files.size() == 1);
  const auto refused = [&](const char* words) {
    const auto store = open_git_store(folder.repository(), quiet_options());
    REQUIRE_FALSE(store.has_value());
    CHECK(store.error().code() == ErrorCode::kCorruption);
    CAPTURE(store.error().message());
    CHECK(store.error().message().find("journal/0001") != std::string::npos);
    CHECK(store.error().message().find(words) != std::string::npos);
    CHECK(store.error().hint().find("--discard-journal") != std::string::npos);
  };
  SUBCASE("missing") {
    std::filesystem::remove(path);
    refused("is missing");
  }
  SUBCASE("empty") {
    write_file(path, "");
    refused("cut short");
  }
  SUBCASE("short by a byte") {
    write_file(path, whole.substr(0, whole.size() - 1));
    refused("cut short");
  }
  SUBCASE("zeros") {
    write_file(path, std::string(whole.size(), '\0'));
    refused("head");
  }
  SUBCASE("a file of the same repository, of another number") {
    std::string other = whole;
    const std::string head = encode_journal_head({2, state->key, state->files[0].id});
    write_file(path, other.replace(0, head.size(), head));
    refused("head");
  }
  SUBCASE("a file of another repository") {
    std::string other = whole;
    const std::string head = encode_journal_head({1, state->key + 1, state->files[0].id});
    write_file(path, other.replace(0, head.size(), head));
    refused("head");
  }
  write_file(path, whole);
  auto store = open_or_fail(folder.repository(), quiet_options());
  CHECK(store->ref("refs/heads/main") == made.back().commit);
}

TEST_CASE("a journal and a state of version 1 open, and become version 2 with the first write") {
  TempFolder folder;
  REQUIRE(init_git_store(folder.repository(), "main").has_value());
  FaultFileSystem files(folder.path / "trash", 16);
  const auto made = commit_and_crash(folder.repository(), files, 5);
  // As an older version left it: no head, no files entered.
  const auto path = folder.repository() / "rowan/journal/0001";
  write_file(path, read_file(path).substr(kJournalHeadBytes));
  const auto state = folder.repository() / "rowan/state";
  std::string bytes = read_file(state).substr(0, 64);
  bytes[8] = 1;
  bytes[49] = 0;
  const uint32_t crc = crc32(Bytes(bytes).substr(16));
  std::memcpy(bytes.data() + 12, &crc, 4);
  write_file(state, bytes);
  // Of such a journal nothing tells which files there were, but there was one.
  const std::string whole = read_file(path);
  std::filesystem::remove(path);
  CHECK(open_git_store(folder.repository(), quiet_options()).error().code() ==
        ErrorCode::kCorruption);
  write_file(path, whole);
  const auto more = commit_and_crash(folder.repository(), files, 5);
  CHECK(more.front().sequence == made.back().sequence + 1);
  const auto now = read_state(real_file_system(), state);
  REQUIRE(now.has_value());
  CHECK_FALSE(now->files.empty());
  auto store = open_or_fail(folder.repository(), quiet_options());
  CHECK(store->ref("refs/heads/main") == more.back().commit);
  store.reset();
  CHECK(git(folder.repository(), "rev-list --count main").output == "10");
  check_fsck(folder.repository());
}

TEST_CASE("a file that is missing in the middle of the journal is damage") {
  TempFolder folder;
  REQUIRE(init_git_store_with(folder.repository(), "main", quiet_options()).has_value());
  FaultFileSystem files(folder.path / "trash", 13);
  commit_and_crash(folder.repository(), files, 60, 2000);  // Three files.
  REQUIRE(std::filesystem::exists(folder.repository() / "rowan/journal/0003"));
  std::filesystem::remove(folder.repository() / "rowan/journal/0002");
  CHECK(open_git_store(folder.repository(), quiet_options()).error().code() ==
        ErrorCode::kCorruption);
}

TEST_CASE("a foreign move while the process was down is noticed by the recovery's checkpoint") {
  TempFolder folder;
  REQUIRE(init_git_store(folder.repository(), "main").has_value());
  FaultFileSystem files(folder.path / "trash", 14);
  {
    auto store = open_or_fail(folder.repository(), quiet_options());
    must_commit(*store, "base");
  }
  const std::string base = git(folder.repository(), "rev-parse main").output;
  const auto made = commit_and_crash(folder.repository(), files, 2);
  const auto foreign = git(folder.repository(),
                           "-c user.name=x -c user.email=x@y commit-tree -p main -m f main^{tree}")
                           .output;
  REQUIRE(git(folder.repository(), "update-ref refs/heads/main " + foreign).status == 0);
  auto store = open_or_fail(folder.repository(), quiet_options());
  REQUIRE(store->checkpoint().has_value());
  CHECK(git(folder.repository(), "rev-parse main").output == made.back().commit.hex());
  CHECK(git(folder.repository(), "rev-parse refs/rowan/foreign/main/" + foreign).output == foreign);
  CHECK(git(folder.repository(), "rev-parse main~2").output == base);
}

}  // namespace rowan::store
