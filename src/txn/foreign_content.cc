#include "txn/foreign_content.h"

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "catalog/catalog.h"
#include "catalog/objects.h"
#include "catalog/paths.h"
#include "catalog/table.h"
#include "tree/git_tree.h"
#include "tree/row_tree.h"
#include "type/key_codec.h"
#include "type/row_codec.h"

namespace rowan::txn {

namespace {

constexpr int kFolderDepthMax = 16;
constexpr size_t kInlineBytesMin = 80;  // Shorter values never leave a line.
constexpr std::string_view kLeafSuffix = ".jsonl";

Error invalid(const std::string& path, std::string_view what) {
  return Error(ErrorCode::kInvalidContent, path + ": " + std::string(what));
}

// The same about what could not be read; that a partial clone does not hold it says nothing of it.
Error invalid(const std::string& path, const Error& error) {
  return error.code() == ErrorCode::kAbsentObject ? error : invalid(path, error.message());
}

// The data's own files are plain ones.
Result<void> check_plain(const std::string& path, const tree::TreeEntry& entry) {
  if (entry.mode == tree::kModeBlob) return {};
  return invalid(path, entry.mode == tree::kModeExecutable
                           ? "it may be executed, which files of the data may not"
                           : "it is a link, and not the file itself");
}

// JSON without the white space that people and editors put between its tokens.
std::string without_blanks(Bytes line) {
  std::string out;
  out.reserve(line.size());
  bool in_string = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (!in_string && (c == ' ' || c == '\t' || c == '\r')) continue;
    out += c;
    if (in_string && c == '\\' && i + 1 < line.size()) out += line[++i];
    if (c == '"') in_string = !in_string;
  }
  return out;
}

// One table's rows: read leniently, given back in their one spelling and order.
class RowsReader {
 public:
  RowsReader(store::PendingObjects& made, store::ObjectStore& store, catalog::TableVersion version)
      : made_(made), store_(store), version_(std::move(version)), keys_(version_.table) {}

  // Leaves of `rows`, a valid tree of the same definition, are taken as they are.
  Result<void> trust(const Oid& rows) {
    if (rows.is_zero()) return {};
    TRY_ASSIGN(const auto runs, tree::leaf_runs({store_, store_.cache(), keys_}, rows));
    for (const tree::LeafRun& run : runs) known_.insert(run.leaves.begin(), run.leaves.end());
    return {};
  }

  Result<Oid> canonical_rows(const std::string& path) {
    if (!version_.rows.is_zero()) TRY(read_folder(path, version_.rows, 0));
    TRY(sort_lines(path));
    tree::Builder builder([this](store::ObjectType type, Bytes bytes) -> Result<Oid> {
      const Oid id = store::hash_object(type, bytes);
      return store_.contains(id) ? id : made_.add(type, std::string(bytes));
    });
    size_t next = 0;
    std::string last;
    const auto add = [&](Bytes key, Bytes line) -> Result<void> {
      if (!last.empty() && key <= last) return invalid(path, "a row occurs twice");
      last.assign(key);
      return builder.add(key, line);
    };
    for (const auto& leaf : leaves_) {
      for (size_t i = 0; i < leaf->size(); ++i) {
        for (; next < lines_.size() && lines_[next].key < leaf->key(i); ++next)
          TRY(add(lines_[next].key, lines_[next].text));
        TRY(add(leaf->key(i), leaf->line(i)));
      }
    }
    for (; next < lines_.size(); ++next) TRY(add(lines_[next].key, lines_[next].text));
    return builder.finish();
  }

  // After canonical_rows: each out-of-line value belongs to a row, and each row's are there.
  Result<void> check_large(const std::string& path, const Oid& rows, const Oid& known_large) {
    if (version_.large.is_zero() && !names_large_) return {};
    if (version_.large != known_large) {
      auto checked = tree::check_large_tree(store_, store_.cache(), version_.large);
      if (!checked) return invalid(path + "/large", checked.error());
    }
    uint64_t named = 0;
    if (!rows.is_zero()) {
      TRY_ASSIGN(auto cursor, tree::Cursor::open({made_, store_.cache(), keys_}, rows));
      for (; !cursor.at_end();) {
        TRY(count_large(path, cursor.key(), cursor.line(), named));
        TRY(cursor.next());
      }
    }
    uint64_t entries = 0;
    TRY(tree::walk_large(store_, store_.cache(), version_.large,
                         [&](std::string_view, const Oid&) -> Result<bool> {
                           ++entries;
                           return true;
                         }));
    return entries == named
               ? Result<void>()
               : Result<void>(invalid(path + "/large", "it holds values that no row names"));
  }

