#include "engine/conflicts.h"

#include <fmt/format.h>
#include <algorithm>

#include "base/hash.h"
#include "engine/history.h"
#include "engine/merge_run.h"
#include "engine/merge_tables.h"
#include "engine/virtual_rows.h"
#include "exec/row_writer.h"
#include "merge/record.h"
#include "sql/print.h"
#include "type/flat_json.h"
#include "type/json_text.h"
#include "type/text.h"

namespace rowan::engine {

namespace {

type::Value no_value() { return type::Value::null(kTextType); }

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

Error damaged_state(std::string_view branch, const versions::HintWords& words) {
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
  edits_.push_back({std::move(path), tree::kModeBlob,
                    objects_.add(store::ObjectType::kBlob, std::move(content))});
}

void NewAnswers::add(const merge::RowConflict& conflict, const merge::SideLine& line) {
  add(answer_path(conflict), line ? *line + "\n" : std::string(kDeletedRow));
}

void NewAnswers::add(const merge::SchemaConflict& conflict, merge::Side side) {
  add(answer_path(conflict), side == merge::Side::kTheirs ? "theirs\n"
                             : side == merge::Side::kBase ? "base\n"
                                                          : "ours\n");
}

Result<Oid> NewAnswers::write(store::NodeCache& cache, const Oid& tree) {
  if (edits_.empty()) return tree;
  return tree::edit_paths(objects_, cache, tree, std::move(edits_));
}

// ---- The pending merge ----

std::string merge_ref(std::string_view branch) { return "refs/rowan/merge/" + std::string(branch); }

Result<std::optional<PendingMerge>> find_pending_merge(store::ObjectStore& store,
                                                       std::string_view branch,
                                                       const versions::HintWords& words) {
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
                                       const versions::HintWords& words) {
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

Result<void> keep_pending_merge(SessionImpl& session, const PendingMerge& merge,
                                store::PendingObjects& objects) {
  TRY_ASSIGN(const Oid state, write_pending_merge(objects, session.owner().store().cache(), merge,
                                                  session.owner().author()));
  if (state == merge.state) return {};
  return session.owner().manager().update_refs(
      &objects, {{merge_ref(session.branch_name()), merge.state, state}},
      session.settings().synchronous_commit());
}

Result<Answers> remembered_answers(store::ObjectStore& store) {
  const std::optional<Oid> ref = store.ref(kResolutionsRef);
  if (!ref) return Answers();
  TRY_ASSIGN(const git::Commit commit, read_commit(store, *ref));
  return Answers(commit.tree);
}

Result<std::optional<store::RefUpdate>> remember_answers(store::ObjectStore& store,
                                                         store::PendingObjects& objects,
                                                         const Answers& answers,
                                                         const git::Signature& author) {
  if (answers.tree().is_zero()) return std::optional<store::RefUpdate>();
  const std::optional<Oid> before = store.ref(kResolutionsRef);
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
      {std::string(kResolutionsRef), before.value_or(Oid{}), commit});
}

// ---- Rows as text and values ----

Result<std::vector<type::Value>> row_values(const store::ObjectReader& objects,
                                            const catalog::TableDef& table,
                                            const merge::SideLine& line) {
  std::vector<type::Value> values;
  if (!line) {
    for (const catalog::ColumnDef& column : table.columns)
      values.push_back(type::Value::null(column.type));
    return values;
  }
  const exec::BlobReader large(objects);
  TRY_ASSIGN(const std::vector<type::Value> slots, type::decode_line(table.layout, *line, large));
  for (const catalog::ColumnDef& column : table.columns) values.push_back(slots[column.slot]);
  return values;
}

Result<std::string> row_json(const store::ObjectReader& objects, const catalog::TableDef& table,
                             const merge::RowConflict& conflict, merge::Side side) {
  if (!conflict.line(side)) return std::string();
  TRY_ASSIGN(const std::vector<type::Value> values,
             row_values(objects, table, conflict.shown(side)));
  std::string json = "{";
  for (uint16_t i = 0; i < values.size(); ++i) {
    if (!conflict.has(side, i)) continue;
    if (json.size() > 1) json += ", ";
    type::append_json_string(table.columns[i].name, json);
    json += ": ";
    const bool is_jsonb = values[i].type().id == type::TypeId::kJsonb && !values[i].is_null();
    if (is_jsonb) {
      json += values[i].as_string();
    } else {
      type::append_json(values[i], json);
    }
  }
  return json + "}";
}

namespace {

Result<std::vector<type::Value>> key_values(const catalog::TableDef& table,
                                            const merge::RowConflict& conflict) {
  std::vector<type::Value> values;
  const merge::SideLine& line = conflict.ours     ? conflict.ours
                                : conflict.theirs ? conflict.theirs
                                                  : conflict.base;
  if (!line) return values;
  std::vector<Bytes> elements;
  uint64_t count = 0;
  TRY(type::split_line(table.layout, *line, elements, count));
  for (const uint16_t column : table.primary_key) {
    const catalog::ColumnDef& def = table.columns[column];
    type::Value value = def.absent;
    if (def.slot < elements.size()) {
      TRY_ASSIGN(value, type::decode_element(def.type, elements[def.slot]));
    }
    values.push_back(std::move(value));
  }
  return values;
}

}  // namespace

Result<std::string> key_text(const catalog::TableDef& table, const merge::RowConflict& conflict) {
  TRY_ASSIGN(const std::vector<type::Value> values, key_values(table, conflict));
  std::string text;
  for (const type::Value& value : values)
    text += (text.empty() ? "" : ", ") + (value.is_null() ? "null" : type::to_text(value));
  return values.size() > 1 ? "(" + text + ")" : text;
}

namespace {

// Schema and name of what a conflict is about; a file beside the data has its path for a name.
std::pair<std::string, std::string> parts_of(const merge::SchemaConflict& conflict) {
  if (conflict.kind == "file") return {std::string(), conflict.object};
  const size_t dot = conflict.object.find('.');
  return {conflict.object.substr(0, dot),
          dot == std::string::npos ? std::string() : conflict.object.substr(dot + 1)};
}

}  // namespace

Result<TableRows> conflict_rows(const store::ObjectReader& objects, const catalog::Catalog& merged,
                                const merge::Outcome& outcome,
                                const std::optional<std::pair<std::string, std::string>>& table) {
  TableRows rows;
  for (const char* name : {"Database", "Table", "Key", "HEAD", "SOURCE"})
    rows.columns.push_back({name, {type::TypeId::kText}});
  RowCollector collector(rows.columns);
  for (const merge::SchemaConflict& conflict : outcome.schema_conflicts) {
    const auto [schema, object] = parts_of(conflict);
    const bool wanted =
        !table || (table->first == schema &&
                   (object == table->second || object.starts_with(table->second + ".")));
    if (wanted)
      collector.add({text_value(schema), text_value(object), text_value(conflict.kind),
                     text_value(conflict.ours), text_value(conflict.theirs)});
  }
  for (const merge::RowConflict& conflict : outcome.conflicts) {
    if (table && (table->first != conflict.schema || table->second != conflict.table)) continue;
    TRY_ASSIGN(const catalog::TableVersion version,
               merged.get_table(conflict.schema, conflict.table));
    TRY_ASSIGN(std::string key, key_text(*version.table, conflict));
    TRY_ASSIGN(std::string ours, row_json(objects, *version.table, conflict, merge::Side::kOurs));
    TRY_ASSIGN(std::string theirs, row_json(objects, *version.table, conflict, merge::Side::kTheirs));
    collector.add({text_value(conflict.schema), text_value(conflict.table),
                   text_value(std::move(key)), text_value(std::move(ours)),
                   text_value(std::move(theirs))});
  }
  rows.batches = collector.finish();
  return rows;
}

// ---- The tables in schema rowan ----

namespace {

using plan::OutputColumn;

// A dotted name as it is written.
std::string written_path(std::string_view dotted) {
  std::string path;
  for (size_t at = 0; at <= dotted.size();) {
    const size_t dot = std::min(dotted.find('.', at), dotted.size());
    path += (at > 0 ? "." : "") + sql::quote_ident(dotted.substr(at, dot - at));
    at = dot + 1;
  }
  return path;
}

constexpr merge::Side kSides[] = {merge::Side::kBase, merge::Side::kOurs, merge::Side::kTheirs};

// The sides that may answer the conflict: "HEAD | SOURCE | BASE".
template <typename Conflict>
std::string sides_of(const Conflict& conflict) {
  std::string sides;
  for (const auto& [side, word] : {std::pair(merge::Side::kOurs, "HEAD"),
                                   std::pair(merge::Side::kTheirs, "SOURCE"),
                                   std::pair(merge::Side::kBase, "BASE")}) {
    if (conflict.takes(side)) sides += (sides.empty() ? "" : " | ") + std::string(word);
  }
  return sides;
}

// The statement that settles a conflict.
std::string way_out(const merge::SchemaConflict& conflict) {
  const std::string sides = sides_of(conflict);
  if (sides.empty()) return "change the rows or the definition on this branch";
  // A file's path is one name, whatever dots are in it.
  const std::string object =
      conflict.kind == "file" ? sql::quote_ident(conflict.object) : written_path(conflict.object);
  return fmt::format("RESOLVE CONFLICT {} USING {}", object, sides);
}

std::string way_out(const catalog::TableDef& table, const merge::RowConflict& conflict) {
  std::string key;
  const auto values = key_values(table, conflict);
  for (size_t i = 0; values && i < values->size(); ++i)
    key += (i > 0 ? ", " : "") + sql::quote_literal(type::to_text((*values)[i]));
  return fmt::format("RESOLVE CONFLICT IN {} KEY {} USING {} | '{{…}}'",
                     catalog::qualified(table.schema, table.name),
                     table.primary_key.size() > 1 ? "(" + key + ")" : key, sides_of(conflict));
}

// rowan.conflicts: everything that is open, as text.
class AllConflicts final : public plan::VirtualTable {
 public:
  explicit AllConflicts(SessionImpl& session) : session_(session) {
    for (const char* name :
         {"schema", "table", "key", "kind", "columns", "base", "ours", "theirs", "way_out"})
      columns_.push_back({name, {type::TypeId::kText}});
  }
  const std::vector<OutputColumn>& columns() const override { return columns_; }
  Result<std::vector<type::Batch>> rows(const std::vector<type::Value>&,
                                        const expr::EvalContext&) const override {
    RowCollector rows(columns_);
    TRY_ASSIGN(const auto pending,
               find_pending_merge(session_.owner().store(), session_.branch_name(),
                                  session_.owner().hints()));
    if (!pending) return rows.finish();
    TRY_ASSIGN(const txn::Snapshot tip,
               session_.owner().manager().tip_snapshot(session_.branch_name()));
    TRY_ASSIGN(const MergeRun run, rerun_pending(session_, *pending, tip));
    const catalog::Catalog merged(*run.made, session_.owner().store().cache(), run.root);
    for (const merge::SchemaConflict& conflict : run.outcome.schema_conflicts) {
      auto [schema, object] = parts_of(conflict);
      rows.add({text_value(std::move(schema)), text_value(std::move(object)), no_value(),
                text_value(conflict.kind), no_value(), text_value(conflict.base),
                text_value(conflict.ours), text_value(conflict.theirs),
                text_value(way_out(conflict))});
    }
    for (const merge::RowConflict& conflict : run.outcome.conflicts) {
      TRY_ASSIGN(const catalog::TableVersion version,
                 merged.get_table(conflict.schema, conflict.table));
      TRY_ASSIGN(std::string key, key_text(*version.table, conflict));
      std::string names;
      for (const uint16_t column : conflict.columns)
        names += (names.empty() ? "" : ", ") + version.table->columns[column].name;
      std::vector<type::Value> row{text_value(conflict.schema), text_value(conflict.table),
                                   text_value(std::move(key)), text_value(std::string(merge::conflict_kind(conflict))),
                                   text_value(names)};
      for (const merge::Side side : kSides) {
        TRY_ASSIGN(std::string json, row_json(*run.made, *version.table, conflict, side));
        row.push_back(conflict.line(side) ? text_value(std::move(json)) : no_value());
      }
      row.push_back(text_value(way_out(*version.table, conflict)));
      rows.add(row);
    }
    return rows.finish();
  }

