#include "store/private_packs.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "store/object_links.h"
#include "store/pack_file.h"
#include "store/pack_output.h"

namespace rowan::store {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kKeepTextBytesMax = 4096;

fs::path with_suffix(fs::path stem, const char* suffix) {
  stem += suffix;
  return stem;
}

// Gone already is as good.
Result<void> remove_file(FileSystem& files, const fs::path& path) {
  auto removed = files.unlink(path);
  if (!removed && removed.error().code() == ErrorCode::kUndefinedFile) return {};
  return removed;
}

std::optional<size_t> position_of(const std::vector<Oid>& sorted, const Oid& id) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), id);
  if (at == sorted.end() || *at != id) return std::nullopt;
  return static_cast<size_t>(at - sorted.begin());
}

}  // namespace

Result<void> PrivatePacks::find_left_over(const PackSet& packs) {
  TRY_ASSIGN(const auto names, files_.list(folder_));
  for (const std::string& name : names) {
    if (!name.ends_with(".keep")) continue;
    const auto text = files_.read_whole(folder_ / name, kKeepTextBytesMax);
    if (!text || *text != kPrivateKeepText) continue;
    const fs::path stem = folder_ / name.substr(0, name.size() - 5);
    auto ids = packs.ids_of(stem);
    if (!ids) {
      // The pack had not got its name yet, or is gone already; git's own tools would stumble over
      // what is left.
      TRY(remove(stem));
      continue;
    }
    std::sort(ids->begin(), ids->end());
    Pack pack;
    pack.stem = stem;
    pack.ids = std::move(*ids);
    pack.has_ended = true;
    const std::lock_guard lock(mutex_);
    packs_.push_back(std::move(pack));
  }
  return {};
}

void PrivatePacks::add(const fs::path& stem, std::vector<Oid> ids,
                       const std::optional<Hold>& hold) {
  Pack pack;
  pack.stem = stem;
  pack.ids = std::move(ids);
  std::sort(pack.ids.begin(), pack.ids.end());
  pack.ids.erase(std::unique(pack.ids.begin(), pack.ids.end()), pack.ids.end());
  pack.has_hold = hold.has_value();
  if (hold) pack.hold = *hold;
  const std::lock_guard lock(mutex_);
  packs_.push_back(std::move(pack));
}

void PrivatePacks::note_ended() {
  const std::lock_guard lock(mutex_);
  for (Pack& pack : packs_)
    pack.has_ended = pack.has_ended || (pack.has_hold && pack.hold.expired());
}

void PrivatePacks::end_all() {
  const std::lock_guard lock(mutex_);
  for (Pack& pack : packs_) pack.has_ended = true;
}

Result<void> PrivatePacks::settle(PackSet& packs, const EachNamed& each_named) {
  std::vector<Pack> all;
  {
    const std::lock_guard lock(mutex_);
    all.swap(packs_);
  }
  if (all.empty()) return {};
  Result<void> result = mark_live(all, packs, each_named);
  bool has_changed = false;
  std::vector<Pack> rest;
  for (Pack& pack : all) {
    const bool is_shared = pack.live > 0 && pack.live < pack.ids.size() && is_held(pack);
    const bool is_done = !is_shared && (pack.live > 0 || pack.has_ended);
    if (result && is_shared) {
      result = add_live(pack, packs);
      has_changed = true;
    } else if (result && is_done) {
      result = pack.live > 0 ? publish(pack, packs) : remove(pack.stem);
      has_changed = true;
      if (result) continue;
    }
    pack.is_live.clear();
    pack.live = 0;
    rest.push_back(std::move(pack));
  }
  // The marks must be gone for good before the journal forgets who named the packs.
  if (has_changed && result) result = files_.sync_folder(folder_);
  if (has_changed && result) result = packs.refresh();
  const std::lock_guard lock(mutex_);
  packs_.insert(packs_.end(), std::make_move_iterator(rest.begin()),
                std::make_move_iterator(rest.end()));
  return result;
}

