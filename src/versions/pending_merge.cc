#include "versions/pending_merge.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "git/ref_names.h"
#include "type/flat_json.h"
#include "versions/revisions.h"

namespace rowan::versions {

namespace {

constexpr std::string_view kStateFile = "merge.json";
constexpr std::string_view kAnswersFolder = "answers";
constexpr std::string_view kDeletedRow = "deleted\n";

void append_part(std::string& out, std::string_view part) {
  out += std::to_string(part.size());
  out += ':';
  out += part;
}

std::string hashed_path(const std::string& about) {
  const auto hash = sha256_128(about);
  const std::string hex = to_hex({reinterpret_cast<const char*>(hash.data()), hash.size()});
  return hex.substr(0, 2) + "/" + hex.substr(2, 2) + "/" + hex.substr(4);
}

// What a conflict is about: the same rows of the same table come to the same path, whoever merges
// them when.
std::string answer_path(const merge::RowConflict& conflict) {
  std::string about = "row";
  append_part(about, conflict.schema);
  append_part(about, conflict.table);
  append_part(about, conflict.key);
  for (const auto* line : {&conflict.base, &conflict.ours, &conflict.theirs}) {
    about += *line ? 'l' : '-';
    append_part(about, *line ? **line : std::string_view());
  }
  return hashed_path(about);
}

std::string answer_path(const merge::SchemaConflict& conflict) {
  std::string about = "schema";
  for (const std::string* part :
       {&conflict.object, &conflict.kind, &conflict.base, &conflict.ours, &conflict.theirs})
    append_part(about, *part);
  return hashed_path(about);
}

Result<Oid> subtree(const store::ObjectReader& objects, store::NodeCache& cache, const Oid& root,
                    std::string_view name) {
  TRY_ASSIGN(const auto entry, tree::find_path(objects, cache, root, name));
  return entry && entry->is_tree() ? entry->id : Oid{};
}

Oid add_commit(store::PendingObjects& objects, const Oid& tree, std::vector<Oid> parents,
               const git::Signature& author, std::string_view message,
               const git::Signature& begun_by = {}) {
  git::Commit commit;
  commit.tree = tree;
  commit.parents = std::move(parents);
  commit.committer = author;
  commit.committer.seconds = system_clock().now_us() / 1'000'000;
  commit.author = begun_by.name.empty() ? commit.committer : begun_by;
  commit.message = git::message_with_trailers(message, {}, {});
  return objects.add(store::ObjectType::kCommit, git::encode_commit(commit));
}

Error damaged_state(std::string_view branch, const HintWords& words) {
  return Error(
             ErrorCode::kCorruption,
             fmt::format("the state of the pending merge of branch \"{}\" cannot be read", branch))
      .with_hint(fmt::format("{} gives the merge up.", words.abort_merge));
}

}  // namespace

// ---- Answers ----

Result<std::optional<std::string>> Answers::find(const store::ObjectReader& objects,
                                                 store::NodeCache& cache,
                                                 const std::string& path) const {
  if (tree_.is_zero()) return std::optional<std::string>();
  TRY_ASSIGN(const auto entry, tree::find_path(objects, cache, tree_, path));
  if (!entry || entry->is_tree()) return std::optional<std::string>();
  TRY_ASSIGN(const store::ObjectRef object, objects.read(entry->id));
  return std::optional<std::string>(object.bytes);
}

Result<std::optional<merge::Resolution>> Answers::row(const store::ObjectReader& objects,
                                                      store::NodeCache& cache,
                                                      const merge::RowConflict& conflict) const {
  using Found = std::optional<merge::Resolution>;
  TRY_ASSIGN(std::optional<std::string> content, find(objects, cache, answer_path(conflict)));
  if (!content) return Found();
  if (*content == kDeletedRow) return Found(merge::Resolution{});
  if (!content->empty() && content->back() == '\n') content->pop_back();
  return Found(merge::Resolution{std::move(*content)});
}

Result<std::optional<merge::Side>> Answers::schema(const store::ObjectReader& objects,
                                                   store::NodeCache& cache,
                                                   const merge::SchemaConflict& conflict) const {
  using Found = std::optional<merge::Side>;
  TRY_ASSIGN(const std::optional<std::string> content, find(objects, cache, answer_path(conflict)));
  if (!content) return Found();
  if (*content == "theirs\n") return Found(merge::Side::kTheirs);
  return Found(*content == "base\n" ? merge::Side::kBase : merge::Side::kOurs);
}

void NewAnswers::add(std::string path, std::string content) {
  tree::PathEdit edit{path, tree::kModeBlob,
                      objects_.add(store::ObjectType::kBlob, std::move(content))};
  edits_[std::move(path)] = std::move(edit);
}

void NewAnswers::add(const merge::RowConflict& conflict, const merge::SideLine& line) {
  add(answer_path(conflict), line ? *line + "\n" : std::string(kDeletedRow));
}

void NewAnswers::add(const merge::SchemaConflict& conflict, merge::Side side) {
  add(answer_path(conflict), side == merge::Side::kTheirs ? "theirs\n"
                             : side == merge::Side::kBase ? "base\n"
                                                          : "ours\n");
}

bool NewAnswers::has(const merge::SchemaConflict& conflict) const {
  return edits_.contains(answer_path(conflict));
}

Result<Oid> NewAnswers::write(store::NodeCache& cache, const Oid& tree) {
  if (edits_.empty()) return tree;
  std::vector<tree::PathEdit> edits;
  for (const auto& [path, edit] : edits_) edits.push_back(edit);
  return tree::edit_paths(objects_, cache, tree, std::move(edits));
}

// ---- The pending merge ----

std::string merge_ref(std::string_view branch) {
  return std::string(git::kMergeRefs) + std::string(branch);
}

Result<std::optional<PendingMerge>> find_pending_merge(store::ObjectStore& store,
                                                       std::string_view branch,
                                                       const HintWords& words) {
  const std::optional<Oid> state = store.ref(merge_ref(branch));
  if (!state) return std::optional<PendingMerge>();
  TRY_ASSIGN(const git::Commit commit, read_commit(store, *state));
  if (commit.parents.size() != 2) return damaged_state(branch, words);
  PendingMerge merge;
  merge.state = *state;
  merge.began_at = commit.parents[0];
  merge.theirs = commit.parents[1];
  merge.begun_by = commit.author;
  TRY_ASSIGN(const auto file, tree::find_path(store, store.cache(), commit.tree, kStateFile));
  if (!file || file->is_tree()) return damaged_state(branch, words);
  TRY_ASSIGN(const store::ObjectRef object, store.read(file->id));
  const auto json = type::FlatJson::parse(object.bytes);
  if (!json) return damaged_state(branch, words);
  const auto text_at = [&](const char* name) {
    const auto* const found = json->get<std::string>(name);
    return found != nullptr ? *found : std::string();
  };
  const auto flag_at = [&](const char* name) {
    const auto* const found = json->get<bool>(name);
    return found != nullptr && *found;
  };
  merge.source = text_at("source");
  merge.message = text_at("message");
  merge.renumber = flag_at("renumber");
  merge.allow_unrelated = flag_at("unrelated");
  TRY_ASSIGN(const Oid answers, subtree(store, store.cache(), commit.tree, kAnswersFolder));
  merge.answers = Answers(answers);
  return std::optional<PendingMerge>(std::move(merge));
}

Result<PendingMerge> get_pending_merge(store::ObjectStore& store, std::string_view branch,
                                       const HintWords& words) {
  TRY_ASSIGN(std::optional<PendingMerge> merge, find_pending_merge(store, branch, words));
  if (merge) return std::move(*merge);
  return Error(ErrorCode::kObjectNotInState,
               fmt::format("no merge is pending on branch \"{}\"", branch))
      .with_hint(fmt::format("{} begins one when there are conflicts.", words.begin_merge));
}

Result<Oid> write_pending_merge(store::PendingObjects& objects, store::NodeCache& cache,
                                const PendingMerge& merge, const git::Signature& author) {
  type::FlatJsonWriter json("  ");
  json.add("source", merge.source);
  json.add("theirs", merge.theirs.hex());
  json.add("policy", std::string_view("manual"));
  json.add("renumber", merge.renumber);
  json.add("unrelated", merge.allow_unrelated);
  json.add("message", merge.message);
  const std::string text = std::move(json).text();
  std::vector<tree::PathEdit> edits{
      {std::string(kStateFile), tree::kModeBlob, objects.add(store::ObjectType::kBlob, text)}};
  if (!merge.answers.tree().is_zero())
    edits.push_back({std::string(kAnswersFolder), tree::kModeTree, merge.answers.tree()});
  TRY_ASSIGN(const Oid tree, tree::edit_paths(objects, cache, Oid{}, std::move(edits)));
  return add_commit(objects, tree, {merge.began_at, merge.theirs}, author,
                    fmt::format("Pending merge of {}", merge.source), merge.begun_by);
}

Result<void> keep_pending_merge(Context& context, const PendingMerge& merge,
                                store::PendingObjects& objects) {
  TRY_ASSIGN(const Oid state,
             write_pending_merge(objects, context.store.cache(), merge, context.author));
  if (state == merge.state) return {};
  return context.manager.update_refs(
      &objects, {{merge_ref(context.head.branch), merge.state, state}}, context.sync);
}

Result<Answers> remembered_answers(store::ObjectStore& store) {
  const std::optional<Oid> ref = store.ref(git::kResolutionsRef);
  if (!ref) return Answers();
  TRY_ASSIGN(const git::Commit commit, read_commit(store, *ref));
  return Answers(commit.tree);
}

Result<std::optional<store::RefUpdate>> remember_answers(store::ObjectStore& store,
                                                         store::PendingObjects& objects,
                                                         const Answers& answers,
                                                         const git::Signature& author) {
  if (answers.tree().is_zero()) return std::optional<store::RefUpdate>();
  const std::optional<Oid> before = store.ref(git::kResolutionsRef);
  Oid tree;
  if (before) {
    TRY_ASSIGN(const git::Commit commit, read_commit(store, *before));
    tree = commit.tree;
  }
  std::vector<tree::PathEdit> edits;
  TRY_ASSIGN(const auto top, tree::GitTree::read(objects, store.cache(), answers.tree()));
  for (const tree::TreeEntry& first : top->entries()) {
    TRY_ASSIGN(const auto middle, tree::GitTree::read(objects, store.cache(), first.id));
    for (const tree::TreeEntry& second : middle->entries()) {
      TRY_ASSIGN(const auto leaf, tree::GitTree::read(objects, store.cache(), second.id));
      for (const tree::TreeEntry& file : leaf->entries()) {
        edits.push_back({fmt::format("{}/{}/{}", first.name, second.name, file.name),
                         tree::kModeBlob, file.id});
      }
    }
  }
  TRY_ASSIGN(const Oid merged, tree::edit_paths(objects, store.cache(), tree, std::move(edits)));
  if (merged == tree) return std::optional<store::RefUpdate>();
  const Oid commit =
      add_commit(objects, merged, before ? std::vector<Oid>{*before} : std::vector<Oid>{}, author,
                 "Remember resolutions");
  return std::optional<store::RefUpdate>(
      {std::string(git::kResolutionsRef), before.value_or(Oid{}), commit});
}

}  // namespace rowan::versions
