// What the tests of the Git store share: a folder that goes away, small transactions, stock git.
#pragma once

#include <doctest/doctest.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "git/commit.h"
#include "store/file_system.h"
#include "store/git_store.h"
#include "store/git_store_impl.h"
#include "unit/temp_folder.h"

namespace rowan::store {

inline GitStoreOptions quiet_options() {
  GitStoreOptions options;
  options.background = false;
  options.log = &null_log();
  options.journal_file_bytes = 64 << 10;
  options.journal_first_file_bytes = 16 << 10;
  return options;
}

inline std::unique_ptr<ObjectStore> open_or_fail(const std::filesystem::path& dir,
                                                 const GitStoreOptions& options,
                                                 FileSystem& files = real_file_system()) {
  auto store = open_git_store_on(dir, options, files);
  if (!store) FAIL(store.error().message());
  return std::move(*store);
}

// One transaction: a blob of `text`, a tree of it, a commit on `branch`.
struct Made {
  uint64_t sequence = 0;
  Oid commit;
  Oid blob;
};

inline Result<Made> commit_text(ObjectStore& store, const std::string& text,
                                const std::string& branch = "refs/heads/main",
                                const Oid& previous_blob = {}) {
  PendingObjects objects(store);
  Made made;
  made.blob = objects.add(ObjectType::kBlob, text, previous_blob);
  std::string tree = "100644 leaf.jsonl";
  tree.push_back('\0');
  tree += made.blob.raw();
  git::Commit commit;
  commit.tree = objects.add(ObjectType::kTree, tree);
  const Oid parent = store.ref(branch).value_or(Oid{});
  if (!parent.is_zero()) commit.parents.push_back(parent);
  commit.author = commit.committer = {"Ada", "ada@example.org", 1'700'000'000, 60};
  commit.message = "text of " + std::to_string(text.size()) + "\n";
  made.commit = objects.add(ObjectType::kCommit, git::encode_commit(commit));
  TRY_ASSIGN(made.sequence, store.append(objects, {{branch, parent, made.commit}}));
  return made;
}

inline Made must_commit(ObjectStore& store, const std::string& text,
                        const std::string& branch = "refs/heads/main") {
  auto made = commit_text(store, text, branch);
  if (!made) FAIL(made.error().message());
  auto durable = store.wait_durable(made->sequence);
  if (!durable) FAIL(durable.error().message());
  return *made;
}

inline std::string text_of(const ObjectStore& store, const Oid& id) {
  const auto object = store.read(id);
  if (!object) return "error: " + object.error().message();
  return std::string(object->bytes);
}

struct CommandResult {
  int status;
  std::string output;
};

inline CommandResult run(const std::string& command) {
  CommandResult result{-1, {}};
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return result;
  char buffer[4096];
  while (const size_t n = fread(buffer, 1, sizeof buffer, pipe)) result.output.append(buffer, n);
  result.status = pclose(pipe);
  while (!result.output.empty() && result.output.back() == '\n') result.output.pop_back();
  return result;
}

inline CommandResult git(const std::filesystem::path& dir, const std::string& arguments) {
  return run("git -c safe.directory='*' --git-dir='" + dir.string() + "' " + arguments);
}

inline void check_fsck(const std::filesystem::path& dir) {
  const auto fsck = git(dir, "fsck --full --strict --no-dangling --no-progress");
  INFO(fsck.output);
  CHECK(fsck.status == 0);
}

}  // namespace rowan::store
