#include "engine/import/content.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "catalog/bounds.h"
#include "catalog/catalog.h"
#include "catalog/format_file.h"
#include "catalog/names.h"
#include "catalog/objects.h"
#include "catalog/paths.h"
#include "catalog/table.h"
#include "engine/import/fault.h"
#include "engine/import/foreign_work.h"
#include "engine/import/rows_reader.h"
#include "tree/git_tree.h"
#include "tree/leaf.h"
#include "type/key_codec.h"

namespace rowan::engine {

namespace {

constexpr size_t kFaultsMax = 1000;  // Of a commit of history: past them nothing of it is read.

// A whole commit's tree.
class ContentReader {
 public:
  ContentReader(store::PendingObjects& made, store::ObjectStore& store, const Oid& known_root,
                const Oid& root, Place* at)
      : made_(made), store_(store), root_(root), at_(at), invalid_(at), after_(store, store.cache(), root) {
    if (!known_root.is_zero()) before_.emplace(store, store.cache(), known_root);
  }

  Result<Oid> run() {
    TRY(catalog::check_format(store_, store_.cache(), root_));
    TRY_ASSIGN(const auto top, tree::GitTree::read(store_, store_.cache(), root_));
    TRY(catalog::check_bounds(store_, store_.cache(), root_));
    for (const tree::TreeEntry& entry : top->entries()) {
      const std::string path(entry.name);
      const catalog::PathKind kind = catalog::classify_path(path, entry.is_tree());
      if (kind == catalog::PathKind::kPassive) continue;
      if (entry.is_tree()) {
        TRY(read_schema(path, entry));
      } else if (kind == catalog::PathKind::kFormat) {
        TRY(check_plain(invalid_, path, entry));
      } else {
        return invalid_(path, "no such file belongs here; people's own have names that no schema "
                              "can have, with a capital letter or a dot");
      }
    }
    TRY(check_passive_files());
    TRY(check_references());
    return canonical_root();
  }

  Result<ReadableContent> run_leniently() {
    ReadableContent content{root_, std::nullopt, {}, std::nullopt};
    as_they_stand_ = &content.broken_rule;
    const auto format = catalog::check_format(store_, store_.cache(), root_);
    const bool is_ours = format || format.error().code() != ErrorCode::kUnsupportedFormat;
    if (!format && is_ours && is_fault(format.error())) content.fault = format.error();
    if (!format) return content.fault ? Result<ReadableContent>(content) : format.error();
    TRY_ASSIGN(const auto top, tree::GitTree::read(store_, store_.cache(), root_));
    for (const tree::TreeEntry& entry : top->entries()) {
      const std::string path(entry.name);
      if (catalog::classify_path(path, entry.is_tree()) != catalog::PathKind::kSchema) continue;
      const auto read = read_schema_leniently(path, entry, content);
      if (!read && (!is_fault(read.error()) || faults_ > kFaultsMax)) return read.error();
      if (!read && !content.fault) content.fault = read.error();
    }
    if (content.fault) {
      TRY_ASSIGN(content.root, edited_root());
    } else {
      TRY_ASSIGN(content.root, canonical_root());
    }
    return content;
  }

 private:
  Result<Oid> edited_root() {
    if (edits_.empty()) return root_;
    return tree::edit_paths(made_, store_.cache(), root_, std::move(edits_));
  }

  // And rowan.json names what the definitions need.
  Result<Oid> canonical_root() {
    TRY_ASSIGN(const Oid edited, edited_root());
    return catalog::with_features(made_, store_.cache(), before_ ? before_->root() : Oid{}, edited);
  }

  // What is the content's own fault, and not the machine's.
  static bool is_fault(const Error& error) {
    return error.code() != ErrorCode::kIoError && error.code() != ErrorCode::kOutOfMemory &&
           error.code() != ErrorCode::kInternal;
  }

