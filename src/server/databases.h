// Databases: the repositories that a server serves, by the names that connections ask for. Either
// one repository, or every repository directly below a folder.
//
//   name          the repository DIR/name or DIR/name.git; the only one by its folder's name
//   name/branch   its branch: a name that is one wins
//   name@rev      any revision, to read from
//   postgres      the only repository; below a folder, unless there is one of that name, an empty
//                 database in memory that can only be read: a place to say CREATE DATABASE from.
//                 template1 is the same
//
// Threads: any. Opening, making and dropping read and write files: not for threads that must not
//          wait.
// Errors:  3D000 no such database, 42P04, 42602, 55006, and what opening a repository fails with.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rowan/rowan.h"

namespace rowan::server {

class Databases {
 private:
  struct Entry;

 public:
  // A repository that somebody uses: it stays open and cannot be dropped.
  class Use {
   public:
    Use() = default;
    Use(Databases& owner, std::shared_ptr<Entry> entry, std::string revision)
        : owner_(&owner), entry_(std::move(entry)), revision_(std::move(revision)) {}
    Use(Use&& other) noexcept = default;
    Use& operator=(Use&& other) noexcept;
    ~Use() { end(); }

    Database& database() const;
    const std::string& name() const;
    const std::string& revision() const { return revision_; }  // Empty: Git's HEAD.
    bool keeps_nothing() const;  // It is in memory, and can only be read.

   private:
    void end();

    Databases* owner_ = nullptr;
    std::shared_ptr<Entry> entry_;
    std::string revision_;
  };

  // `folder`: a repository, which is opened, or a folder to hold some.
  static Outcome<std::unique_ptr<Databases>> open(const std::filesystem::path& folder);
  ~Databases();

  bool serves_folder() const { return serves_folder_; }
  const std::filesystem::path& folder() const { return folder_; }
  // The only repository's name, or "postgres".
  std::string first_name() const;

  Outcome<Use> find(std::string_view name);
  // Makes an empty repository. False: there is one, and `if_not_exists`.
  Outcome<bool> create(std::string_view name, bool if_not_exists);
  // Removes a repository that nobody uses. False: there is none, and `if_exists`.
  Outcome<bool> drop(std::string_view name, bool if_exists);
  // Closes what nobody has used for that long.
  void close_idle(std::chrono::steady_clock::duration idle);
  // Ends all use: repositories are published and closed. Requires: no Use is left. Gives the first
  // reason why one could not be published; its journal keeps what was committed.
  std::optional<Failure> close();

 private:
  struct Entry {
    std::string name;
    std::filesystem::path path;  // Empty: in memory.
    std::mutex opening;          // Guards the making of `database`.
    std::unique_ptr<Database> database;
    size_t users = 0;  // Guarded by mutex_, as is the next.
    std::chrono::steady_clock::time_point last_used;
  };

  Databases(std::filesystem::path folder, bool serves_folder)
      : folder_(std::move(folder)), serves_folder_(serves_folder) {}
  // The folder of that name's repository; empty: none.
  std::filesystem::path path_of(std::string_view name) const;
  Outcome<Use> open_entry(const std::string& name, const std::filesystem::path& path,
                          std::string revision);
  void end_use(Entry& entry);
  Failure unknown(std::string_view name) const;

  std::filesystem::path folder_;
  bool serves_folder_;
  std::string only_name_;  // Of the only repository.
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Entry>> entries_;  // By path; those in memory by name.
};

}  // namespace rowan::server
