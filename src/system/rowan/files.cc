// rowan.files: what people keep beside the data. `text` is NULL where the content is no text.
#include "catalog/paths.h"
#include "system/fillers.h"
#include "tree/git_tree.h"

namespace rowan::system {

using type::TypeId;
using type::Value;

Result<void> fill_files(Context& context, const Oid& root, RowCollector& rows) {
  const store::ObjectReader& objects = context.transaction().objects();
  const Oid tree = root.is_zero() ? context.transaction().catalog().root() : root;
  return catalog::each_passive_file(
      objects, context.store().cache(), tree,
      [&](const catalog::PassiveFile& file) -> Result<bool> {
        TRY(context.check_cancelled());
        if (!catalog::check_passive_mode(file.path, file.mode)) return true;  // A link: no file.
        TRY_ASSIGN(const store::ObjectRef object, objects.read(file.id));
        const std::string content(object.bytes);
        rows.add({text_value(file.path), bigint_value(static_cast<int64_t>(content.size())),
                  text_value(file.id.hex()), bool_value(file.mode == tree::kModeExecutable),
                  Value::of_string({TypeId::kBytea}, content),
                  catalog::is_text(content) ? text_value(content) : Value::null(kTextType)});
        return true;
      });
}

}  // namespace rowan::system
