#include "versions/table_past.h"

#include "diff/changes.h"

namespace rowan::versions {

void TablePast::know(const Oid& commit, const std::string& path) {
  if (!path.empty()) paths_.try_emplace(commit, path);
}

Result<std::map<Oid, std::string>> TablePast::changing(const std::vector<Oid>& commits) {
  std::map<Oid, std::string> found;
  for (auto commit = commits.rbegin(); commit != commits.rend(); ++commit) {
    TRY(context_.check_cancelled());
    TRY_ASSIGN(const auto path, changed_at(*commit));
    if (path) found.emplace(*commit, *path);
  }
  return found;
}

Result<std::optional<std::string>> TablePast::changed_at(const Oid& commit) {
  const derived::HistoryIndex& history = context_.manager.history();
  const auto known = paths_.find(commit);
  const auto info = history.find(commit);
  if (known == paths_.end() || !info) return std::optional<std::string>();
  const std::string path = known->second;
  // No row has this name, so only commits that change definitions may have changed it.
  const bool defines =
      history.may_have_changed(commit, derived::change_hash(path + "/table.sql", {}));
  const diff::Source source{context_.store, context_.store.cache()};
  for (size_t i = 0; i < info->parents.size(); ++i) {
    const Oid& parent = info->parents[i];
    if (paths_.contains(parent)) continue;
    if (i == 0 && !defines) {
      paths_.emplace(parent, path);
      continue;
    }
    TRY_ASSIGN(const Oid root, context_.repository.root_of(commit));
    TRY_ASSIGN(const Oid parent_root, context_.repository.root_of(parent));
    TRY_ASSIGN(const auto before, diff::path_before(source, parent_root, root, path));
    TRY_ASSIGN(const auto further,
               diff::path_further_back(source, parent_root, root, path, before));
    if (further) paths_.emplace(parent, *further);
  }
  const bool changes = history.may_have_changed(commit, derived::change_hash(path, {}));
  return changes ? std::optional(path) : std::nullopt;
}

}  // namespace rowan::versions
