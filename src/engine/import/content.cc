#include "engine/import/content.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "catalog/bounds.h"
#include "catalog/catalog.h"
#include "catalog/names.h"
#include "catalog/objects.h"
#include "catalog/paths.h"
#include "catalog/table.h"
#include "tree/git_tree.h"
#include "tree/row_tree.h"
#include "type/json_text.h"
#include "type/key_codec.h"
#include "type/line_writer.h"
#include "type/numeric.h"
#include "type/row_codec.h"
#include "type/text.h"

namespace rowan::engine {

namespace {

constexpr int kFolderDepthMax = 16;
constexpr size_t kShownBytesMax = 80;
constexpr std::string_view kLeafSuffix = ".jsonl";

// What is wrong with a file, and where it is for whoever asked.
class Fault {
 public:
  explicit Fault(Place* at) : at_(at) {}
  Error operator()(const std::string& path, std::string_view what) const {
    note(path, 0);
    return Error(ErrorCode::kInvalidContent, path + ": " + std::string(what));
  }
  // The same about what could not be read; that a partial clone does not hold it says nothing of it.
  Error operator()(const std::string& path, const Error& error) const {
    return error.code() == ErrorCode::kAbsentObject ? error : (*this)(path, error.message());
  }
  void note(const std::string& path, uint64_t line) const {
    if (at_ != nullptr) *at_ = {path, line};
  }