  Result<void> read_schema_leniently(const std::string& path, const tree::TreeEntry& folder,
                                     ReadableContent& content) {
    TRY_ASSIGN(const bool known, is_known(path, folder.id));
    if (known) return {};
    TRY_ASSIGN(const std::string schema, decoded_name(path, folder.name));
    TRY_ASSIGN(const auto tree, tree::GitTree::read(store_, store_.cache(), folder.id));
    for (const tree::TreeEntry& entry : tree->entries()) {
      const std::string below = path + "/" + std::string(entry.name);
      if (!entry.is_tree()) continue;
      const auto read = read_object(schema, below, entry);
      if (read) continue;
      if (!is_fault(read.error())) return read.error();
      if (++faults_ > kFaultsMax)
        return Error(ErrorCode::kProgramLimit, below + ": more cannot be read than is worth a look");
      if (!content.fault) {
        content.fault = read.error();
        if (at_ != nullptr) content.fault_at = *at_;
      }
      if (read.error().code() != ErrorCode::kAbsentObject)
        TRY(make_unreadable(below, entry.id, read.error()));
    }
    return {};
  }

  // Whoever reads the object's rows gets the error.
  Result<void> make_unreadable(const std::string& path, const Oid& folder, const Error& error) {
    TRY_ASSIGN(const auto tree, tree::GitTree::read(store_, store_.cache(), folder));
    const tree::TreeEntry* rows = tree->find("rows");
    if (rows == nullptr || !rows->is_tree()) return {};
    std::string leaf(tree::kUnreadable);
    for (const char c : error.message()) leaf += c == '\n' ? ' ' : c;
    std::string bytes;
    tree::append_entry(bytes, tree::kModeBlob, "0.jsonl",
                       made_.add(store::ObjectType::kBlob, leaf + "\n"));
    edits_.push_back({path + "/rows", tree::kModeTree,
                      made_.add(store::ObjectType::kTree, std::move(bytes))});
    return {};
  }

  // A folder's name must be the one spelling of the name it stands for.
  Result<std::string> decoded_name(const std::string& path, std::string_view name) const {
    auto decoded = type::decode_name(name);
    if (!decoded || decoded->empty() || type::encode_name(*decoded) != name)
      return invalid_(path, "the folder's name stands for no name");
    if (decoded->size() > kIdentifierBytesMax)
      return invalid_(path, "the folder's name is too long");
    return decoded;
  }

  Result<void> check_passive_files() const {
    const Oid known = before_ ? before_->root() : Oid{};
    return catalog::check_passive_files(store_, store_.cache(), known, root_);
  }

  // What refers to something that is not there, beyond what did so before.
  Result<void> check_references() const {
    TRY_ASSIGN(const std::vector<std::string> after, catalog::dangling_references(after_));
    if (after.empty()) return {};
    std::vector<std::string> before;
    if (before_) {
      TRY_ASSIGN(before, catalog::dangling_references(*before_));
    }
    for (const std::string& each : after) {
      if (!std::binary_search(before.begin(), before.end(), each))
        return Error(ErrorCode::kInvalidContent, each + " refers to what is not there");
    }
    return {};
  }

  Result<bool> is_known(const std::string& path, const Oid& id) const {
    if (!before_) return false;
    TRY_ASSIGN(const auto entry, tree::find_path(store_, store_.cache(), before_->root(), path));
    return entry && entry->id == id;
  }

  Result<void> read_schema(const std::string& path, const tree::TreeEntry& folder) {
    TRY_ASSIGN(const bool known, is_known(path, folder.id));
    if (known) return {};
    TRY_ASSIGN(const std::string schema, decoded_name(path, folder.name));
    if (auto named = catalog::check_schema_name(schema); !named) {
      invalid_.note(path + "/schema.sql", 0);
      return named;
    }
    names_differ_ = false;
    TRY_ASSIGN(const auto tree, tree::GitTree::read(store_, store_.cache(), folder.id));
    const tree::TreeEntry* definition = tree->find("schema.sql");
    if (definition == nullptr || definition->is_tree()) {
      return invalid_(path, "there is no schema.sql; a folder that is no schema has a name that "
                            "none can have, with a capital letter or a dot");
    }
    TRY(check_plain(invalid_, path + "/schema.sql", *definition));
    TRY_ASSIGN(const store::ObjectRef text, store_.read(definition->id));
    if (text.bytes != catalog::schema_sql(schema))
      return invalid_(path + "/schema.sql", "it should read " + catalog::schema_sql(schema));
    for (const tree::TreeEntry& entry : tree->entries()) {
      const std::string below = path + "/" + std::string(entry.name);
      if (entry.is_tree()) {
        TRY(read_object(schema, below, entry));
      } else if (catalog::classify_path(below, false) == catalog::PathKind::kStray) {
        return invalid_(below, "no such file belongs here");
      }
    }
    return names_differ_ ? check_names(schema) : Result<void>();
  }

