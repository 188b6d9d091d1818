// FaultFileSystem: works on real files, counts the operations that change something, and can fail
// one of them or "lose power" at one of them. After a power loss every operation fails; settle()
// then rewrites the folder to what a disk may hold: writes that were not synced are kept, dropped
// or torn, names whose folder was not synced are taken back.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "store/file_system.h"

namespace rowan::store {

class FaultFileSystem final : public FileSystem {
 public:
  // `trash`: a folder on the same disk, for files that may have to come back.
  FaultFileSystem(std::filesystem::path trash, uint32_t seed)
      : trash_(std::move(trash)), random_(seed) {
    std::filesystem::create_directories(trash_);
  }

  // The power goes at the Nth changing operation from now (1: the next one); 0: never.
  void crash_at(uint64_t operation) { crash_at_ = operation == 0 ? 0 : count_ + operation; }
  // While set, operations that need space fail.
  void set_disk_full(bool full) { disk_full_ = full; }
  // The next sync fails once.
  void fail_next_sync() { fail_sync_ = true; }
  bool has_crashed() const { return crashed_; }
  uint64_t operations() const { return count_; }

  // Requires: every File of this file system is gone. Afterwards the folder is as after the power
  // loss, and the object serves again.
  void settle() {
    const std::lock_guard lock(mutex_);
    for (size_t i = log_.size(); i-- > 0;) undo(log_[i]);
    log_.clear();
    crashed_ = false;
    crash_at_ = 0;
  }

  Result<std::unique_ptr<File>> open(const std::filesystem::path& path, OpenMode mode) override {
    const std::lock_guard lock(mutex_);
    if (crashed_) return gone();
    const bool is_new =
        (mode == OpenMode::kCreate || mode == OpenMode::kCreateNew) && !real().exists(path);
    if (is_new) {
      if (disk_full_) return full();
      TRY(step());
    }
    auto file = real().open(path, mode);
    if (!file) return std::move(file).error();
    if (is_new) log_.push_back({Kind::kCreate, path, {}, {}, nullptr, {}, 0, 0});
    std::shared_ptr<File> inner = std::move(*file);
    return std::unique_ptr<File>(std::make_unique<FaultFile>(*this, std::move(inner)));
  }

  Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    const std::lock_guard lock(mutex_);
    TRY(step());
    Entry entry{Kind::kRename, from, to, {}, nullptr, {}, 0, 0};
    if (real().exists(to)) entry.saved = save(to);
    TRY(real().rename(from, to));
    log_.push_back(std::move(entry));
    return {};
  }

  Result<void> unlink(const std::filesystem::path& path) override {
    const std::lock_guard lock(mutex_);
    TRY(step());
    if (!real().exists(path)) return real().unlink(path);
    Entry entry{Kind::kUnlink, path, {}, save(path), nullptr, {}, 0, 0};
    TRY(real().unlink(path));
    log_.push_back(std::move(entry));
    return {};
  }

  Result<void> make_folder(const std::filesystem::path& path) override {
    const std::lock_guard lock(mutex_);
    TRY(step());
    return real().make_folder(path);
  }

  Result<void> remove_folder(const std::filesystem::path& path) override {
    const std::lock_guard lock(mutex_);
    TRY(step());
    return real().remove_folder(path);
  }

  Result<void> sync_folder(const std::filesystem::path& path) override {
    const std::lock_guard lock(mutex_);
    TRY(step());
    std::erase_if(log_, [&](const Entry& entry) {
      return entry.kind != Kind::kWrite && (entry.path.parent_path() == path ||
                                            (!entry.to.empty() && entry.to.parent_path() == path));
    });
    return {};
  }

  Result<std::vector<std::string>> list(const std::filesystem::path& folder) override {
    const std::lock_guard lock(mutex_);
    if (crashed_) return gone();
    return real().list(folder);
  }

  bool exists(const std::filesystem::path& path) override { return real().exists(path); }

 private:
  enum class Kind { kWrite, kCreate, kRename, kUnlink };
  // What it takes to undo one operation.
  struct Entry {
    Kind kind;
    std::filesystem::path path;
    std::filesystem::path to;
    std::filesystem::path saved;  // A second name of the file that was replaced or removed.
    std::shared_ptr<File> file;   // Writes go by file, not by name.
    std::string before;           // The bytes overwritten.
    uint64_t offset;
    uint64_t size_before;
  };

