// SnapshotReader: the functions of the catalogue (expr/catalog_reader.h) over what a context sees.
#pragma once

#include "expr/catalog_reader.h"
#include "system/context.h"

namespace rowan::system {

class SnapshotReader final : public expr::CatalogReader {
 public:
  explicit SnapshotReader(Context& context) : context_(context) {}

  Result<std::optional<std::string>> name_of(expr::ObjectClass kind, int64_t oid) override;
  Result<std::optional<int64_t>> oid_of(expr::ObjectClass kind, std::string_view name) override;
  Result<std::optional<bool>> is_visible(int64_t relation) override;
  Result<std::optional<std::string>> definition_of(expr::DefinitionKind kind, int64_t oid,
                                                   const Wanted& wanted) override;
  Result<std::optional<std::string>> sequence_of(std::string_view table,
                                                 std::string_view column) override;
  std::optional<std::string> setting(std::string_view name) override;
  Result<std::string> change_setting(std::string_view name, std::string_view value,
                                     bool is_local) override;

 private:
  Context& context_;
};

}  // namespace rowan::system
