#include "engine/import/rows_reader.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "engine/import/spelling.h"
#include "tree/git_tree.h"
#include "tree/leaf.h"
#include "tree/row_tree.h"
#include "type/key_codec.h"
#include "type/line_writer.h"

namespace rowan::engine {

namespace {

constexpr int kFolderDepthMax = 16;
// Of a row without a primary key; their sum is no overflow.
constexpr uint64_t kRowCopiesMax = 1ull << 40;
constexpr std::string_view kLeafSuffix = ".jsonl";

}  // namespace

RowsReader::RowsReader(store::PendingObjects& made, store::ObjectStore& store, ForeignWork& work,
                       catalog::TableVersion version, const Fault& invalid,
                       std::optional<Error>* as_they_stand)
    : made_(made),
      store_(store),
      work_(work),
      version_(std::move(version)),
      keys_(version_.table),
      invalid_(invalid),
      as_they_stand_(as_they_stand) {}

Result<Oid> RowsReader::canonical_rows(const std::string& path) {
  Leaves leaves;
  TRY(list_folder(path, version_.rows, 0, leaves));
  TRY(read_leaves(leaves));
  TRY(sort_lines(path));
  tree::Builder builder([this](store::ObjectType type, Bytes bytes) -> Result<Oid> {
    const Oid id = store::hash_object(type, bytes);
    return store_.contains(id) ? id : made_.add(type, std::string(bytes));
  });
  std::string last;
  for (const Line& line : lines_) {
    if (!last.empty() && line.key <= last) {
      TRY(repeated(line));
      continue;
    }
    last = line.key;
    TRY(builder.add(line.key, line.text));
  }
  return builder.finish();
}

Result<Oid> RowsReader::canonical_rows_on(const std::string& path, const Oid& old) {
  Leaves here, there;
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
    if (i > 0 && line.key == lines_[i - 1].key) {
      TRY(repeated(line));
      continue;
    }
    goes_until(&line.key);
    if (was != old_lines_.end() && was->first == line.key) {
      if (was->second != line.text) edits.push_back({line.key, line.text});
      ++was;
      continue;
    }
    TRY_ASSIGN(const bool stays, has_row(old, line.key));
    if (stays) {
      TRY(repeated(line));
      continue;
    }
    edits.push_back({line.key, line.text});
  }
  goes_until(nullptr);
  return tree::apply_edits(made_, store_.cache(), keys_, old, edits);
}