  class FaultFile final : public File {
   public:
    FaultFile(FaultFileSystem& owner, std::shared_ptr<File> inner)
        : owner_(owner), inner_(std::move(inner)) {}
    Result<size_t> read(char* to, size_t bytes_max, uint64_t offset) const override {
      const std::lock_guard lock(owner_.mutex_);
      if (owner_.crashed_) return gone();
      return inner_->read(to, bytes_max, offset);
    }
    Result<void> write(Bytes bytes, uint64_t offset) override {
      const std::lock_guard lock(owner_.mutex_);
      if (owner_.disk_full_) {
        TRY_ASSIGN(const uint64_t size, inner_->size());
        if (offset + bytes.size() > size) return full();
      }
      auto step = owner_.step();
      // The write at which the power goes may still reach the disk, whole or torn.
      if (step || owner_.crashed_now_) TRY(note(bytes.size(), offset));
      if (owner_.crashed_now_) {
        owner_.crashed_now_ = false;
        ignore_error(inner_->write(bytes, offset), "the power is gone anyway");
      }
      if (!step) return step;
      return inner_->write(bytes, offset);
    }
    Result<void> sync() override {
      const std::lock_guard lock(owner_.mutex_);
      if (owner_.fail_sync_) {
        owner_.fail_sync_ = false;
        return Error(ErrorCode::kIoError, "could not sync: injected");
      }
      TRY(owner_.step());
      std::erase_if(owner_.log_, [&](const Entry& entry) { return entry.file == inner_; });
      return {};
    }
    Result<void> truncate(uint64_t bytes) override {
      const std::lock_guard lock(owner_.mutex_);
      TRY(owner_.step());
      TRY_ASSIGN(const uint64_t size, inner_->size());
      TRY(note(size > bytes ? size - bytes : 0, bytes));
      return inner_->truncate(bytes);
    }
    Result<void> allocate(uint64_t bytes) override {
      const std::lock_guard lock(owner_.mutex_);
      if (owner_.disk_full_) return full();
      TRY(owner_.step());
      TRY(note(0, 0));
      return inner_->allocate(bytes);
    }
    Result<uint64_t> size() const override { return inner_->size(); }

   private:
    Result<void> note(size_t bytes, uint64_t offset) {
      TRY_ASSIGN(const uint64_t size, inner_->size());
      std::string before(offset < size ? std::min<uint64_t>(bytes, size - offset) : 0, '\0');
      TRY_ASSIGN(const size_t got, inner_->read(before.data(), before.size(), offset));
      before.resize(got);
      owner_.log_.push_back({Kind::kWrite, {}, {}, {}, inner_, std::move(before), offset, size});
      return {};
    }
    FaultFileSystem& owner_;
    std::shared_ptr<File> inner_;
  };

  static FileSystem& real() { return real_file_system(); }
  static Error gone() { return Error(ErrorCode::kIoError, "the power is gone"); }
  static Error full() {
    return Error(ErrorCode::kDiskFull, "could not write: No space left on device (injected)");
  }

  Result<void> step() {
    crashed_now_ = false;
    if (crashed_) return gone();
    ++count_;
    if (crash_at_ != 0 && count_ >= crash_at_) {
      crashed_ = crashed_now_ = true;
      return gone();
    }
    return {};
  }

  std::filesystem::path save(const std::filesystem::path& path) {
    const std::filesystem::path saved = trash_ / std::to_string(saved_count_++);
    std::error_code ignored;
    std::filesystem::remove(saved, ignored);
    std::filesystem::create_hard_link(path, saved);
    return saved;
  }

  void undo(Entry& entry) {
    std::error_code ignored;
    switch (entry.kind) {
      case Kind::kWrite: {
        // Kept, dropped, or dropped from some point on: what a disk does with pages it was never
        // told to keep.
        const uint32_t fate = random_() % 4;
        if (fate == 0) return;
        const size_t kept =
            fate == 1 && !entry.before.empty() ? random_() % entry.before.size() : 0;
        const Bytes rest = Bytes(entry.before).substr(kept);
        if (!rest.empty())
          ignore_error(entry.file->write(rest, entry.offset + kept), "a test's own file");
        if (fate == 2) ignore_error(entry.file->truncate(entry.size_before), "a test's own file");
        return;
      }
      case Kind::kCreate:
        std::filesystem::remove(entry.path, ignored);
        return;
      case Kind::kRename:
        std::filesystem::rename(entry.to, entry.path, ignored);
        if (!entry.saved.empty()) std::filesystem::rename(entry.saved, entry.to, ignored);
        return;
      case Kind::kUnlink:
        std::filesystem::rename(entry.saved, entry.path, ignored);
        return;
    }
  }

  std::filesystem::path trash_;
  std::mt19937 random_;
  std::recursive_mutex mutex_;
  std::vector<Entry> log_;  // What is not on the disk yet, oldest first.
  uint64_t count_ = 0;
  uint64_t crash_at_ = 0;
  uint64_t saved_count_ = 0;
  bool crashed_ = false;
  bool crashed_now_ = false;
  bool disk_full_ = false;
  bool fail_sync_ = false;
};

}  // namespace rowan::store
