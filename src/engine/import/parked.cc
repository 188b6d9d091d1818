#include "engine/import/parked.h"

#include <fmt/format.h>

#include <algorithm>

#include "git/ref_names.h"
#include "type/flat_json.h"

namespace rowan::engine {

namespace {

constexpr std::string_view kUnknown =
    "it is being looked at, or it does not follow the branch's last commit";
constexpr size_t kDigitsMin = 4;

std::string reason_ref(std::string_view branch, const Oid& commit) {
  return fmt::format("{}{}/{}", git::kReasonRefs, branch, commit.hex());
}

// What was written down of a tip. Until it is judged there is nothing, nor where a branch with a
// history policy was set back, or in a repository that an older version wrote.
void read_reason(const store::ObjectStore& store, ParkedTip& tip) {
  tip.reason = kUnknown;
  const auto id = store.ref(reason_ref(tip.branch, tip.commit));
  if (!id) return;
  const auto object = store.read(*id);
  if (!object || object->type != store::ObjectType::kBlob) return;
  const auto json = type::FlatJson::parse(object->bytes);
  if (!json) return;
  const auto text = [&](const char* key) {
    const auto* const found = json->get<std::string>(key);
    return found != nullptr ? *found : std::string();
  };
  const auto number = [&](const char* key) {
    const auto* const found = json->get<int64_t>(key);
    return found != nullptr ? *found : 0;
  };
  tip.parked_us = number("parked_us");
  tip.sqlstate = text("sqlstate");
  tip.place = {text("file"), static_cast<uint64_t>(std::max<int64_t>(0, number("line")))};
  tip.reason = text("reason");
  tip.is_rewind = number("rewind") != 0;
}

// Whether the tip's branch has it in its history, so that nothing of it is left to take.
bool is_held(txn::Manager& manager, const ParkedTip& tip) {
  if (tip.is_rewind) return false;
  const auto branch = manager.tip_snapshot(tip.branch);
  if (!branch || !manager.history().ensure(manager.store(), branch->commit)) return false;
  return manager.history().find(tip.commit) &&
         manager.history().is_ancestor(tip.commit, branch->commit);
}

std::vector<ParkedTip> all_tips(txn::Manager& manager) {
  std::vector<ParkedTip> tips;
  for (const store::RefEntry& ref : manager.store().refs(git::kForeignRefs)) {
    const std::string_view name = std::string_view(ref.name).substr(git::kForeignRefs.size());
    ParkedTip tip;
    tip.branch = name.substr(0, name.rfind('/'));
    tip.commit = ref.value;
    tip.ref = ref.name;
    read_reason(manager.store(), tip);
    tips.push_back(std::move(tip));
  }
  return tips;
}

}  // namespace

std::string bare_reason(const Objection& objection) {
  std::string_view text = objection.error.message();
  for (const std::string& part :
       {objection.place.file + ": ", fmt::format("line {}: ", objection.place.line)}) {
    if (text.starts_with(part)) text.remove_prefix(part.size());
  }
  return std::string(text);
}

std::string parked_ref(std::string_view branch, const Oid& commit) {
  return fmt::format("{}{}/{}", git::kForeignRefs, branch, commit.hex());
}

std::vector<ParkedTip> parked_tips(txn::Manager& manager) {
  std::vector<ParkedTip> tips = all_tips(manager);
  std::erase_if(tips, [&](const ParkedTip& tip) { return is_held(manager, tip); });
  return tips;
}

Result<ParkedTip> find_parked(txn::Manager& manager, std::string_view name,
                              const versions::HintWords& words) {
  std::optional<ParkedTip> found;
  for (ParkedTip& tip : all_tips(manager)) {
    const bool is_named =
        tip.ref == name || (name.size() >= kDigitsMin && tip.commit.hex().starts_with(name));
    if (!is_named) continue;
    if (found) {
      return Error(ErrorCode::kAmbiguousRevision,
                   fmt::format("\"{}\" names several foreign tips", name))
          .with_hint(
              fmt::format("Give more digits, or the whole ref; {} lists them.", words.list_foreign));
    }
    found = std::move(tip);
  }
  if (found) return std::move(*found);
  if (name.size() < kDigitsMin) {
    return Error(ErrorCode::kUndefinedRevision,
                 fmt::format("\"{}\" is too short to name a foreign tip", name))
        .with_hint(fmt::format("Give at least {} digits of its id; {} lists them.", kDigitsMin,
                               words.list_foreign));
  }
  return Error(ErrorCode::kUndefinedRevision, fmt::format("there is no foreign tip \"{}\"", name))
      .with_hint(fmt::format("{} lists them.", words.list_foreign));
}

store::RefUpdate reason_update(const store::ObjectStore& store, store::PendingObjects& objects,
                               const ParkedTip& tip) {
  type::FlatJsonWriter json;
  json.add("parked_us", tip.parked_us);
  json.add("sqlstate", tip.sqlstate);
  if (!tip.place.file.empty()) json.add("file", tip.place.file);
  if (tip.place.line != 0) json.add("line", static_cast<int64_t>(tip.place.line));
  if (tip.is_rewind) json.add("rewind", int64_t{1});
  json.add("reason", tip.reason);
  const std::string name = reason_ref(tip.branch, tip.commit);
  const Oid blob = objects.add(store::ObjectType::kBlob, std::move(json).text());
  return {name, store.ref(name).value_or(Oid{}), blob};
}

std::vector<store::RefUpdate> forget_updates(const store::ObjectStore& store,
                                             std::string_view branch, const Oid& commit) {
  std::vector<store::RefUpdate> refs;
  for (std::string name : {parked_ref(branch, commit), reason_ref(branch, commit)}) {
    if (const auto value = store.ref(name)) refs.push_back({std::move(name), *value, Oid{}});
  }
  return refs;
}

Result<void> sweep_parked(txn::Manager& manager) {
  const store::ObjectStore& store = manager.store();
  std::vector<store::RefUpdate> refs;
  for (const ParkedTip& tip : all_tips(manager)) {
    if (!is_held(manager, tip)) continue;
    for (store::RefUpdate& update : forget_updates(store, tip.branch, tip.commit))
      refs.push_back(std::move(update));
  }
  for (const store::RefEntry& ref : store.refs(git::kReasonRefs)) {
    const std::string parked =
        std::string(git::kForeignRefs) + ref.name.substr(git::kReasonRefs.size());
    if (!store.ref(parked)) refs.push_back({ref.name, ref.value, Oid{}});
  }
  return refs.empty() ? Result<void>() : manager.update_refs(nullptr, refs);
}

}  // namespace rowan::engine