 private:
  struct Line {
    std::string key;
    std::string text;
    uint64_t count = 1;
  };

  Result<void> read_folder(const std::string& path, const Oid& id, int depth) {
    if (depth == kFolderDepthMax) return invalid(path, "folders nest too deeply");
    TRY_ASSIGN(const auto folder, tree::GitTree::read(store_, store_.cache(), id));
    for (const tree::TreeEntry& entry : folder->entries()) {
      const std::string below = path + "/" + std::string(entry.name);
      if (entry.is_tree()) {
        TRY(read_folder(below, entry.id, depth + 1));
      } else if (entry.mode != tree::kModeBlob) {
        return check_plain(below, entry);
      } else if (!entry.name.ends_with(kLeafSuffix)) {
        return invalid(below, "no such file belongs here");
      } else if (known_.contains(entry.id)) {
        TRY_ASSIGN(auto leaf, tree::Leaf::read({store_, store_.cache(), keys_}, entry.id));
        if (!leaves_.empty() && leaf->key(0) <= leaves_.back()->key(leaves_.back()->size() - 1)) {
          return invalid(below, "it does not stand where its rows belong");
        }
        leaves_.push_back(std::move(leaf));
      } else {
        TRY(read_leaf(below, entry.id));
      }
    }
    return {};
  }

  Result<void> read_leaf(const std::string& path, const Oid& id) {
    TRY_ASSIGN(const store::ObjectRef object, store_.read(id));
    if (object.type != store::ObjectType::kBlob) return invalid(path, "it is no file");
    if (object.bytes.size() > kLeafBytesMax) return invalid(path, "it is too large");
    Bytes rest = object.bytes;
    for (uint64_t number = 1; !rest.empty(); ++number) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      const Bytes text = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (text.find_first_not_of(" \t\r") == Bytes::npos) continue;
      auto line = read_line(text);
      if (!line) {
        return Error(line.error().code(),
                     path + ": line " + std::to_string(number) + ": " + line.error().message());
      }
      lines_.push_back(std::move(*line));
    }
    return {};
  }

  Result<Line> read_line(Bytes text) {
    const type::RowLayout& layout = version_.table->layout;
    Line line;
    line.text.assign(text);
    if (!type::check_line(layout, line.text)) {
      TRY_ASSIGN(line.text, respelled(without_blanks(text)));
      TRY(type::check_line(layout, line.text));
    }
    std::vector<Bytes> elements;
    TRY(type::split_line(layout, line.text, elements, line.count));
    TRY(check_values(line.text, elements));
    TRY(keys_.append_key(line.text, line.key));
    return line;
  }

  Result<std::string> respelled(const std::string& text) const {
    const type::RowLayout& layout = version_.table->layout;
    std::vector<Bytes> elements;
    uint64_t count = 1;
    TRY(type::split_line(layout, text, elements, count));
    std::vector<type::Value> values(elements.size());
    std::vector<type::Cell> cells(elements.size());
    for (size_t i = 0; i < elements.size(); ++i) {
      cells[i].raw = elements[i];
      if (layout.slots[i].dropped || type::large_ref(elements[i])) continue;
      TRY_ASSIGN(values[i], type::decode_element(layout.slots[i].type, elements[i]));
      cells[i].value = &values[i];
    }
    std::string line;
    type::encode_line(layout, cells, count, line);
    return line;
  }

  Result<void> check_values(Bytes line, const std::vector<Bytes>& elements) {
    for (const catalog::ColumnDef& column : version_.table->columns) {
      const bool is_null =
          column.slot < elements.size() ? elements[column.slot] == "null" : column.absent.is_null();
      if (column.not_null && is_null) {
        return Error(ErrorCode::kNotNullViolation,
                     "null value in column \"" + column.name + "\" violates not-null constraint");
      }
    }
    const type::RowLayout& layout = version_.table->layout;
    for (size_t slot = 0; slot < elements.size(); ++slot) {
      const bool is_key = std::find(layout.key_slots.begin(), layout.key_slots.end(), slot) !=
                          layout.key_slots.end();
      if (type::large_ref(elements[slot])) {
        names_large_ = true;
      } else if (!is_key && !layout.slots[slot].dropped) {
        TRY(check_inline(layout.slots[slot].type, elements[slot], line.size()));
      }
    }
    return {};
  }