 private:
  Place* at_;
};

// The data's own files are plain ones.
Result<void> check_plain(const Fault& invalid, const std::string& path,
                         const tree::TreeEntry& entry) {
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

// The beginning of a line, for a message.
std::string shown(Bytes line) {
  size_t bytes = std::min(line.size(), kShownBytesMax);
  while (bytes < line.size() && bytes > 0 && (line[bytes] & 0xC0) == 0x80) --bytes;
  return std::string(line.substr(0, bytes)) + (bytes < line.size() ? "…" : "");
}

Error unfit(type::Type type, std::string_view why) {
  return Error(ErrorCode::kInvalidContent, std::string(why) + type::type_name(type));
}

// A number or a truth value in another spelling than its type's own: 6.0 and "6" are the integer 6.
Result<type::Value> value_spelled_otherwise(type::Type type, Bytes element) {
  std::string text(element);
  const bool quoted = element.starts_with('"');
  if (quoted && !type::read_json_string(element, text)) return unfit(type, "it is no ");
  if (type.id == type::TypeId::kBool && quoted) {
    auto value = type::parse_text(type, text);
    return value ? std::move(value) : unfit(type, "it is no ");
  }
  const bool number = quoted || element.starts_with('-') ||
                      (!element.empty() && element.front() >= '0' && element.front() <= '9');
  if (!type::is_integer(type.id) || !number) return unfit(type, "it is no ");
  const auto exact = type::numeric_parse(text);
  if (!exact) return unfit(type, "it is no ");
  const auto whole = type::numeric_to_int(*exact);
  if (!whole) return unfit(type, "it is out of range for ");
  if (type::numeric_compare(type::numeric_from_int(*whole), *exact) != 0)
    return unfit(type, "its fraction would be lost in ");
  auto value = type::parse_text(type, std::to_string(*whole));
  return value ? std::move(value) : unfit(type, "it is out of range for ");
}

// What an element that people wrote stands for in its column, when nothing of it is lost there.
Result<type::Value> lenient_value(type::Type type, Bytes element) {
  auto value = type::decode_element(type, element);
  if (!value) return value_spelled_otherwise(type, element);
  if (type.id != type::TypeId::kNumeric || type.modifier < 0 || value->is_null()) return value;
  auto scaled = type::numeric_apply_modifier(value->as_string(), type);
  if (!scaled) return unfit(type, "it is out of range for ");
  if (type::numeric_compare(*scaled, value->as_string()) != 0)
    return unfit(type, "its last digits would be lost in ");
  return type::Value::of_string(type, std::move(*scaled));
}

// One table's rows: read leniently, given back in their one spelling and order.
class RowsReader {
 public:
  RowsReader(store::PendingObjects& made, store::ObjectStore& store, catalog::TableVersion version,
             const Fault& invalid)
      : made_(made),
        store_(store),
        version_(std::move(version)),
        keys_(version_.table),
        invalid_(invalid) {}

  Result<Oid> canonical_rows(const std::string& path) {
    std::vector<LeafFile> leaves;
    TRY(list_folder(path, version_.rows, 0, leaves));
    TRY(read_leaves(leaves));
    TRY(sort_lines(path));
    tree::Builder builder([this](store::ObjectType type, Bytes bytes) -> Result<Oid> {
      const Oid id = store::hash_object(type, bytes);
      return store_.contains(id) ? id : made_.add(type, std::string(bytes));
    });
    std::string last;
    for (const Line& line : lines_) {
      if (!last.empty() && line.key <= last) return repeated(line);
      last = line.key;
      TRY(builder.add(line.key, line.text));
    }
    return builder.finish();
  }

  // The same on top of rows of the same definition that are known to be valid: only folders and
  // leaves that differ are read.
  Result<Oid> canonical_rows_on(const std::string& path, const Oid& old) {
    std::vector<LeafFile> here, there;
    TRY(compare_folders(path, version_.rows, old, 0, here, there));
    drop_shared(here, there);
    TRY(read_leaves(here));
    TRY(sort_lines(path));
    TRY(read_old(there));
    std::vector<tree::RowEdit> edits;
    auto was = old_lines_.begin();
    const auto goes_until = [&](const std::string* key) {
      for (; was != old_lines_.end() && (key == nullptr || was->first < *key); ++was)
        edits.push_back({was->first, std::nullopt});
    };
    for (size_t i = 0; i < lines_.size(); ++i) {
      const Line& line = lines_[i];
      if (i > 0 && line.key == lines_[i - 1].key) return repeated(line);
      goes_until(&line.key);
      if (was != old_lines_.end() && was->first == line.key) {
        if (was->second != line.text) edits.push_back({line.key, line.text});
        ++was;
        continue;
      }
      TRY_ASSIGN(const bool stays, has_row(old, line.key));
      if (stays) return repeated(line);
      edits.push_back({line.key, line.text});
    }
    goes_until(nullptr);
    return tree::apply_edits(made_, store_.cache(), keys_, old, edits);
  }

  // After canonical_rows_on: what its changed rows keep out of line is there, and nothing else came
  // or went. False: it takes a look at every row to say.
  Result<bool> follows_large(const std::string& path, const Oid& old_large) {
    if (version_.large == old_large && !names_large_ && !old_names_large_) return true;
    std::map<std::string, Oid> entries;
    uint64_t ignored = 0;
    for (const auto& [key, line] : old_lines_) {
      TRY(each_large(key, line,
                     [&](const std::string& name, const type::LargeRef&) -> Result<void> {
                       entries[name] = Oid{};
                       return {};
                     }));
    }
    for (const Line& line : lines_) {
      TRY(count_large(path, line.key, line.text, ignored));
      TRY(each_large(line.key, line.text,
                     [&](const std::string& name, const type::LargeRef& large) -> Result<void> {
                       entries[name] = large.oid;
                       return {};
                     }));
    }
    std::vector<tree::LargeEdit> edits;
    for (const auto& [name, blob] : entries) edits.push_back({name, blob});
    store::PendingObjects scratch(store_);
    TRY_ASSIGN(const Oid expected,
               tree::apply_large_edits(scratch, store_.cache(), old_large, std::move(edits)));
    return expected == version_.large;
  }

  // After canonical_rows: each out-of-line value belongs to a row, and each row's are there. Equal
  // rows without a primary key share theirs, which a commit leaves behind when the last of them goes.
  Result<void> check_large(const std::string& path, const Oid& rows, const Oid& known_large) {
    if (version_.large.is_zero() && !names_large_) return {};
    if (version_.large != known_large) {
      auto checked = tree::check_large_tree(store_, store_.cache(), version_.large);
      if (!checked) return invalid_(path + "/large", checked.error());
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
    const bool may_stay = version_.table->layout.counted && entries > named;
    return entries == named || may_stay
               ? Result<void>()
               : Result<void>(invalid_(path + "/large", "it holds values that no row names"));
  }

  // Sets `found` to where `line` stands below a folder; true when it does.
  Result<bool> find(const std::string& path, const Oid& id, int depth, Bytes line,
                    Place& found) const {
    if (depth == kFolderDepthMax) return false;
    TRY_ASSIGN(const auto folder, tree::GitTree::read(store_, store_.cache(), id));
    for (const tree::TreeEntry& entry : folder->entries()) {
      const std::string below = path + "/" + std::string(entry.name);
      bool is_here = false;
      if (entry.is_tree()) {
        TRY_ASSIGN(is_here, find(below, entry.id, depth + 1, line, found));
      } else {
        TRY_ASSIGN(is_here, find_in_leaf(below, entry.id, line, found));
      }
      if (is_here) return true;
    }
    return false;
  }

 private:
  struct LeafFile {
    std::string path;
    Oid id;
  };
  struct Line {
    std::string key;
    std::string text;
    uint64_t count = 1;
    std::shared_ptr<const std::string> file;
    uint64_t number = 0;
  };

  Error repeated(const Line& line) const {
    Error error = invalid_(*line.file, "a row occurs twice");
    invalid_.note(*line.file, line.number);
    return error;
  }

  Result<void> read_leaves(const std::vector<LeafFile>& leaves) {
    for (const LeafFile& leaf : leaves) TRY(read_leaf(leaf.path, leaf.id));
    return {};
  }

  // The leaves of two folders where they differ. What has the same name and id on both sides is not
  // looked into.
  Result<void> compare_folders(const std::string& path, const Oid& here, const Oid& there,
                               int depth, std::vector<LeafFile>& new_leaves,
                               std::vector<LeafFile>& old_leaves) const {
    if (here == there) return {};
    if (here.is_zero() || there.is_zero()) {
      TRY(list_folder(path, here, depth, new_leaves));
      return list_folder(path, there, depth, old_leaves);
    }
    if (depth == kFolderDepthMax) return invalid_(path, "folders nest too deeply");
    TRY_ASSIGN(const auto now, tree::GitTree::read(store_, store_.cache(), here));
    TRY_ASSIGN(const auto before, tree::GitTree::read(store_, store_.cache(), there));
    const auto add = [&](const tree::TreeEntry& entry,
                         std::vector<LeafFile>& leaves) -> Result<void> {
      const std::string below = path + "/" + std::string(entry.name);
      if (entry.is_tree()) return list_folder(below, entry.id, depth + 1, leaves);
      TRY(check_plain(invalid_, below, entry));
      if (!entry.name.ends_with(kLeafSuffix)) return invalid_(below, "no such file belongs here");
      leaves.push_back({below, entry.id});
      return {};
    };
    for (const tree::TreeEntry& entry : now->entries()) {
      const tree::TreeEntry* old = before->find(entry.name);
      if (old != nullptr && old->id == entry.id && old->mode == entry.mode) continue;
      if (old != nullptr && old->is_tree() && entry.is_tree()) {
        TRY(compare_folders(path + "/" + std::string(entry.name), entry.id, old->id, depth + 1,
                            new_leaves, old_leaves));
      } else {
        TRY(add(entry, new_leaves));
      }
    }
    for (const tree::TreeEntry& entry : before->entries()) {
      const tree::TreeEntry* found = now->find(entry.name);
      const bool seen = found != nullptr && (found->is_tree() == entry.is_tree()) &&
                        (found->id == entry.id || entry.is_tree());
      if (!seen) TRY(add(entry, old_leaves));
    }
    return {};
  }

  // Leaves that only stand elsewhere hold no change. Each counts once: a second copy repeats its
  // rows.
  static void drop_shared(std::vector<LeafFile>& here, std::vector<LeafFile>& there) {
    std::unordered_set<Oid, OidHash> old;
    for (const LeafFile& leaf : there) old.insert(leaf.id);
    std::unordered_set<Oid, OidHash> shared;
    std::erase_if(here, [&](const LeafFile& leaf) {
      return old.contains(leaf.id) && shared.insert(leaf.id).second;
    });
    std::erase_if(there, [&](const LeafFile& leaf) { return shared.contains(leaf.id); });
  }

  Result<bool> has_row(const Oid& rows, Bytes key) const {
    if (rows.is_zero()) return false;
    TRY_ASSIGN(const auto found, tree::find_line({store_, store_.cache(), keys_}, rows, key));
    return found.has_value();
  }

  Result<void> read_old(const std::vector<LeafFile>& leaves) {
    for (const LeafFile& file : leaves) {
      TRY_ASSIGN(const auto leaf, tree::Leaf::read({store_, store_.cache(), keys_}, file.id));
      for (size_t i = 0; i < leaf->size(); ++i) {
        old_lines_.emplace(leaf->key(i), leaf->line(i));
        old_names_large_ = old_names_large_ || names_large(leaf->line(i));
      }
    }
    return {};
  }

  static bool names_large(Bytes line) { return line.find("{\"large\":") != Bytes::npos; }

  Result<void> each_large(
      Bytes key, Bytes line,
      const std::function<Result<void>(const std::string&, const type::LargeRef&)>& visit) const {
    if (!names_large(line)) return {};
    std::vector<Bytes> elements;
    uint64_t count = 0;
    TRY(type::split_line(version_.table->layout, line, elements, count));
    for (size_t slot = 0; slot < elements.size(); ++slot) {
      const auto large = type::large_ref(elements[slot]);
      if (large) TRY(visit(tree::large_name(key, static_cast<uint16_t>(slot)), *large));
    }
    return {};
  }

  // All leaves below a folder.
  Result<void> list_folder(const std::string& path, const Oid& id, int depth,
                           std::vector<LeafFile>& leaves) const {
    if (id.is_zero()) return {};
    if (depth == kFolderDepthMax) return invalid_(path, "folders nest too deeply");
    TRY_ASSIGN(const auto folder, tree::GitTree::read(store_, store_.cache(), id));
    for (const tree::TreeEntry& entry : folder->entries()) {
      const std::string below = path + "/" + std::string(entry.name);
      if (entry.is_tree()) {
        TRY(list_folder(below, entry.id, depth + 1, leaves));
      } else if (entry.mode != tree::kModeBlob) {
        return check_plain(invalid_, below, entry);
      } else if (!entry.name.ends_with(kLeafSuffix)) {
        return invalid_(below, "no such file belongs here");
      } else {
        leaves.push_back({below, entry.id});
      }
    }
    return {};
  }

  Result<void> read_leaf(const std::string& path, const Oid& id) {
    TRY_ASSIGN(const store::ObjectRef object, store_.read(id));
    if (object.type != store::ObjectType::kBlob) return invalid_(path, "it is no file");
    if (object.bytes.size() > kLeafBytesMax) return invalid_(path, "it is too large");
    const auto file = std::make_shared<const std::string>(path);
    Bytes rest = object.bytes;
    for (uint64_t number = 1; !rest.empty(); ++number) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      const Bytes text = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (text.find_first_not_of(" \t\r") == Bytes::npos) continue;
      auto line = read_line(text);
      if (!line) {
        invalid_.note(path, number);
        return Error(line.error().code(), path + ": line " + std::to_string(number) + ": " +
                                              line.error().message() + ", in " + shown(text));
      }
      line->file = file;
      line->number = number;
      lines_.push_back(std::move(*line));
    }
    return {};
  }

  Result<bool> find_in_leaf(const std::string& path, const Oid& id, Bytes line,
                            Place& found) const {
    TRY_ASSIGN(const store::ObjectRef object, store_.read(id));
    Bytes rest = object.bytes;
    for (uint64_t number = 1; !rest.empty(); ++number) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      const Bytes text = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (text != line) {
        if (type::check_line(version_.table->layout, text)) continue;
        const auto respelled_line = respelled(without_blanks(text));
        if (!respelled_line || *respelled_line != line) continue;
      }
      found = {path, number};
      return true;
    }
    return false;
  }

  Result<Line> read_line(Bytes text) {
    const type::RowLayout& layout = version_.table->layout;
    Line line;
    line.text.assign(text);
    if (!type::check_line(layout, line.text)) {
      TRY_ASSIGN(line.text, respelled(without_blanks(text)));
      if (auto checked = type::check_line(layout, line.text); !checked)
        return in_its_column(line.text, checked.error());
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
      auto value = lenient_value(layout.slots[i].type, elements[i]);
      if (!value) return in_column(i, value.error());
      values[i] = std::move(*value);
      cells[i].value = &values[i];
    }
    std::string line;
    type::encode_line(layout, cells, count, line);
    return line;
  }

  Error in_column(size_t slot, const Error& error) const {
    const auto& columns = version_.table->columns;
    const auto column = std::find_if(columns.begin(), columns.end(),
                                     [&](const auto& each) { return each.slot == slot; });
    if (column == columns.end()) return error;
    return Error(error.code(), "column \"" + column->name + "\": " + error.message());
  }

  // The error of a line, with the column whose value alone gives one, too.
  Error in_its_column(const std::string& line, const Error& error) const {
    const type::RowLayout& layout = version_.table->layout;
    std::vector<Bytes> elements;
    uint64_t count = 1;
    if (!type::split_line(layout, line, elements, count)) return error;
    for (size_t slot = 0; slot < elements.size(); ++slot) {
      if (layout.slots[slot].dropped || elements[slot] == "null") continue;
      type::RowLayout alone;
      alone.slots = {layout.slots[slot]};
      alone.slots[0].absent = type::Value();
      const auto checked = type::check_line(alone, "[" + std::string(elements[slot]) + "]");
      if (!checked) return in_column(slot, checked.error());
    }
    return error;
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

  // The rule by which values leave a line (T9): a longer one would be spelled otherwise by us.
  static Result<void> check_inline(type::Type type, Bytes element, size_t line_bytes) {
    TRY_ASSIGN(const bool is_long, type::must_leave_line(type, element, line_bytes));
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
        return invalid_(path, "a row's number is too large");
      same.text =
          "[" + std::to_string(same.count) + line.text.substr(line.text.find_first_of(",]"));
    }
    lines_ = std::move(merged);
    return {};
  }

  Result<void> count_large(const std::string& path, Bytes key, Bytes line, uint64_t& named) {
    return each_large(key, line,
                      [&](const std::string& name, const type::LargeRef& large) -> Result<void> {
                        ++named;
                        TRY_ASSIGN(const auto blob,
                                   tree::find_large(store_, store_.cache(), version_.large, name));
                        if (!blob || *blob != large.oid)
                          return invalid_(path + "/large", "a row's value is missing");
                        TRY_ASSIGN(const store::ObjectRef object, store_.read(*blob));
                        if (object.type != store::ObjectType::kBlob ||
                            object.bytes.size() != large.bytes || large.bytes > kValueBytesMax) {
                          return invalid_(path + "/large", "a value is not what its row says");
                        }
                        return {};
                      });
  }

  store::PendingObjects& made_;
  store::ObjectStore& store_;
  const catalog::TableVersion version_;
  const catalog::TableLineKeys keys_;
  const Fault& invalid_;
  std::vector<Line> lines_;  // Of the leaves that were read.
  std::map<std::string, std::string, std::less<>>
      old_lines_;  // Of those that they replace, by key.
  bool names_large_ = false;
  bool old_names_large_ = false;
};

// A whole commit's tree.
class ContentReader {
 public:
  ContentReader(store::PendingObjects& made, store::ObjectStore& store, const Oid& known_root,
                const Oid& root, Place* at)
      : made_(made), store_(store), root_(root), invalid_(at), after_(store, store.cache(), root) {
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
    if (edits_.empty()) return root_;
    return tree::edit_paths(made_, store_.cache(), root_, std::move(edits_));
  }

 private:
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
    RowsReader rows(made_, store_, version, invalid_);
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
  const Fault invalid_;
  const catalog::Catalog after_;
  std::optional<catalog::Catalog> before_;
  std::vector<tree::PathEdit> edits_;
  bool names_differ_ = false;  // A definition of the schema that is read differs.
};

}  // namespace

Result<Oid> canonical_content(store::PendingObjects& made, store::ObjectStore& store,
                              const Oid& known_root, const Oid& root, Place* at) {
  if (root == known_root) return root;
  return ContentReader(made, store, known_root, root, at).run();
}

Result<Place> find_line(store::ObjectStore& store, const catalog::TableVersion& table, Bytes line) {
  Place found;
  if (table.rows.is_zero()) return found;
  store::PendingObjects none(store);
  const Fault nowhere(nullptr);
  const RowsReader reader(none, store, table, nowhere);
  found.file = table.table->path() + "/rows";
  TRY(reader.find(found.file, table.rows, 0, line, found));
  return found;
}

}  // namespace rowan::engine