// Everything that the named objects lead to inside the packs. What is new to a transaction is named
// only by what is new as well, so nothing outside needs to be read.
Result<void> PrivatePacks::mark_live(std::vector<Pack>& all, PackSet& packs,
                                     const EachNamed& each_named) const {
  std::vector<Oid> open;
  const auto mark = [&](const Oid& id, LinkKind kind) {
    for (Pack& pack : all) {
      const auto at = position_of(pack.ids, id);
      if (!at) continue;
      if (pack.is_live.empty()) pack.is_live.resize(pack.ids.size());
      if (pack.is_live[*at]) continue;
      pack.is_live[*at] = true;
      ++pack.live;
      if (kind != LinkKind::kBlob) open.push_back(id);
    }
  };
  each_named([&](const Oid& id) { mark(id, LinkKind::kUnknown); });
  while (!open.empty()) {
    const Oid id = open.back();
    open.pop_back();
    TRY_ASSIGN(const auto object, packs.find(id));
    if (!object)
      return Error(ErrorCode::kCorruption,
                   "object " + id.hex() + " of a private pack cannot be found");
    visit_links(object->type, object->bytes, mark);
  }
  return {};
}

// Each step leaves a state from which it can be done again.
Result<void> PrivatePacks::publish(Pack& pack, PackSet& packs) {
  if (pack.live == pack.ids.size()) return remove_file(files_, with_suffix(pack.stem, ".keep"));
  TRY(add_live(pack, packs));
  return remove(pack.stem);
}

Result<void> PrivatePacks::add_live(const Pack& pack, PackSet& packs) {
  TRY_ASSIGN(const WrittenPack written, copy_live(pack, packs));
  packs.add_pack(written.stem);
  return {};
}

bool PrivatePacks::is_held(const Pack& pack) {
  return pack.has_hold && !pack.has_ended && !pack.hold.expired();
}

Result<WrittenPack> PrivatePacks::copy_live(const Pack& pack, const PackSet& packs) const {
  TRY_ASSIGN(const auto source, PackFile::open(pack.stem));
  struct Piece {
    uint64_t offset;
    uint64_t position;
  };
  std::vector<Piece> pieces;
  for (uint64_t i = 0; i < source->count(); ++i) {
    TRY_ASSIGN(const uint64_t offset, source->offset_at(i));
    pieces.push_back({offset, i});
  }
  std::sort(pieces.begin(), pieces.end(),
            [](const Piece& a, const Piece& b) { return a.offset < b.offset; });
  Deflater deflater(PackOptions{}.compression);
  TRY_ASSIGN(auto output,
             PackOutput::open(folder_, {.files = &files_, .keep = false, .count = pack.live}));
  for (size_t i = 0; i < pieces.size(); ++i) {
    const Oid id = source->id_at(pieces[i].position);
    const auto at = position_of(pack.ids, id);
    if (!at || !pack.is_live[*at]) continue;
    TRY_ASSIGN(const PackEntry entry, source->entry_at(pieces[i].offset));
    const uint64_t end = i + 1 < pieces.size() ? pieces[i + 1].offset : source->entries_end();
    if (entry.data_offset >= end)
      return source->corrupt(entry.offset, "has an entry that is cut short");
    if (entry.form == PackEntry::Form::kWhole) {
      TRY(output->add(id, source->raw(entry.offset, entry.data_offset),
                      source->raw(entry.data_offset, end)));
      continue;
    }
    TRY_ASSIGN(const auto object, packs.find(id, true));
    if (!object) return source->corrupt(entry.offset, "has an object that cannot be read");
    std::string deflated;
    deflater.append(object->bytes, deflated);
    TRY(output->add(id, whole_entry_head(object->type, object->bytes.size()), deflated));
  }
  return output->finish();
}

// The index first: without it git does not look for the pack. The mark last, so that a crash in
// between is repaired at the next open.
Result<void> PrivatePacks::remove(const fs::path& stem) {
  for (const char* suffix : {".idx", ".pack", ".rev", ".bitmap", ".keep"}) {
    TRY(remove_file(files_, with_suffix(stem, suffix)));
  }
  return {};
}

}  // namespace rowan::store
