#include "engine/import/paths.h"

#include <algorithm>
#include <array>

namespace rowan::engine {

namespace {

constexpr std::array<std::string_view, 4> kDefinitions = {"table.sql", "view.sql", "matview.sql",
                                                          "sequence.json"};

PathKind classify_root(std::string_view name, bool is_folder) {
  if (is_folder) return PathKind::kSchemaFolder;
  if (name == "rowan.json") return PathKind::kFormat;
  return name == ".gitattributes" ? PathKind::kAttributes : PathKind::kStranger;
}

PathKind classify_in_object(std::string_view name, bool is_folder) {
  if (is_folder && name == "rows") return PathKind::kRowsFolder;
  if (is_folder && name == "large") return PathKind::kLargeFolder;
  const bool defines =
      !is_folder && std::find(kDefinitions.begin(), kDefinitions.end(), name) != kDefinitions.end();
  return defines ? PathKind::kObjectDefinition : PathKind::kStranger;
}

}  // namespace

PathKind classify_path(std::string_view path, bool is_folder) {
  const size_t schema = path.find('/');
  if (schema == std::string_view::npos) return classify_root(path, is_folder);
  const size_t object = path.find('/', schema + 1);
  if (object == std::string_view::npos) {
    if (is_folder) return PathKind::kObjectFolder;
    return path.substr(schema + 1) == "schema.sql" ? PathKind::kSchemaDefinition
                                                   : PathKind::kStranger;
  }
  const std::string_view rest = path.substr(object + 1);
  const std::string_view first = rest.substr(0, rest.find('/'));
  return classify_in_object(first, is_folder || first.size() < rest.size());
}

}  // namespace rowan::engine