 private:
  SessionImpl& session_;
  std::vector<OutputColumn> columns_;
};

// rowan.violations: what stopped the session's last merge.
class Violations final : public plan::VirtualTable {
 public:
  explicit Violations(SessionImpl& session) : session_(session) {
    for (const char* name : {"schema", "table", "constraint_name", "key", "sqlstate", "message"})
      columns_.push_back({name, {type::TypeId::kText}});
  }
  const std::vector<OutputColumn>& columns() const override { return columns_; }
  Result<std::vector<type::Batch>> rows(const std::vector<type::Value>&,
                                        const expr::EvalContext&) const override {
    RowCollector rows(columns_);
    for (const exec::Violation& violation : session_.violations()) {
      rows.add({text_value(violation.schema), text_value(violation.table),
                violation.constraint.empty() ? no_value() : text_value(violation.constraint),
                violation.key.empty() ? no_value() : text_value(violation.key),
                text_value(std::string(sqlstate(violation.code))), text_value(violation.message)});
    }
    return rows.finish();
  }

 private:
  SessionImpl& session_;
  std::vector<OutputColumn> columns_;
};

// rowan.conflicts_<table>: its key, then base_*, our_* and their_* columns of its own types.
class TableConflicts final : public plan::VirtualTable {
 public:
  TableConflicts(SessionImpl& session, std::shared_ptr<const catalog::TableDef> table)
      : session_(session), table_(std::move(table)) {
    for (const uint16_t column : table_->primary_key)
      columns_.push_back({table_->columns[column].name, table_->columns[column].type});
    for (const char* side : {"base_", "our_", "their_"}) {
      for (const catalog::ColumnDef& column : table_->columns)
        columns_.push_back({side + column.name, column.type});
    }
    columns_.push_back({"conflict_kind", {type::TypeId::kText}});
    columns_.push_back({"conflict_columns", {type::TypeId::kText}});
    columns_.push_back(
        {"conflict_key", {type::TypeId::kText}});  // Encoded: names the row in answers.
  }
  const std::vector<OutputColumn>& columns() const override { return columns_; }
  Result<std::vector<type::Batch>> rows(const std::vector<type::Value>&,
                                        const expr::EvalContext&) const override {
    RowCollector rows(columns_);
    TRY_ASSIGN(const auto pending,
               find_pending_merge(session_.owner().store(), session_.branch_name(),
                                  session_.owner().hints()));
    if (!pending) return rows.finish();
    TRY_ASSIGN(const txn::Snapshot tip,
               session_.owner().manager().tip_snapshot(session_.branch_name()));
    TRY_ASSIGN(const MergeRun run, rerun_pending(session_, *pending, tip));
    for (const merge::RowConflict& conflict : run.outcome.conflicts) {
      if (conflict.schema != table_->schema || conflict.table != table_->name) continue;
      std::vector<type::Value> row;
      const merge::SideLine& any = conflict.ours ? conflict.ours : conflict.theirs;
      TRY_ASSIGN(const std::vector<type::Value> keyed, row_values(*run.made, *table_, any));
      for (const uint16_t column : table_->primary_key) row.push_back(keyed[column]);
      for (const merge::Side side : kSides) {
        TRY_ASSIGN(const std::vector<type::Value> values,
                   row_values(*run.made, *table_, conflict.shown(side)));
        for (uint16_t i = 0; i < values.size(); ++i) {
          row.push_back(conflict.has(side, i) ? values[i]
                                              : type::Value::null(table_->columns[i].type));
        }
      }
      std::string names;
      for (const uint16_t column : conflict.columns)
        names += (names.empty() ? "" : ", ") + table_->columns[column].name;
      row.push_back(text_value(std::string(merge::conflict_kind(conflict))));
      row.push_back(text_value(names));
      row.push_back(text_value(conflict.key));
      rows.add(row);
    }
    return rows.finish();
  }

