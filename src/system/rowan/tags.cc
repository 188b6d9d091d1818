// rowan.tags.
#include "git/commit.h"
#include "git/ref_names.h"
#include "git/tag.h"
#include "system/fillers.h"

namespace rowan::system {

using type::Value;

namespace {

std::string subject_of(std::string_view message) { return std::string(git::subject(message)); }

Value text_or_null(std::string value) {
  return value.empty() ? Value::null(kTextType) : text_value(std::move(value));
}

}  // namespace

// An annotated tag says who made it, when and why; for a plain one its commit does, as `git tag -n`
// has it.
Result<void> fill_tags(Context& context, const Values&, RowCollector& rows) {
  const store::ObjectStore& store = context.store();
  for (const store::RefEntry& ref : store.refs(git::kTagRefs)) {
    const std::string name = ref.name.substr(git::kTagRefs.size());
    TRY_ASSIGN(const store::ObjectRef object, store.read(ref.value));
    if (object.type == store::ObjectType::kTag) {
      TRY_ASSIGN(const git::Tag tag, git::parse_tag(object.bytes));
      const auto commit =
          context.manager().resolve_revision(ref.name, "");  // A tag of a tree or blob has none.
      rows.add({text_value(name), commit ? text_value(commit->hex()) : Value::null(kTextType),
                text_or_null(tag.tagger.name), time_value(tag.tagger.seconds * 1'000'000),
                text_value(subject_of(tag.message)), bool_value(true)});
    } else if (object.type == store::ObjectType::kCommit) {
      TRY_ASSIGN(const git::Commit commit, git::parse_commit(object.bytes));
      rows.add({text_value(name), text_value(ref.value.hex()), text_value(commit.author.name),
                time_value(git::commit_time_us(commit)), text_value(subject_of(commit.message)),
                bool_value(false)});
    }
  }
  return {};
}

}  // namespace rowan::system
