// What the tests of the tree room share: rows with the reference table's shape, and a store in
// memory that counts reads.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ensure.h"
#include "base/hash.h"
#include "store/node_cache.h"
#include "store/object_store.h"
#include "tree/row_tree.h"

namespace rowan::tree::testing {

// Keys stand before the first space of a line.
class FirstWordKeys final : public LineKeys {
 public:
  Result<void> append_key(Bytes line, std::string& key) const override {
    const size_t space = line.find(' ');
    if (space == Bytes::npos) return Error(ErrorCode::kCorruption, "no key");
    key += line.substr(0, space);
    return {};
  }
  uint64_t identity() const override { return 7; }
};

// Objects by id; every read is counted.
class MapObjects final : public store::ObjectReader {
 public:
  Oid add(store::ObjectType type, Bytes bytes) {
    const Oid id = store::hash_object(type, bytes);
    objects_.try_emplace(id, type, std::make_shared<const std::string>(bytes));
    return id;
  }
  void take(const store::PendingObjects& pending) {
    for (const auto& entry : pending.entries()) add(entry.type, entry.object.bytes);
  }
  Result<store::ObjectRef> read(const Oid& id) const override {
    ++reads;
    const auto found = objects_.find(id);
    if (found == objects_.end()) return Error(ErrorCode::kCorruption, "no object " + id.hex());
    return store::ObjectRef{found->second.first, *found->second.second, found->second.second};
  }
  ObjectSink sink() {
    return [this](store::ObjectType type, Bytes bytes) -> Result<Oid> { return add(type, bytes); };
  }
  size_t size() const { return objects_.size(); }

  mutable size_t reads = 0;

 private:
  std::unordered_map<Oid, std::pair<store::ObjectType, std::shared_ptr<const std::string>>, OidHash>
      objects_;
};

using Rows = std::map<std::string, std::string>;  // Key to line.

// `d7167`: a letter for the number of digits, then the digits.
inline std::string int_key(uint64_t value) {
  const std::string digits = std::to_string(value);
  return std::string(1, static_cast<char>('a' + digits.size() - 1)) + digits;
}

inline std::string row_line(const std::string& key, uint64_t salt) {
  const uint64_t h = hash64(key, salt);
  return key + " [\"ivory desk " + std::to_string(h % 100000) + "\"," + std::to_string(h % 9973) +
         "," + std::to_string(h % 7919) + ".25,\"2023-12-18\"]";
}

inline Rows make_rows(size_t count, uint64_t step = 2) {
  Rows rows;
  for (uint64_t i = 1; i <= count; ++i)
    rows.emplace_hint(rows.end(), int_key(i * step), row_line(int_key(i * step), 0));
  return rows;
}

struct TestTree {
  MapObjects objects;
  store::NodeCache cache{512u << 20};
  FirstWordKeys keys;
  TreeReader reader{objects, cache, keys};

  Oid build(const Rows& rows) {
    Builder builder(objects.sink());
    for (const auto& [key, line] : rows) ENSURE(builder.add(key, line).has_value());
    auto root = builder.finish();
    ENSURE(root.has_value());
    return *root;
  }

  // Applies changes (an empty line removes); gives the new root and in `made` the number of new
  // objects.
  Oid apply(const Oid& root, const Rows& changes, size_t* made = nullptr) {
    std::vector<RowEdit> edits;
    for (const auto& [key, line] : changes)
      edits.push_back({key, line.empty() ? std::nullopt : std::optional<Bytes>(line)});
    store::PendingObjects pending(objects);
    auto result = apply_edits(pending, cache, keys, root, edits);
    ENSURE(result.has_value());
    if (made != nullptr) *made = pending.entries().size();
    objects.take(pending);
    return *result;
  }

  Oid apply_stream(const Oid& root, const Rows& changes) {
    auto at = changes.begin();
    auto result =
        apply_edit_stream(reader, objects.sink(), root, [&]() -> Result<std::optional<RowEdit>> {
          if (at == changes.end()) return std::optional<RowEdit>();
          RowEdit edit{at->first,
                       at->second.empty() ? std::nullopt : std::optional<Bytes>(at->second)};
          ++at;
          return std::optional<RowEdit>(edit);
        });
    ENSURE(result.has_value());
    return *result;
  }

  Rows rows_of(const Oid& root) {
    Rows rows;
    auto cursor = Cursor::open(reader, root);
    ENSURE(cursor.has_value());
    while (!cursor->at_end()) {
      rows.emplace(cursor->key(), cursor->line());
      ENSURE(cursor->next().has_value());
    }
    return rows;
  }
};

inline void change_rows(Rows& rows, const Rows& changes) {
  for (const auto& [key, line] : changes) {
    if (line.empty()) {
      rows.erase(key);
    } else {
      rows[key] = line;
    }
  }
}

}  // namespace rowan::tree::testing