 private:
  SessionImpl& session_;
  std::shared_ptr<const catalog::TableDef> table_;
  std::vector<OutputColumn> columns_;
};

}  // namespace

Result<std::shared_ptr<const plan::VirtualTable>> find_conflict_table(SessionImpl& session,
                                                                      std::string_view name) {
  using Found = std::shared_ptr<const plan::VirtualTable>;
  if (name == "violations") return Found(std::make_shared<Violations>(session));
  if (name == "conflicts") return Found(std::make_shared<AllConflicts>(session));
  if (name == "merges") return pending_merges_table(session);
  constexpr std::string_view kPrefix = "conflicts_";
  if (!name.starts_with(kPrefix)) return Found();
  name.remove_prefix(kPrefix.size());
  std::string schema;
  if (const size_t dot = name.find('.'); dot != std::string_view::npos) {
    schema = name.substr(0, dot);
    name.remove_prefix(dot + 1);
  } else {
    schema = session.schema_of(name);
  }
  store::ObjectStore& store = session.owner().store();
  TRY_ASSIGN(const txn::Snapshot tip,
             session.owner().manager().tip_snapshot(session.branch_name()));
  TRY_ASSIGN(const auto pending,
             find_pending_merge(store, session.branch_name(), session.owner().hints()));
  std::optional<catalog::TableVersion> version;
  if (pending) {
    // The merged table may have columns that ours does not.
    TRY_ASSIGN(const MergeRun run, rerun_pending(session, *pending, tip));
    TRY_ASSIGN(version,
               catalog::Catalog(*run.made, store.cache(), run.root).find_table(schema, name));
  } else {
    TRY_ASSIGN(version, catalog::Catalog(store, store.cache(), tip.root).find_table(schema, name));
  }
  return version ? Found(std::make_shared<TableConflicts>(session, version->table)) : Found();
}

}  // namespace rowan::engine
