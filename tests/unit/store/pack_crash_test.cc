// Proves: wherever writing or merging packs fails, at the Nth file operation for every N, each
// object that was there before is still there for us and for stock git, and what git sees is whole.
#include "pack_testing.h"
#include "store/file_system.h"
#include "store/pack_set.h"

namespace rowan::store::testing {

namespace {

// The real file system until `left` changing operations are done; then every one fails, as after a
// crash.
class FailingFileSystem final : public FileSystem {
 public:
  explicit FailingFileSystem(size_t operations) : left_(operations) {}

  bool failed() const { return failed_; }

  Result<std::unique_ptr<File>> open(const fs::path& path, OpenMode mode) override {
    if (mode != OpenMode::kRead) TRY(step());
    TRY_ASSIGN(auto file, real_file_system().open(path, mode));
    return std::unique_ptr<File>(std::make_unique<FailingFile>(*this, std::move(file)));
  }
  Result<void> rename(const fs::path& from, const fs::path& to) override {
    TRY(step());
    return real_file_system().rename(from, to);
  }
  Result<void> unlink(const fs::path& path) override {
    TRY(step());
    return real_file_system().unlink(path);
  }
  Result<void> make_folder(const fs::path& path) override {
    TRY(step());
    return real_file_system().make_folder(path);
  }
  Result<void> remove_folder(const fs::path& path) override {
    TRY(step());
    return real_file_system().remove_folder(path);
  }
  Result<void> sync_folder(const fs::path& path) override {
    TRY(step());
    return real_file_system().sync_folder(path);
  }
  Result<std::vector<std::string>> list(const fs::path& folder) override {
    return real_file_system().list(folder);
  }
  bool exists(const fs::path& path) override { return real_file_system().exists(path); }

 private:
  class FailingFile final : public File {
   public:
    FailingFile(FailingFileSystem& files, std::unique_ptr<File> file)
        : files_(files), file_(std::move(file)) {}
    Result<size_t> read(char* to, size_t bytes_max, uint64_t offset) const override {
      return file_->read(to, bytes_max, offset);
    }
    Result<void> write(Bytes bytes, uint64_t offset) override {
      if (auto allowed = files_.step(); !allowed) {
        ignore_error(file_->write(bytes.substr(0, bytes.size() / 2), offset),
                     "half a write, as a crash leaves it");
        return allowed;
      }
      return file_->write(bytes, offset);
    }
    Result<void> sync() override {
      TRY(files_.step());
      return file_->sync();
    }
    Result<void> truncate(uint64_t bytes) override {
      TRY(files_.step());
      return file_->truncate(bytes);
    }
    Result<void> allocate(uint64_t bytes) override {
      TRY(files_.step());
      return file_->allocate(bytes);
    }
    Result<uint64_t> size() const override { return file_->size(); }

   private:
    FailingFileSystem& files_;
    std::unique_ptr<File> file_;
  };

  Result<void> step() {
    if (left_ > 0) {
      --left_;
      return {};
    }
    failed_ = true;
    return Error(ErrorCode::kIoError, "made to fail");
  }

  size_t left_;
  bool failed_ = false;
};

void check_everything(const TestRepository& repository, const std::vector<MadeObject>& made) {
  const auto set = PackSet::open(repository.objects());
  REQUIRE(set);
  for (const MadeObject& one : made) {
    const auto found = (*set)->find(one.id, true);
    REQUIRE(found);
    CHECK(found->has_value());
  }
  const std::string out = repository.git("fsck --full --strict");
  CHECK(out.find("error") == std::string::npos);
}

}  // namespace

TEST_CASE("write_pack and PackStream fail at any point without leaving half a pack in sight") {
  for (const bool stream : {false, true}) {
    bool complete = false;
    for (size_t n = 0; !complete; ++n) {
      REQUIRE(n < 100);
      TestRepository repository;
      MadeHistory history(20, 3);
      const std::vector<MadeObject> before = history.all();
      REQUIRE(write_pack(repository.packs(), as_pack_objects(before), {}));
      repository.git("update-ref refs/heads/main " + history.head().hex());
      std::vector<MadeObject> after;
      for (int i = 0; i < 10; ++i) history.commit(after);
      FailingFileSystem files(n);
      const auto write_stream = [&]() -> Result<WrittenPack> {
        TRY_ASSIGN(auto opened,
                   PackStream::open(repository.packs(), {.threads = 2, .files = &files}));
        for (const MadeObject& one : after) TRY(opened->add(one.type, one.bytes));
        return opened->finish();
      };
      const auto written =
          stream ? write_stream()
                 : write_pack(repository.packs(), as_pack_objects(after), {.files = &files});
      complete = !files.failed();
      CHECK(written.has_value() == complete);
      check_everything(repository, before);
      if (complete) check_everything(repository, after);
      REQUIRE(remove_temporary_packs(repository.packs(), real_file_system()));
    }
  }
}

TEST_CASE("consolidation fails at any point and every object is still there") {
  bool complete = false;
  for (size_t n = 0; !complete; ++n) {
    REQUIRE(n < 100);
    TestRepository repository;
    MadeHistory history(20, 4);
    std::vector<MadeObject> made = history.all();
    size_t packed = 0;
    for (int pack = 0; pack < 4; ++pack) {
      const auto objects = as_pack_objects(made);
      const auto written = write_pack(repository.packs(), std::span(objects).subspan(packed), {});
      REQUIRE(written);
      fs::remove(written->stem.string() + ".keep");
      packed = made.size();
      for (int i = 0; i < 10 && pack < 3; ++i) history.commit(made);
    }
    repository.git("update-ref refs/heads/main " + history.head().hex());
    const auto set = PackSet::open(repository.objects());
    REQUIRE(set);
    FailingFileSystem files(n);
    const auto merged = consolidate_packs(**set, repository.packs(), &files);
    complete = !files.failed();
    CHECK((merged.has_value() && *merged >= 2) == complete);
    check_everything(repository, made);
    // The next round finishes what was begun.
    REQUIRE(consolidate_packs(**set, repository.packs()));
    check_everything(repository, made);
  }
}

}  // namespace rowan::store::testing
