// What a path of a commit's tree is, by its names alone: the one place that parts the data's files
// from those that people keep beside them.
//
//   rowan.json                                kFormat
//   <schema>                                  kSchema         a folder
//   <schema>/schema.sql                       kSchemaFile
//   <schema>/<object>                         kObject         a folder
//   <schema>/<object>/table.sql, rows/…       kObjectPart
//   README.md, .gitattributes, .github/…      kPassive        names that no schema can have
//   <schema>/README.md                        kPassive
//   <schema>/<object>/README.md               kPassive
//   all else                                  kStray          it belongs nowhere
//
// Passive files are carried byte for byte, bounded, and never interpreted. Threads: any.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/object_store.h"
#include "tree/git_tree.h"

namespace rowan::catalog {

inline constexpr std::string_view kReadmeFile = "README.md";

enum class PathKind : uint8_t {
  kFormat,
  kSchema,
  kSchemaFile,
  kObject,
  kObjectPart,
  kPassive,  // A file, or a folder of such.
  kStray,
};
PathKind classify_path(std::string_view path, bool is_folder);
inline bool is_passive(std::string_view path, bool is_folder = false) {
  return classify_path(path, is_folder) == PathKind::kPassive;
}

// Whether every part of a passive path may be stored: UTF-8 without control characters and
// backslashes, nothing that Git takes for its own folder, within the limits. The error says what is
// wrong: kInvalidName, kProgramLimit.
Result<void> check_passive_path(std::string_view path);

struct PassiveFile {
  std::string path;
  Oid id;
  uint32_t mode = tree::kModeBlob;
};
// Every passive file of a commit's tree in the order of their folders, whatever its mode; nothing
// but folders is read. `visit` returns false to stop.
Result<void> each_passive_file(const store::ObjectReader& objects, store::NodeCache& cache,
                               const Oid& root,
                               const std::function<Result<bool>(const PassiveFile&)>& visit);

// Whether Git would merge and show the bytes as text.
bool is_text(Bytes bytes);
// A passive file as people read it: its text, or in brackets what it is. Past `bytes_max` the text
// is cut, and its length and id tell it from others. Never empty.
Result<std::string> shown_file(const store::ObjectReader& objects, const Oid& id, uint32_t mode,
                               size_t bytes_max);

// Why an entry of this mode cannot be carried; nothing is wrong with files and folders.
Result<void> check_passive_mode(std::string_view path, uint32_t mode);  // kInvalidContent.

// Files at the root and in the folders there that are no schemas: what kPassiveFilesMax bounds.
// README.md of a schema or an object is one each, and not among them.
Result<size_t> count_root_files(const store::ObjectReader& objects, store::NodeCache& cache,
                                const Oid& root);

// Names, modes, number and sizes of a tree's passive files. What `known_root`, a tree that was
// checked before, has under the same id is not read again; zero: none. kInvalidContent,
// kProgramLimit; each names the file.
Result<void> check_passive_files(const store::ObjectReader& objects, store::NodeCache& cache,
                                 const Oid& known_root, const Oid& root);

// Of a commit that nothing but history is made of: its passive files may be what they like, but for
// what Git itself objects to (git_files.h). Errors as above.
Result<void> check_git_files(const store::ObjectReader& objects, store::NodeCache& cache,
                             const Oid& known_root, const Oid& root);

}  // namespace rowan::catalog
