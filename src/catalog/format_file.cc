#include "catalog/format_file.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "catalog/catalog.h"
#include "catalog/paths.h"
#include "tree/git_tree.h"
#include "type/flat_json.h"
#include "type/json_text.h"
#include "type/key_codec.h"

namespace rowan::catalog {

namespace {

constexpr int64_t kFormatWithFeatures = kFormatVersion + 1;
constexpr size_t kFormatBytesMax = 16u << 10;  // Room for more than can be named.

Error invalid(std::string what) {
  return Error(ErrorCode::kInvalidContent, "rowan.json " + std::move(what));
}

Error newer_format(int64_t format) {
  return Error(ErrorCode::kUnsupportedFormat,
               "the repository has format " + std::to_string(format) +
                   "; this version of Rowan reads formats up to " +
                   std::to_string(kFormatWithFeatures))
      .with_hint("A newer version of Rowan reads it.");
}

Error unknown_features(const std::vector<std::string>& unknown) {
  std::string names;
  for (const std::string& name : unknown) {
    names += (names.empty() ? "\"" : ", \"") + name + "\"";
    if (const Feature* reserved = find_feature(name))
      names += " (" + std::string(reserved->what) + ")";
  }
  return Error(ErrorCode::kUnsupportedFormat,
               std::string("the content uses ") + (unknown.size() == 1 ? "a feature" : "features") +
                   " of the format that this version of Rowan does not know: " + names)
      .with_hint("A newer version of Rowan reads it; rowan.json names the features. Commits from "
                 "before they were used can be read with AS OF.");
}

Result<tree::TreeEntry> format_entry(const store::ObjectReader& objects, store::NodeCache& cache,
                                     const Oid& root) {
  TRY_ASSIGN(const auto entry, tree::find_path(objects, cache, root, kFormatFile));
  if (!entry || entry->is_tree())
    return Error(ErrorCode::kInvalidContent, "there is no rowan.json: this is no Rowan content");
  return *entry;
}

// Nearly every tree has this one.
const Oid& plain_format_id() {
  static const Oid id = store::hash_object(store::ObjectType::kBlob, format_text({}));
  return id;
}

// What differs from a known tree, definition by definition.
class NeededFeatures {
 public:
  NeededFeatures(const store::ObjectReader& objects, store::NodeCache& cache,
                 const Oid& known_root, const Oid& root)
      : objects_(objects), cache_(cache), known_root_(known_root), catalog_(objects, cache, root) {}

  Result<FeatureSet> find() {
    TRY_ASSIGN(const auto top, tree::GitTree::read(objects_, cache_, catalog_.root()));
    TRY_ASSIGN(const auto known, read_known(known_root_));
    for (const tree::TreeEntry& entry : top->entries()) {
      if (classify_path(entry.name, entry.is_tree()) != PathKind::kSchema) continue;
      if (!is_known(known.get(), entry)) TRY(look_into(known.get(), entry));
    }
    return std::move(needed_);
  }

 private:
  using Tree = std::shared_ptr<const tree::GitTree>;

  Result<Tree> read_known(const Oid& id) const {
    return id.is_zero() ? Result<Tree>(Tree()) : tree::GitTree::read(objects_, cache_, id);
  }
  static const tree::TreeEntry* twin(const tree::GitTree* known, const tree::TreeEntry& entry) {
    return known == nullptr ? nullptr : known->find(entry.name);
  }
  static bool is_known(const tree::GitTree* known, const tree::TreeEntry& entry) {
    const tree::TreeEntry* before = twin(known, entry);
    return before != nullptr && before->id == entry.id;
  }
  static Oid folder_in(const tree::GitTree* known, const tree::TreeEntry& entry) {
    const tree::TreeEntry* before = twin(known, entry);
    return before != nullptr && before->is_tree() ? before->id : Oid{};
  }

  Result<void> look_into(const tree::GitTree* known_top, const tree::TreeEntry& schema) {
    TRY_ASSIGN(const std::string name, type::decode_name(schema.name));
    TRY_ASSIGN(const Tree known, read_known(folder_in(known_top, schema)));
    TRY_ASSIGN(const Tree folder, tree::GitTree::read(objects_, cache_, schema.id));
    for (const tree::TreeEntry& object : folder->entries()) {
      if (!object.is_tree() || is_known(known.get(), object)) continue;
      TRY_ASSIGN(const Tree before, read_known(folder_in(known.get(), object)));
      TRY_ASSIGN(const Tree parts, tree::GitTree::read(objects_, cache_, object.id));
      const bool same = std::all_of(
          parts->entries().begin(), parts->entries().end(), [&](const tree::TreeEntry& part) {
            return part.is_tree() || is_known(before.get(), part);
          });
      if (!same) TRY(add_object(name, object));
    }
    return {};
  }