  // The rule by which values leave a line (exec's RowWriter): a longer one would be spelled
  // otherwise by us.
  static Result<void> check_inline(type::Type type, Bytes element, size_t line_bytes) {
    if (type::physical(type.id) != type::Physical::kString || type.id == type::TypeId::kUuid)
      return {};
    bool is_long = line_bytes > kLineSoftBytes && element.size() > kInlineBytesMin;
    if (!is_long && element.size() > kLargeValueBytes) {
      TRY_ASSIGN(const type::Value value, type::decode_element(type, element));
      is_long = !value.is_null() && value.as_string().size() > kLargeValueBytes;
    }
    if (is_long) return Error(ErrorCode::kInvalidContent, "a long value must stand below large/");
    return {};
  }

  // Rows without a primary key that stand on several lines are one line with their number.
  Result<void> sort_lines(const std::string& path) {
    const type::RowLayout& layout = version_.table->layout;
    const auto before = [](const Line& a, const Line& b) { return a.key < b.key; };
    if (!std::is_sorted(lines_.begin(), lines_.end(), before))
      std::stable_sort(lines_.begin(), lines_.end(), before);
    if (!layout.counted) return {};
    std::vector<Line> merged;
    for (Line& line : lines_) {
      if (merged.empty() || merged.back().key != line.key) {
        merged.push_back(std::move(line));
        continue;
      }
      Line& same = merged.back();
      if (__builtin_add_overflow(same.count, line.count, &same.count))
        return invalid(path, "a row's number is too large");
      same.text =
          "[" + std::to_string(same.count) + line.text.substr(line.text.find_first_of(",]"));
    }
    lines_ = std::move(merged);
    return {};
  }

  Result<void> count_large(const std::string& path, Bytes key, Bytes line, uint64_t& named) {
    if (line.find("{\"large\":") == Bytes::npos) return {};
    std::vector<Bytes> elements;
    uint64_t count = 0;
    TRY(type::split_line(version_.table->layout, line, elements, count));
    for (size_t slot = 0; slot < elements.size(); ++slot) {
      const auto large = type::large_ref(elements[slot]);
      if (!large) continue;
      ++named;
      TRY_ASSIGN(const auto blob,
                 tree::find_large(store_, store_.cache(), version_.large,
                                  tree::large_name(key, static_cast<uint16_t>(slot))));
      if (!blob || *blob != large->oid) return invalid(path + "/large", "a row's value is missing");
      TRY_ASSIGN(const store::ObjectRef object, store_.read(*blob));
      if (object.type != store::ObjectType::kBlob || object.bytes.size() != large->bytes ||
          large->bytes > kValueBytesMax) {
        return invalid(path + "/large", "a value is not what its row says");
      }
    }
    return {};
  }

  store::PendingObjects& made_;
  store::ObjectStore& store_;
  const catalog::TableVersion version_;
  const catalog::TableLineKeys keys_;
  std::unordered_set<Oid, OidHash> known_;
  std::vector<std::shared_ptr<const tree::Leaf>> leaves_;  // Known ones, in order.
  std::vector<Line> lines_;                                // Of all other leaves.
  bool names_large_ = false;
};

// A whole commit's tree.
class ContentReader {
 public:
  ContentReader(store::PendingObjects& made, store::ObjectStore& store, const Oid& known_root,
                const Oid& root)
      : made_(made), store_(store), root_(root), after_(store, store.cache(), root) {
    if (!known_root.is_zero()) before_.emplace(store, store.cache(), known_root);
  }

  Result<Oid> run() {
    TRY(catalog::check_format(store_, store_.cache(), root_));
    TRY_ASSIGN(const auto top, tree::GitTree::read(store_, store_.cache(), root_));
    for (const tree::TreeEntry& entry : top->entries()) {
      const std::string path(entry.name);
      const catalog::PathKind kind = catalog::classify_path(path, entry.is_tree());
      if (kind == catalog::PathKind::kPassive) continue;
      if (entry.is_tree()) {
        TRY(read_schema(path, entry));
      } else if (kind == catalog::PathKind::kFormat) {
        TRY(check_plain(path, entry));
      } else {
        return invalid(path, "no such file belongs here; people's own have names that no schema can "
                             "have, with a capital letter or a dot");
      }
    }
    const Oid known_root = before_ ? before_->root() : Oid{};
    TRY(catalog::check_passive_files(store_, store_.cache(), known_root, root_));
    TRY(check_references());
    if (edits_.empty()) return root_;
    return tree::edit_paths(made_, store_.cache(), root_, std::move(edits_));
  }