Result<bool> RowsReader::follows_large(const std::string& path, const Oid& old_large) {
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

Result<void> RowsReader::check_large(const std::string& path, const Oid& rows,
                                     const Oid& known_large) {
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

Result<bool> RowsReader::find(const std::string& path, const Oid& id, int depth, Bytes line,
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

Result<void> RowsReader::repeated(const Line& line) const {
  Error error = invalid_(*line.file, "a row occurs twice");
  invalid_.note(*line.file, line.number);
  return keep_or_fail(std::move(error));
}

Result<void> RowsReader::keep_or_fail(Error error) const {
  if (as_they_stand_ == nullptr) return error;
  if (!*as_they_stand_) *as_they_stand_ = std::move(error);
  return {};
}

Result<void> RowsReader::read_leaves(const Leaves& leaves) {
  for (const LeafFile& leaf : leaves.files) {
    if (leaf.times != 0) TRY(read_leaf(leaf));
  }
  return {};
}

Result<void> RowsReader::enter_folder(const std::string& path, const Oid& id, int depth,
                                      Leaves& leaves) const {
  if (depth == kFolderDepthMax) return invalid_(path, "folders nest too deeply");
  TRY(work_.visit(path, id, 0));
  if (!leaves.folders.insert(id).second) return invalid_(path, "the same folder stands there twice");
  return {};
}

Result<void> RowsReader::add_leaf(const std::string& path, const tree::TreeEntry& entry,
                                  Leaves& leaves) const {
  TRY(check_plain(invalid_, path, entry));
  if (!entry.name.ends_with(kLeafSuffix)) return invalid_(path, "no such file belongs here");
  const auto [place, is_new] = leaves.places.emplace(entry.id, leaves.files.size());
  if (is_new) {
    leaves.files.push_back({path, entry.id});
    return {};
  }
  if (version_.table->layout.counted) {
    ++leaves.files[place->second].times;
    return {};
  }
  TRY_ASSIGN(const store::ObjectRef object, store_.read(entry.id));
  if (object.bytes.find_first_not_of(" \t\r\n") == Bytes::npos) return {};
  Error error = invalid_(path, "a row occurs twice");
  invalid_.note(path, 1);
  return error;  // As it is, too: so few bytes may stand for any number of rows.
}

Result<void> RowsReader::compare_folders(const std::string& path, const Oid& here, const Oid& there,
                                         int depth, Leaves& new_leaves, Leaves& old_leaves) const {
  if (here == there) return {};
  if (here.is_zero() || there.is_zero()) {
    TRY(list_folder(path, here, depth, new_leaves));
    return list_folder(path, there, depth, old_leaves);
  }
  TRY(enter_folder(path, here, depth, new_leaves));
  TRY_ASSIGN(const auto now, tree::GitTree::read(store_, store_.cache(), here));
  TRY_ASSIGN(const auto before, tree::GitTree::read(store_, store_.cache(), there));
  const auto add = [&](const tree::TreeEntry& entry, Leaves& leaves) -> Result<void> {
    const std::string below = path + "/" + std::string(entry.name);
    if (entry.is_tree()) return list_folder(below, entry.id, depth + 1, leaves);
    return add_leaf(below, entry, leaves);
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

void RowsReader::drop_shared(Leaves& here, Leaves& there) {
  for (LeafFile& leaf : there.files) {
    const auto found = here.places.find(leaf.id);
    if (found == here.places.end()) continue;
    --here.files[found->second].times;
    leaf.times = 0;
  }
}

Result<bool> RowsReader::has_row(const Oid& rows, Bytes key) const {
  if (rows.is_zero()) return false;
  TRY_ASSIGN(const auto found, tree::find_line({store_, store_.cache(), keys_}, rows, key));
  return found.has_value();
}

Result<void> RowsReader::read_old(const Leaves& leaves) {
  for (const LeafFile& file : leaves.files) {
    if (file.times == 0) continue;
    TRY_ASSIGN(const auto leaf, tree::Leaf::read({store_, store_.cache(), keys_}, file.id));
    for (size_t i = 0; i < leaf->size(); ++i) {
      old_lines_.emplace(leaf->key(i), leaf->line(i));
      old_names_large_ = old_names_large_ || names_large(leaf->line(i));
    }
  }
  return {};
}

Result<void> RowsReader::each_large(
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

Result<void> RowsReader::list_folder(const std::string& path, const Oid& id, int depth,
                                     Leaves& leaves) const {
  if (id.is_zero()) return {};
  TRY(enter_folder(path, id, depth, leaves));
  TRY_ASSIGN(const auto folder, tree::GitTree::read(store_, store_.cache(), id));
  for (const tree::TreeEntry& entry : folder->entries()) {
    const std::string below = path + "/" + std::string(entry.name);
    if (entry.is_tree()) {
      TRY(list_folder(below, entry.id, depth + 1, leaves));
    } else {
      TRY(add_leaf(below, entry, leaves));
    }
  }
  return {};
}

Result<void> RowsReader::read_leaf(const LeafFile& leaf) {
  const std::string& path = leaf.path;
  TRY_ASSIGN(const store::ObjectRef object, store_.read(leaf.id));
  if (object.type != store::ObjectType::kBlob) return invalid_(path, "it is no file");
  if (object.bytes.size() > kLeafBytesMax) return invalid_(path, "it is too large");
  TRY(work_.visit(path, leaf.id, object.bytes.size()));
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
      // Nothing of ours is damaged: it is what somebody wrote.
      const bool is_no_row = line.error().code() == ErrorCode::kCorruption;
      return Error(
          is_no_row ? ErrorCode::kInvalidContent : line.error().code(),
          path + ": line " + std::to_string(number) + ": " +
              (is_no_row ? why_no_row(version_.table->layout, text) : line.error().message()) +
              ", in " + shown(text));
    }
    line->file = file;
    line->number = number;
    if (leaf.times > 1) TRY(set_count(path, *line, line->count, leaf.times - 1));
    lines_.push_back(std::move(*line));
  }
  return {};
}

Result<bool> RowsReader::find_in_leaf(const std::string& path, const Oid& id, Bytes line,
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

Result<RowsReader::Line> RowsReader::read_line(Bytes text) {
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
  if (line.count > kRowCopiesMax)
    return Error(ErrorCode::kProgramLimit, "a row's number is too large");
  TRY(check_values(line.text, elements));
  TRY(keys_.append_key(line.text, line.key));
  return line;
}

Result<std::string> RowsReader::respelled(const std::string& text) const {
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

Error RowsReader::in_column(size_t slot, const Error& error) const {
  const auto& columns = version_.table->columns;
  const auto column = std::find_if(columns.begin(), columns.end(),
                                   [&](const auto& each) { return each.slot == slot; });
  if (column == columns.end()) return error;
  return Error(error.code(), "column \"" + column->name + "\": " + error.message());
}

Error RowsReader::in_its_column(const std::string& line, const Error& error) const {
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

Result<void> RowsReader::check_values(Bytes line, const std::vector<Bytes>& elements) {
  for (const catalog::ColumnDef& column : version_.table->columns) {
    const bool is_null =
        column.slot < elements.size() ? elements[column.slot] == "null" : column.absent.is_null();
    if (column.not_null && is_null) {
      TRY(keep_or_fail(
          Error(ErrorCode::kNotNullViolation,
                "null value in column \"" + column.name + "\" violates not-null constraint")));
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

Result<void> RowsReader::check_inline(type::Type type, Bytes element, size_t line_bytes) {
  TRY_ASSIGN(const bool is_long, type::must_leave_line(type, element, line_bytes));
  if (is_long) return Error(ErrorCode::kInvalidContent, "a long value must stand below large/");
  return {};
}

Result<void> RowsReader::set_count(const std::string& path, Line& line, uint64_t count,
                                   uint64_t more) const {
  if (__builtin_mul_overflow(count, more, &count) ||
      __builtin_add_overflow(line.count, count, &line.count) || line.count > kRowCopiesMax)
    return invalid_(path, "a row's number is too large");
  line.text = "[" + std::to_string(line.count) + line.text.substr(line.text.find_first_of(",]"));
  return {};
}

Result<void> RowsReader::sort_lines(const std::string& path) {
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
    TRY(set_count(path, merged.back(), line.count, 1));
  }
  lines_ = std::move(merged);
  return {};
}

Result<void> RowsReader::count_large(const std::string& path, Bytes key, Bytes line,
                                     uint64_t& named) {
  return each_large(key, line,
                    [&](const std::string& name, const type::LargeRef& large) -> Result<void> {
                      ++named;
                      const bool is_new = read_blobs_.insert(large.oid).second;
                      TRY_ASSIGN(const auto blob,
                                 tree::find_large(store_, store_.cache(), version_.large, name));
                      if (!blob || *blob != large.oid)
                        return invalid_(path + "/large", "a row's value is missing");
                      if (!is_new) return {};
                      TRY_ASSIGN(const store::ObjectRef object, store_.read(*blob));
                      if (object.type != store::ObjectType::kBlob ||
                          object.bytes.size() != large.bytes || large.bytes > kValueBytesMax) {
                        return invalid_(path + "/large", "a value is not what its row says");
                      }
                      return {};
                    });
}

}  // namespace rowan::engine