  // One name for two things, unless there were such before.
  Result<void> check_names(const std::string& schema) const {
    TRY_ASSIGN(const catalog::NameClash clash, catalog::find_name_clash(after_, schema));
    if (clash.name.empty()) return {};
    if (before_) {
      TRY_ASSIGN(const bool has_schema, before_->has_schema(schema));
      if (has_schema) {
        TRY_ASSIGN(const catalog::NameClash old, catalog::find_name_clash(*before_, schema));
        if (!old.name.empty()) return {};
      }
    }
    invalid_.note(clash.file, 0);
    return catalog::name_clash_error(clash);
  }

  // A table, a view, a materialised view or a sequence, by the one file that defines it.
  Result<void> read_object(const std::string& schema, const std::string& path,
                           const tree::TreeEntry& folder) {
    TRY_ASSIGN(const bool known, is_known(path, folder.id));
    if (known) return {};
    TRY_ASSIGN(const std::string name, decoded_name(path, folder.name));
    TRY_ASSIGN(const auto tree, tree::GitTree::read(store_, store_.cache(), folder.id));
    const tree::TreeEntry* definition = nullptr;
    for (const std::string_view file : {"table.sql", "view.sql", "matview.sql", "sequence.json"}) {
      const tree::TreeEntry* found = tree->find(file);
      if (definition == nullptr && found != nullptr && !found->is_tree()) definition = found;
    }
    const std::string_view file =
        definition == nullptr ? std::string_view("table.sql") : definition->name;
    const bool has_rows = file == "table.sql" || file == "matview.sql";
    for (const tree::TreeEntry& entry : tree->entries()) {
      const std::string below = path + "/" + std::string(entry.name);
      const bool belongs = entry.is_tree()
                               ? has_rows && (entry.name == "rows" || entry.name == "large")
                               : entry.name == file || catalog::is_passive(below);
      if (!belongs) return invalid_(below, "no such file belongs here");
    }
    if (definition == nullptr) return invalid_(path, "there is no table.sql");
    TRY(check_plain(invalid_, path + "/" + std::string(file), *definition));
    TRY_ASSIGN(const bool is_same, is_known(path + "/" + std::string(file), definition->id));
    names_differ_ = names_differ_ || !is_same;
    if (file == "view.sql" || file == "matview.sql")
      return read_view(schema, name, path, *definition);
    if (file == "sequence.json") return read_sequence(schema, name, path, *definition);
    auto version = after_.find_table(schema, name);
    if (!version) return invalid_(path + "/table.sql", version.error());
    if (!*version) return invalid_(path, "there is no table.sql");
    std::optional<catalog::TableVersion> old;
    if (before_) {
      TRY_ASSIGN(const bool has_schema, before_->has_schema(schema));
      if (has_schema) {
        TRY_ASSIGN(old, before_->find_table(schema, name));
      }
    }
    respell(path + "/table.sql", definition->id, (*version)->table->definition_id,
            catalog::table_sql(*(*version)->table));
    return read_rows(path, **version, old);
  }

  // The canonical text takes the place of another one.
  void respell(const std::string& path, const Oid& found, const Oid& canonical, std::string text) {
    if (found != canonical)
      edits_.push_back(
          {path, tree::kModeBlob, made_.add(store::ObjectType::kBlob, std::move(text))});
  }

