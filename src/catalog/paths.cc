#include "catalog/paths.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>

#include "base/limits.h"
#include "catalog/git_files.h"
#include "type/key_codec.h"
#include "type/text.h"

namespace rowan::catalog {

namespace {

// As many files as there may be, each below as many folders as it may be: others unfold.
constexpr size_t kVisitsMax = kPassiveFilesMax * (1 + kPassiveFolderDepthMax);
constexpr std::array<std::string_view, 4> kDefinitionFiles = {"table.sql", "view.sql",
                                                              "matview.sql", "sequence.json"};

std::string lower(std::string_view name) {
  std::string out(name);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// Whether it is the one spelling of a name in SQL, be it too long or not.
bool is_encoded_name(std::string_view part) {
  const auto decoded = type::decode_name(part);
  return decoded && !decoded->empty();
}

// A schema or an object could have the name.
bool can_be_a_name(std::string_view part) {
  const auto decoded = type::decode_name(part);
  return decoded && !decoded->empty() && decoded->size() <= kIdentifierBytesMax;
}

// `part` stands at the root.
PathKind classify_root(std::string_view part, bool is_folder) {
  if (lower(part) == "rowan.json")  // In other letters it would take its place on some disks.
    return part == "rowan.json" && !is_folder ? PathKind::kFormat : PathKind::kStray;
  if (!is_encoded_name(part)) return PathKind::kPassive;
  return is_folder && can_be_a_name(part) ? PathKind::kSchema : PathKind::kStray;
}

// `path` lies in a schema's folder.
PathKind classify_in_schema(std::string_view path, bool is_folder) {
  const size_t slash = path.find('/');
  const std::string_view name = path.substr(0, slash);
  if (slash == std::string_view::npos) {
    if (is_folder) return can_be_a_name(name) ? PathKind::kObject : PathKind::kStray;
    if (name == "schema.sql") return PathKind::kSchemaFile;
    return name == kReadmeFile ? PathKind::kPassive : PathKind::kStray;
  }
  if (!can_be_a_name(name)) return PathKind::kStray;
  const std::string_view rest = path.substr(slash + 1);
  const size_t next = rest.find('/');
  const std::string_view part = rest.substr(0, next);
  const bool part_is_folder = next != std::string_view::npos || is_folder;
  if (part_is_folder)
    return part == "rows" || part == "large" ? PathKind::kObjectPart : PathKind::kStray;
  if (part == kReadmeFile) return PathKind::kPassive;
  const bool defines = std::find(kDefinitionFiles.begin(), kDefinitionFiles.end(), part) !=
                       kDefinitionFiles.end();
  return defines ? PathKind::kObjectPart : PathKind::kStray;
}

Error invalid(std::string_view path, std::string_view what) {
  return Error(ErrorCode::kInvalidContent, std::string(path) + ": " + std::string(what));
}

Error too_much(std::string_view path, const std::string& what) {
  return Error(ErrorCode::kProgramLimit, std::string(path) + ": " + what);
}

using Visit = std::function<Result<bool>(const PassiveFile&)>;
using Tree = std::shared_ptr<const tree::GitTree>;

// The files of a tree that its `known` twin does not have under the same id; of root files all.
class Walk {
 public:
  Walk(const store::ObjectReader& objects, store::NodeCache& cache, const Visit& visit)
      : objects_(objects), cache_(cache), visit_(visit) {}

  Result<void> run(const Oid& known_root, const Oid& root) {
    TRY_ASSIGN(const Tree known, read(known_root));
    TRY_ASSIGN(const Tree top, read(root));
    for (const tree::TreeEntry& entry : top->entries()) {
      if (stopped_) break;
      const std::string path(entry.name);
      const PathKind kind = classify_path(path, entry.is_tree());
      if (kind == PathKind::kPassive && !(skips_known && is_known(known.get(), entry)))
        TRY(passive(path, entry, 1));
      if (kind == PathKind::kSchema && !only_root_files) TRY(schema(path, known.get(), entry));
    }
    return {};
  }

  bool only_root_files = false;
  bool skips_known = false;  // Of root files as well.
  // Asked about every folder below the root's that is people's own, be it empty; null: nobody asks.
  Result<void> (*check_folder)(std::string_view path, uint32_t mode) = nullptr;

 private:
  Result<Tree> read(const Oid& id) const {
    return id.is_zero() ? Result<Tree>(Tree()) : tree::GitTree::read(objects_, cache_, id);
  }
  static bool is_known(const tree::GitTree* known, const tree::TreeEntry& entry) {
    const tree::TreeEntry* before = known == nullptr ? nullptr : known->find(entry.name);
    return before != nullptr && before->id == entry.id && before->mode == entry.mode;
  }
  static Oid folder_in(const tree::GitTree* known, std::string_view name) {
    const tree::TreeEntry* before = known == nullptr ? nullptr : known->find(name);
    return before != nullptr && before->is_tree() ? before->id : Oid{};
  }

  Result<void> schema(const std::string& path, const tree::GitTree* known_root,
                      const tree::TreeEntry& schema) {
    if (is_known(known_root, schema)) return {};
    TRY_ASSIGN(const Tree known, read(folder_in(known_root, schema.name)));
    TRY_ASSIGN(const Tree folder, read(schema.id));
    for (const tree::TreeEntry& entry : folder->entries()) {
      if (stopped_) break;
      if (is_known(known.get(), entry)) continue;
      const std::string below = path + "/" + std::string(entry.name);
      const PathKind kind = classify_path(below, entry.is_tree());
      if (kind == PathKind::kPassive) TRY(passive(below, entry, 1));
      if (kind != PathKind::kObject) continue;
      TRY_ASSIGN(const Tree object, read(entry.id));
      const tree::TreeEntry* readme = object->find(kReadmeFile);
      if (readme != nullptr && !readme->is_tree())
        TRY(passive(below + "/" + std::string(kReadmeFile), *readme, 1));
    }
    return {};
  }

  Result<void> passive(const std::string& path, const tree::TreeEntry& entry, size_t depth) {
    if ((entry.is_tree() || depth > 1) && ++visited_ > kVisitsMax)
      return too_much(path, "there are too many files beside the data");
    if (!entry.is_tree()) {
      TRY_ASSIGN(const bool more, visit_({path, entry.id, entry.mode}));
      stopped_ = !more;
      return {};
    }
    if (depth > kPassiveFolderDepthMax)
      return Error(ErrorCode::kProgramLimit, path + ": folders nest too deeply");
    if (check_folder != nullptr) TRY(check_folder(path, entry.mode));
    TRY_ASSIGN(const Tree folder, read(entry.id));
    for (const tree::TreeEntry& each : folder->entries()) {
      if (stopped_) break;
      TRY(passive(path + "/" + std::string(each.name), each, depth + 1));
    }
    return {};
  }

  const store::ObjectReader& objects_;
  store::NodeCache& cache_;
  const Visit& visit_;
  size_t visited_ = 0;  // Folders and what is in them, so far.
  bool stopped_ = false;
};

bool is_root_file(std::string_view path) {
  return classify_root(path.substr(0, path.find('/')), path.find('/') != std::string_view::npos) ==
         PathKind::kPassive;
}

}  // namespace

PathKind classify_path(std::string_view path, bool is_folder) {
  const size_t slash = path.find('/');
  const std::string_view part = path.substr(0, slash);
  const PathKind kind = classify_root(part, slash != std::string_view::npos || is_folder);
  if (slash == std::string_view::npos || kind != PathKind::kSchema) return kind;
  return classify_in_schema(path.substr(slash + 1), is_folder);
}

Result<void> check_passive_path(std::string_view path) {
  const auto wrong = [](const std::string& what) { return Error(ErrorCode::kInvalidName, what); };
  if (path.size() > kPassivePathBytesMax)
    return Error(ErrorCode::kProgramLimit, "a file's path has more than " +
                                               std::to_string(kPassivePathBytesMax) + " bytes");
  if (!type::is_valid_utf8(path)) return wrong("the file's path is not valid UTF-8");
  size_t depth = 0;
  for (std::string_view rest = path;; ++depth) {
    const size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    if (part.empty() || part == "." || part == ".." || is_gits_own(part))
      return wrong("\"" + std::string(path) + "\" has a part that Git does not store");
    if (part.size() > kPassiveNameBytesMax)
      return Error(ErrorCode::kProgramLimit, "a part of a file's path has more than " +
                                                 std::to_string(kPassiveNameBytesMax) + " bytes");
    const bool plain = std::none_of(part.begin(), part.end(), [](char c) {
      return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\';
    });
    if (!plain)
      return wrong("the file's path has a control character or a backslash");
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  if (depth > kPassiveFolderDepthMax)
    return Error(ErrorCode::kProgramLimit, "a file lies below more than " +
                                               std::to_string(kPassiveFolderDepthMax) + " folders");
  return {};
}

Result<void> each_passive_file(const store::ObjectReader& objects, store::NodeCache& cache,
                               const Oid& root, const Visit& visit) {
  return Walk(objects, cache, visit).run(Oid{}, root);
}

Result<size_t> count_root_files(const store::ObjectReader& objects, store::NodeCache& cache,
                                const Oid& root) {
  size_t count = 0;
  const Visit visit = [&](const PassiveFile&) -> Result<bool> { return ++count < kPassiveFilesMax; };
  Walk walk(objects, cache, visit);
  walk.only_root_files = true;
  TRY(walk.run(Oid{}, root));
  return count;
}

bool is_text(Bytes bytes) {
  return bytes.find('\0') == Bytes::npos && type::is_valid_utf8(bytes);
}

Result<std::string> shown_file(const store::ObjectReader& objects, const Oid& id, uint32_t mode,
                               size_t bytes_max) {
  if (mode == tree::kModeGitlink) return "(submodule at " + id.hex() + ")";
  TRY_ASSIGN(const store::ObjectRef object, objects.read(id));
  const Bytes bytes = object.bytes;
  const std::string size = std::to_string(bytes.size()) + " bytes, " + id.hex() + ")";
  if (bytes.empty()) return std::string("(empty file)");
  if (!is_text(bytes)) return "(binary file, " + size;
  if (bytes.size() <= bytes_max) return std::string(bytes);
  size_t cut = bytes_max;
  while (cut > 0 && (static_cast<unsigned char>(bytes[cut]) & 0xc0) == 0x80) --cut;
  return std::string(bytes.substr(0, cut)) + "\n(cut: " + size;
}

Result<void> check_passive_mode(std::string_view path, uint32_t mode) {
  if (mode == tree::kModeSymlink)
    return invalid(path, "symbolic links are not carried: put the file itself there");
  if (mode == tree::kModeGitlink)
    return invalid(path, "submodules are not carried: a commit holds all that it needs");
  return {};
}

namespace {

// As the content of a commit.
Result<void> check_pushed_path(std::string_view path, uint32_t mode) {
  TRY(check_passive_mode(path, mode));
  TRY(check_git_entry(path, mode));
  auto named = check_passive_path(path);
  if (named) return {};
  const ErrorCode code = named.error().code() == ErrorCode::kInvalidName ? ErrorCode::kInvalidContent
                                                                         : named.error().code();
  return Error(code, std::string(path) + ": " + named.error().message());
}

}  // namespace

Result<void> check_passive_files(const store::ObjectReader& objects, store::NodeCache& cache,
                                 const Oid& known_root, const Oid& root) {
  size_t count = 0;
  const auto check = [&](const PassiveFile& file) -> Result<bool> {
    if (is_root_file(file.path) && ++count > kPassiveFilesMax)
      return too_much(file.path, "there are more than " + std::to_string(kPassiveFilesMax) +
                                     " files beside the data");
    TRY(check_pushed_path(file.path, file.mode));
    if (!known_root.is_zero()) {
      TRY_ASSIGN(const auto before, tree::find_path(objects, cache, known_root, file.path));
      if (before && before->id == file.id && before->is_file()) return true;
    }
    TRY_ASSIGN(const store::ObjectRef object, objects.read(file.id));
    if (object.type != store::ObjectType::kBlob) return invalid(file.path, "it is no file");
    if (object.bytes.size() > kPassiveFileBytesMax)
      return too_much(file.path, "it has more than " + std::to_string(kPassiveFileBytesMax) +
                                     " bytes, the most for a file beside the data");
    TRY(check_git_file(file.path, object.bytes));
    return true;
  };
  const Visit visit = check;
  Walk walk(objects, cache, visit);
  walk.check_folder = check_pushed_path;
  return walk.run(known_root, root);
}

Result<void> check_git_files(const store::ObjectReader& objects, store::NodeCache& cache,
                             const Oid& known_root, const Oid& root) {
  const auto check = [&](const PassiveFile& file) -> Result<bool> {
    TRY(check_git_entry(file.path, file.mode));
    if (!is_git_file(file.path) || file.mode == tree::kModeGitlink) return true;
    TRY_ASSIGN(const store::ObjectRef object, objects.read(file.id));
    TRY(check_git_file(file.path, object.bytes));
    return true;
  };
  const Visit visit = check;
  Walk walk(objects, cache, visit);
  walk.check_folder = check_git_entry;
  walk.skips_known = true;
  return walk.run(known_root, root);
}

}  // namespace rowan::catalog
