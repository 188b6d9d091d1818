#include "exec/files.h"

#include <fmt/format.h>

#include "base/limits.h"
#include "catalog/git_files.h"
#include "catalog/paths.h"
#include "git/collision.h"
#include "type/key_codec.h"

namespace rowan::exec {

namespace {

using catalog::PathKind;

// A path that is no passive file's.
Error not_passive(std::string_view path, PathKind kind) {
  constexpr std::string_view kHint =
      "Files beside the data are those at the root whose name no schema can have (README.md, "
      "LICENSE, .github/…), and README.md in the folder of a schema or a table.";
  const bool is_data = kind != PathKind::kStray && kind != PathKind::kPassive;
  return Error(ErrorCode::kInvalidName,
               is_data ? fmt::format("\"{}\" belongs to the data, which only SQL changes", path)
                       : fmt::format("no file can be kept at \"{}\"", path))
      .with_hint(std::string(kHint));
}

Result<void> check_path(std::string_view path) {
  TRY(catalog::check_passive_path(path));
  const PathKind kind = catalog::classify_path(path, false);
  if (kind != PathKind::kPassive) return not_passive(path, kind);
  return {};
}

Result<txn::Transaction*> usable(txn::Transaction* transaction) {
  if (transaction != nullptr) return transaction;
  return Error(ErrorCode::kFeatureNotSupported, "files cannot be written here");
}

}  // namespace

Result<std::optional<tree::TreeEntry>> SessionFiles::entry_at(std::string_view path) const {
  return tree::find_path(transaction_->objects(), *cache_,
                         transaction_->catalog().root(), path);
}

// A file has no place below another one, nor README.md in a folder of a schema or a table that is
// not there.
Result<void> SessionFiles::check_place(std::string_view path) const {
  for (size_t slash = path.find('/'); slash != std::string_view::npos;
       slash = path.find('/', slash + 1)) {
    const std::string_view folder = path.substr(0, slash);
    TRY_ASSIGN(const auto entry, entry_at(folder));
    if (entry && !entry->is_tree())
      return Error(ErrorCode::kDuplicateFile, fmt::format("\"{}\" is a file, not a folder", folder));
    if (entry) continue;
    const PathKind kind = catalog::classify_path(folder, true);
    TRY_ASSIGN(const std::string name, kind == PathKind::kPassive
                                           ? Result<std::string>(std::string())
                                           : type::decode_name(folder.substr(folder.rfind('/') + 1)));
    if (kind == PathKind::kSchema)
      return Error(ErrorCode::kInvalidSchemaName, fmt::format("schema \"{}\" does not exist", name));
    if (kind == PathKind::kObject)
      return Error(ErrorCode::kUndefinedTable, fmt::format("relation \"{}\" does not exist", name));
  }
  return {};
}

Result<void> SessionFiles::check_new(std::string_view path) const {
  const size_t slash = path.find('/');
  const std::string_view first = path.substr(0, slash);
  if (!catalog::is_passive(first, slash != std::string_view::npos)) return {};  // README.md: one each.
  TRY_ASSIGN(const size_t count,
             catalog::count_root_files(transaction_->objects(), *cache_,
                                       transaction_->catalog().root()));
  if (count < kPassiveFilesMax) return {};
  return Error(ErrorCode::kProgramLimit,
               fmt::format("there are {} files beside the data, the most there can be", count));
}

Result<std::string> SessionFiles::write(std::string_view path, std::string_view content,
                                        std::optional<bool> executable) {
  TRY(usable(transaction_));
  TRY(check_path(path));
  if (content.size() > kPassiveFileBytesMax)
    return Error(ErrorCode::kProgramLimit,
                 fmt::format("file \"{}\" would have {} bytes; the most is {}", path, content.size(),
                             kPassiveFileBytesMax));
  TRY(catalog::check_git_file(path, content));
  TRY(check_place(path));
  TRY_ASSIGN(const auto before, entry_at(path));
  if (before && before->is_tree())
    return Error(ErrorCode::kDuplicateFile, fmt::format("\"{}\" is a folder", path));
  if (!before) TRY(check_new(path));
  const Oid id = store::hash_object(store::ObjectType::kBlob, content);
  TRY(git::check_collision(id, content));
  const bool was_executable = before && before->mode == tree::kModeExecutable;
  const bool runs = executable.value_or(was_executable);
  const bool same = before && before->id == id && runs == was_executable;
  if (!same) TRY(transaction_->put_file(std::string(path), std::string(content), runs));
  return id.hex();
}

Result<void> SessionFiles::remove(std::string_view path) {
  TRY(usable(transaction_));
  TRY(check_path(path));
  TRY_ASSIGN(const auto before, entry_at(path));
  if (!before || before->is_tree())
    return Error(ErrorCode::kUndefinedFile, fmt::format("file \"{}\" does not exist", path))
        .with_hint("rowan.files lists those that there are.");
  return transaction_->put_file(std::string(path), std::nullopt);
}

}  // namespace rowan::exec
