#include "store/layout.h"

#include <unistd.h>

#include "git/commit.h"
#include "git/ref_names.h"
#include "git/trust.h"
#include "store/pack_set.h"
#include "store/ref_files.h"

namespace rowan::store {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kContentFile = "rowan.json";

Error no_folder(const fs::path& path) {
  return Error(ErrorCode::kCorruption,
               "\"" + path.string() + "\" is not a folder of its own (perhaps a symbolic link)")
      .with_hint("Links inside a repository are not followed. Put the folder itself there.");
}

// Entries of a tree object: "<mode> <name>\0<20 bytes>".
bool has_tree_entry(Bytes tree, std::string_view name) {
  while (!tree.empty()) {
    const size_t space = tree.find(' ');
    const size_t end = tree.find('\0');
    if (space >= end || end == Bytes::npos || tree.size() - end <= Oid::kBytes) return false;
    if (tree.substr(space + 1, end - space - 1) == name) return true;
    tree.remove_prefix(end + 1 + Oid::kBytes);
  }
  return false;
}

// False for whatever is no commit with a tree that can be read.
bool is_content(const PackSet& packs, const Oid& id) {
  const auto object = packs.find(id, true);
  if (!object || !*object || (*object)->type != ObjectType::kCommit) return false;
  const auto commit = git::parse_commit((*object)->bytes);
  if (!commit) return false;
  const auto tree = packs.find(commit->tree, true);
  return tree && *tree && (*tree)->type == ObjectType::kTree &&
         has_tree_entry((*tree)->bytes, kContentFile);
}

// Our own folder is made whole, so what is missing in it was taken away.
Result<void> check_own_folder(const fs::path& dir) {
  const fs::path own = dir / "rowan";
  if (!is_folder(own)) return no_folder(own);
  if (::access(own.c_str(), X_OK) != 0) return {};  // Somebody else's to look into.
  const bool has_journal = has_entry(own / "journal");
  const bool has_state = has_entry(own / "state");
  if (!has_journal && !has_state && !has_entry(own / "refs")) return not_a_repository(dir);
  if (has_journal && !is_folder(own / "journal")) return no_folder(own / "journal");
  if (!has_journal)
    return lost_journal(dir, "the journal \"" + (own / "journal").string() + "\" is missing");
  if (!has_state) {
    return lost_journal(dir, "\"" + (own / "state").string() +
                                 "\", which says where the journal begins, is missing");
  }
  return {};
}

}  // namespace

Error not_a_repository(const fs::path& dir) {
  return Error(ErrorCode::kNotARepository, "\"" + dir.string() + "\" is not a Rowan repository")
      .with_hint("rowan init makes one.");
}

Error lost_journal(const fs::path& dir, const std::string& what) {
  return Error(ErrorCode::kCorruption, what)
      .with_hint("It may hold commits that were acknowledged and are nowhere else. Put it back as "
                 "it was; or give up what was not published: rowan adopt \"" +
                 dir.string() + "\" --discard-journal.");
}

Result<std::vector<git::ConfigEntry>> check_layout(const fs::path& dir, FileSystem& files,
                                                   Trust trust) {
  for (const char* part : {"objects", "refs", "config"}) {
    if (!has_entry(dir / part)) return not_a_repository(dir);
  }
  // A HEAD that is gone can be set back, where we know what it was.
  if (!has_entry(dir / "HEAD") && !has_entry(dir / "rowan")) return not_a_repository(dir);
  if (trust == Trust::kCheck) TRY(git::check_trusted(dir));
  for (const char* part : {"objects", "refs"}) {
    if (!is_folder(dir / part)) return no_folder(dir / part);
  }
  for (const char* part : {"objects/pack", "objects/info", "refs/heads"}) {
    if (has_entry(dir / part) && !is_folder(dir / part)) return no_folder(dir / part);
  }
  if (has_entry(dir / "HEAD")) TRY(files.open(dir / "HEAD", OpenMode::kRead));
  TRY_ASSIGN(std::vector<git::ConfigEntry> config, git::read_config(dir));
  TRY(git::check_format(config));
  if (has_entry(dir / "rowan")) {
    if (trust == Trust::kCheck) TRY(check_own_folder(dir));
    return config;
  }
  if (git::is_partial_clone(config)) return config;  // It may not hold the trees.
  TRY_ASSIGN(const bool is_ours, has_content(dir));
  if (!is_ours) return not_a_repository(dir);
  return config;
}

Result<bool> has_content(const fs::path& dir) {
  RefFiles refs(real_file_system(), dir, {});
  TRY_ASSIGN(const RefMap all, refs.read_all());
  TRY_ASSIGN(const auto packs, PackSet::open(dir / "objects"));
  for (auto at = all.lower_bound(git::kBranchRefs);
       at != all.end() && at->first.starts_with(git::kBranchRefs); ++at) {
    if (is_content(*packs, at->second)) return true;
  }
  return false;
}

std::vector<git::ConfigChange> own_settings() {
  return {{"core", "", "bare", "true"},
          {"core", "", "logAllRefUpdates", "true"},
          {"gc", "", "auto", "0"},
          {"receive", "", "autogc", "false"},
          // What is kept aside must not break stock git's own upkeep.
          {"receive", "", "fsckObjects", "true"},
          {"transfer", "", "hideRefs", "refs/rowan"}};
}

}  // namespace rowan::store