 private:
  // A folder's name must be the one spelling of the name it stands for.
  static Result<std::string> decoded_name(const std::string& path, std::string_view name) {
    auto decoded = type::decode_name(name);
    if (!decoded || decoded->empty() || type::encode_name(*decoded) != name)
      return invalid(path, "the folder's name stands for no name");
    if (decoded->size() > kIdentifierBytesMax)
      return invalid(path, "the folder's name is too long");
    return decoded;
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
    TRY_ASSIGN(const auto tree, tree::GitTree::read(store_, store_.cache(), folder.id));
    const tree::TreeEntry* definition = tree->find("schema.sql");
    if (definition == nullptr || definition->is_tree()) {
      return invalid(path, "there is no schema.sql; a folder that is no schema has a name that none "
                           "can have, with a capital letter or a dot");
    }
    TRY(check_plain(path + "/schema.sql", *definition));
    TRY_ASSIGN(const store::ObjectRef text, store_.read(definition->id));
    if (text.bytes != catalog::schema_sql(schema))
      return invalid(path + "/schema.sql", "it should read " + catalog::schema_sql(schema));
    for (const tree::TreeEntry& entry : tree->entries()) {
      const std::string below = path + "/" + std::string(entry.name);
      if (entry.is_tree()) {
        TRY(read_object(schema, below, entry));
      } else if (catalog::classify_path(below, false) == catalog::PathKind::kStray) {
        return invalid(below, "no such file belongs here");
      }
    }
    return {};
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
      if (!belongs) return invalid(below, "no such file belongs here");
    }
    if (definition == nullptr) return invalid(path, "there is no table.sql");
    TRY(check_plain(path + "/" + std::string(file), *definition));
    if (file == "view.sql" || file == "matview.sql")
      return read_view(schema, name, path, *definition);
    if (file == "sequence.json") return read_sequence(schema, name, path, *definition);
    auto version = after_.find_table(schema, name);
    if (!version) return invalid(path + "/table.sql", version.error());
    if (!*version) return invalid(path, "there is no table.sql");
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
    if (!view) return invalid(file, view.error());
    respell(file, definition.id, (*view)->definition_id, catalog::view_sql(**view));
    if (!(*view)->materialized()) return {};
    TRY_ASSIGN(const catalog::TableVersion version, after_.materialized_rows(**view));
    if (!(*view)->populated && !version.rows.is_zero())
      return invalid(path + "/rows", "a view WITH NO DATA has no rows");
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
    if (!sequence) return invalid(file, sequence.error());
    if (!*sequence) return invalid(path, "there is no sequence.json");
    std::string text = catalog::sequence_json(**sequence);
    const Oid canonical = store::hash_object(store::ObjectType::kBlob, text);
    respell(file, definition.id, canonical, std::move(text));
    return {};
  }

  // `old`: the rows that the branch had, known to be valid under their definition.
  Result<void> read_rows(const std::string& path, const catalog::TableVersion& version,
                         std::optional<catalog::TableVersion> old) {
    if (old && old->table->definition_id != version.table->definition_id) old.reset();
    RowsReader rows(made_, store_, version);
    if (old) TRY(rows.trust(old->rows));
    TRY_ASSIGN(const Oid canonical, rows.canonical_rows(path + "/rows"));
    TRY(rows.check_large(path, canonical, old ? old->large : Oid{}));
    if (canonical != version.rows) edits_.push_back({path + "/rows", tree::kModeTree, canonical});
    return {};
  }

  store::PendingObjects& made_;
  store::ObjectStore& store_;
  const Oid root_;
  const catalog::Catalog after_;
  std::optional<catalog::Catalog> before_;
  std::vector<tree::PathEdit> edits_;
};

}  // namespace

Result<Oid> canonical_content(store::PendingObjects& made, store::ObjectStore& store,
                              const Oid& known_root, const Oid& root) {
  if (root == known_root) return root;
  return ContentReader(made, store, known_root, root).run();
}

}  // namespace rowan::txn