  Result<void> read_view(const std::string& schema, const std::string& name,
                         const std::string& path, const tree::TreeEntry& definition) {
    const std::string file = path + "/" + std::string(definition.name);
    auto view = after_.find_view(schema, name);
    if (!view) return invalid_(file, view.error());
    respell(file, definition.id, (*view)->definition_id, catalog::view_sql(**view));
    if (!(*view)->materialized()) return {};
    TRY_ASSIGN(const catalog::TableVersion version, after_.materialized_rows(**view));
    if (!(*view)->populated && !version.rows.is_zero())
      return invalid_(path + "/rows", "a view WITH NO DATA has no rows");
    std::optional<catalog::TableVersion> old;
    if (before_) {
      TRY_ASSIGN(const auto old_view, before_->find_view(schema, name));
      if (old_view != nullptr && old_view->materialized()) {
        TRY_ASSIGN(old, before_->materialized_rows(*old_view));
      }
    }
    return read_rows(path, version, old);
  }

  Result<void> read_sequence(const std::string& schema, const std::string& name,
                             const std::string& path, const tree::TreeEntry& definition) {
    const std::string file = path + "/sequence.json";
    auto sequence = after_.find_sequence(schema, name);
    if (!sequence) return invalid_(file, sequence.error());
    if (!*sequence) return invalid_(path, "there is no sequence.json");
    std::string text = catalog::sequence_json(**sequence);
    const Oid canonical = store::hash_object(store::ObjectType::kBlob, text);
    respell(file, definition.id, canonical, std::move(text));
    return {};
  }

  // `old`: the rows that the branch had, known to be valid under their definition.
  Result<void> read_rows(const std::string& path, const catalog::TableVersion& version,
                         std::optional<catalog::TableVersion> old) {
    if (old && old->table->definition_id != version.table->definition_id) old.reset();
    RowsReader rows(made_, store_, work_, version, invalid_, as_they_stand_);
    Oid canonical;
    bool is_large_known = false;
    if (old) {
      TRY_ASSIGN(canonical, rows.canonical_rows_on(path + "/rows", old->rows));
      TRY_ASSIGN(is_large_known, rows.follows_large(path, old->large));
    } else {
      TRY_ASSIGN(canonical, rows.canonical_rows(path + "/rows"));
    }
    if (!is_large_known) TRY(rows.check_large(path, canonical, old ? old->large : Oid{}));
    if (canonical != version.rows) edits_.push_back({path + "/rows", tree::kModeTree, canonical});
    return {};
  }

  store::PendingObjects& made_;
  store::ObjectStore& store_;
  const Oid root_;
  const Place* const at_;  // Where the last fault is; may be null.
  const Fault invalid_;
  ForeignWork work_;
  const catalog::Catalog after_;
  std::optional<catalog::Catalog> before_;
  std::vector<tree::PathEdit> edits_;
  std::optional<Error>* as_they_stand_ = nullptr;  // Of a commit of history.
  size_t faults_ = 0;          // Objects of history that cannot be read.
  bool names_differ_ = false;  // A definition of the schema that is read differs.
};

}  // namespace

Result<void> check_plain(const Fault& invalid, const std::string& path,
                         const tree::TreeEntry& entry) {
  if (entry.mode == tree::kModeBlob) return {};
  return invalid(path, entry.mode == tree::kModeExecutable
                           ? "it may be executed, which files of the data may not"
                           : "it is a link, and not the file itself");
}

Result<Oid> canonical_content(store::PendingObjects& made, store::ObjectStore& store,
                              const Oid& known_root, const Oid& root, Place* at) {
  if (root == known_root) return root;
  return ContentReader(made, store, known_root, root, at).run();
}

Result<ReadableContent> readable_content(store::PendingObjects& made, store::ObjectStore& store,
                                         const Oid& known_root, const Oid& root) {
  if (root == known_root) return ReadableContent{root, std::nullopt};
  Place at;
  return ContentReader(made, store, known_root, root, &at).run_leniently();
}

Result<Place> find_line(store::ObjectStore& store, const catalog::TableVersion& table, Bytes line) {
  Place found;
  if (table.rows.is_zero()) return found;
  store::PendingObjects none(store);
  const Fault nowhere(nullptr);
  ForeignWork work;
  const RowsReader reader(none, store, work, table, nowhere);
  found.file = table.table->path() + "/rows";
  TRY(reader.find(found.file, table.rows, 0, line, found));
  return found;
}

}  // namespace rowan::engine
