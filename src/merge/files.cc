#include "merge/files.h"

#include "catalog/paths.h"
#include "git/text_merge.h"

namespace rowan::merge {

namespace {

constexpr size_t kShownBytesMax = 16u << 10;

template <typename T>
std::optional<T> three_way(const T& base, const T& ours, const T& theirs) {
  if (ours == theirs || theirs == base) return ours;
  if (ours == base) return theirs;
  return std::nullopt;
}

// A side's part of a conflict. Empty: it has none.
Result<std::string> shown(const store::ObjectReader& objects, const FileSide& side) {
  if (side.id.is_zero()) return std::string();
  if (side.mode == tree::kModeTree) return "(folder " + side.id.hex() + ")";
  return catalog::shown_file(objects, side.id, side.mode, kShownBytesMax);
}

bool is_file(const FileSide& side) {
  return !side.id.is_zero() && (side.mode == tree::kModeBlob || side.mode == tree::kModeExecutable);
}

// The contents of three sides. A base that is no file counts as empty, as for Git.
class Texts {
 public:
  static Result<Texts> read(const store::ObjectReader& objects, const FileSide& base,
                            const FileSide& ours, const FileSide& theirs) {
    Texts texts;
    texts.mergeable_ = is_file(ours) && is_file(theirs);
    const std::pair<const FileSide*, store::ObjectRef*> sides[] = {
        {&base, &texts.base_}, {&ours, &texts.ours_}, {&theirs, &texts.theirs_}};
    for (const auto& [side, object] : sides) {
      if (!texts.mergeable_) break;
      if (!is_file(*side)) continue;
      TRY_ASSIGN(*object, objects.read(side->id));
      texts.mergeable_ = catalog::is_text(object->bytes);
    }
    return texts;
  }

  // Nothing: they are no texts, or clash and nobody is favoured.
  Result<std::optional<std::string>> merged(git::Favor favor) const {
    if (!mergeable_) return std::optional<std::string>();
    return git::merge_text({base_.bytes, ours_.bytes, theirs_.bytes}, favor);
  }

 private:
  bool mergeable_ = false;
  store::ObjectRef base_, ours_, theirs_;
};

}  // namespace

FileSide side_of(const ChangedFile& file, Side side) {
  const auto at = static_cast<size_t>(side);
  return {file.id[at], file.id[at].is_zero() ? tree::kModeBlob : file.mode[at]};
}

Result<FileSide> merge_passive_file(store::PendingObjects& made, Choices& choices,
                                    const ChangedFile& file) {
  const FileSide base = side_of(file, Side::kBase);
  const FileSide ours = side_of(file, Side::kOurs);
  const FileSide theirs = side_of(file, Side::kTheirs);
  if (const auto stands = three_way(base, ours, theirs)) return *stands;
  const uint32_t mode = three_way(base.mode, ours.mode, theirs.mode).value_or(ours.mode);
  TRY_ASSIGN(const Texts texts, Texts::read(made, base, ours, theirs));
  if (is_file(ours) && is_file(theirs)) {
    if (const auto id = three_way(base.id, ours.id, theirs.id)) return FileSide{*id, mode};
    TRY_ASSIGN(const auto text, texts.merged(git::Favor::kNobody));
    if (text) return FileSide{made.add(store::ObjectType::kBlob, *text), mode};
  }
  SchemaConflict conflict{file.path, "file", {}, {}, {}};
  TRY_ASSIGN(conflict.base, shown(made, base));
  TRY_ASSIGN(conflict.ours, shown(made, ours));
  TRY_ASSIGN(conflict.theirs, shown(made, theirs));
  const size_t open = choices.open.size();
  const Side side = choices.settle(std::move(conflict));
  if (choices.open.size() != open) return ours;
  if (side == Side::kBase) return base;
  TRY_ASSIGN(const auto text,
             texts.merged(side == Side::kOurs ? git::Favor::kOurs : git::Favor::kTheirs));
  if (text) return FileSide{made.add(store::ObjectType::kBlob, *text), mode};
  return side == Side::kOurs ? ours : theirs;
}

}  // namespace rowan::merge