  Result<void> add_object(const std::string& schema, const tree::TreeEntry& object) {
    TRY_ASSIGN(const std::string name, type::decode_name(object.name));
    TRY_ASSIGN(const auto table, catalog_.find_table(schema, name));
    if (table) {
      TRY_ASSIGN(FeatureSet features, features_of(*table->table));
      needed_.merge(features);
      return {};
    }
    TRY_ASSIGN(const auto view, catalog_.find_view(schema, name));
    if (view == nullptr) return {};
    TRY_ASSIGN(FeatureSet features, features_of(*view));
    needed_.merge(features);
    return {};
  }

  const store::ObjectReader& objects_;
  store::NodeCache& cache_;
  const Oid known_root_;
  const Catalog catalog_;
  FeatureSet needed_;
};

}  // namespace

std::string format_text(const FeatureSet& features) {
  if (features.empty()) return "{\"format\":" + std::to_string(kFormatVersion) + "}\n";
  std::string text = "{\"format\":" + std::to_string(kFormatWithFeatures) + ",\"features\":[";
  for (const std::string& feature : features) {
    if (text.back() != '[') text += ',';
    type::append_json_string(feature, text);
  }
  return text + "]}\n";
}

Result<FeatureSet> features_in(std::string_view text) {
  if (text.size() > kFormatBytesMax)
    return invalid("has more than " + std::to_string(kFormatBytesMax) + " bytes");
  const auto json = type::FlatJson::parse(text);
  const auto* const format = json ? json->get<int64_t>("format") : nullptr;
  if (format == nullptr || *format < 0) return invalid("does not name a format");
  if (*format == 0) return invalid("names format 0, which never was");
  if (*format > kFormatWithFeatures) return newer_format(*format);
  const auto* const names = json->get<type::FlatJson::Texts>("features");
  if (names == nullptr && (json->contains("features") || *format == kFormatWithFeatures))
    return invalid("has no list of features, which are names");
  // Format 1 never looked at other fields. Whoever writes them in format 2 means something.
  if (*format == kFormatWithFeatures && json->fields().size() > 2)
    return invalid("has a field that format " + std::to_string(*format) + " does not know");
  FeatureSet features;
  if (names == nullptr) return features;
  if (names->size() > kFeaturesMax)
    return invalid("names more than " + std::to_string(kFeaturesMax) + " features");
  std::vector<std::string> unknown;
  for (const std::string& name : *names) {
    if (!is_feature_name(name)) return invalid("names a feature as none can be called");
    if (!features.insert(name).second) continue;
    if (!is_known_feature(name)) unknown.push_back(name);
  }
  if (!unknown.empty()) return unknown_features(unknown);
  return features;
}

Result<FeatureSet> named_features(const store::ObjectReader& objects, store::NodeCache& cache,
                                  const Oid& root) {
  TRY_ASSIGN(const tree::TreeEntry entry, format_entry(objects, cache, root));
  if (entry.id == plain_format_id()) return FeatureSet();
  TRY_ASSIGN(const store::ObjectRef object, objects.read(entry.id));
  return features_in(object.bytes);
}

Result<void> check_format(const store::ObjectReader& objects, store::NodeCache& cache,
                          const Oid& root) {
  TRY(named_features(objects, cache, root));
  return {};
}

Result<FeatureSet> needed_features(const store::ObjectReader& objects, store::NodeCache& cache,
                                   const Oid& known_root, const Oid& root) {
  if (!is_any_feature_known() || known_root == root) return FeatureSet();
  return NeededFeatures(objects, cache, known_root, root).find();
}

Result<Oid> with_features(store::PendingObjects& made, store::NodeCache& cache,
                          const Oid& known_root, const Oid& root, const FeatureSet& more) {
  TRY_ASSIGN(const tree::TreeEntry entry, format_entry(made, cache, root));
  Oid known = known_root;
  if (!known.is_zero()) {  // What it names says nothing of a tree that names something else.
    TRY_ASSIGN(const tree::TreeEntry before, format_entry(made, cache, known));
    if (before.id != entry.id) known = Oid{};
  }
  TRY_ASSIGN(FeatureSet features, needed_features(made, cache, known, root));
  TRY_ASSIGN(FeatureSet named, named_features(made, cache, root));
  features.merge(named);
  features.insert(more.begin(), more.end());
  std::string text = format_text(features);
  if (store::hash_object(store::ObjectType::kBlob, text) == entry.id) return root;
  const Oid id = made.add(store::ObjectType::kBlob, std::move(text));
  return tree::edit_paths(made, cache, root,
                          {{std::string(kFormatFile), tree::kModeBlob, id}});
}

}  // namespace rowan::catalog
