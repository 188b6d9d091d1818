// Arbitrary bytes as the files that Rowan keeps beside Git's: the store's state, the history index,
// the counts of rows, the notes of sequences, an index and a journal file's head. Each is read as a
// whole or not at all, and what is read is written so that it reads again. (The journal's records,
// rowan/refs and rowan/publishing have targets of their own; rowan/lock is never read.)
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "base/hash.h"
#include "derived/entry_tree.h"
#include "derived/history_index.h"
#include "derived/row_counts.h"
#include "fuzz_input.h"
#include "git/commit.h"
#include "store/file_system.h"
#include "store/journal_head.h"
#include "store/store_state.h"
#include "txn/sequence_notes.h"

namespace {

using namespace rowan;
using fuzz::require;

void check_state(const std::filesystem::path& file) {
  store::FileSystem& files = store::real_file_system();
  const auto state = store::read_state(files, file);
  if (!state) return;
  require(store::write_state(files, file, *state).has_value(), "a state is written");
  const auto again = store::read_state(files, file);
  require(again && again->published == state->published && again->live_epoch == state->live_epoch &&
              again->next_epoch == state->next_epoch && again->clean == state->clean,
          "a state reads as it was written");
}

void check_history(const std::filesystem::path& file, const Oid& commit) {
  derived::HistoryIndex index(file, false);
  const auto info = index.find(commit);
  if (!info) return;
  require(info->time_us >= 0 && info->time_us <= git::kCommitTimeUsMax, "times are between 1970 and 9999");
  require(index.is_ancestor(commit, commit), "a commit is its own ancestor");
  for (uint64_t n = 0;; ++n) {
    const auto parent = index.nth_parent(commit, n);
    if (!parent) break;
    require(index.is_ancestor(*parent, commit), "a first parent is an ancestor");
  }
  const uint32_t hash = derived::change_hash("public/t", {});
  index.next_candidate(commit, {&hash, 1});
  index.newest_at(commit, info->time_us / 2);
  index.oldest_after(commit, 0);
  index.merge_bases(commit, commit);
}

void check_notes(const std::filesystem::path& file) {
  const auto notes = txn::take_sequence_notes(file);
  if (notes.empty()) return;
  require(txn::write_sequence_notes(file, notes).has_value(), "notes are written");
  require(txn::take_sequence_notes(file) == notes, "notes read as they were written");
}

// What is read can be walked, is in order, and answers as what it is: a set.
void check_index(const std::filesystem::path& file) {
  const auto meter = std::make_shared<std::atomic<size_t>>(0);
  const auto tree = derived::EntryTree::load(file, meter);
  if (!tree) return;
  derived::EntryWalk walk(*tree);
  std::string before;
  uint64_t entries = 0;
  for (walk.move_to(0); walk.valid(); walk.next(), ++entries) {
    const Bytes entry = walk.entry();
    require(entry > Bytes(before), "entries ascend");
    require(tree->rank(entry) == entries, "an entry's rank is its place");
    before = entry;
  }
  require(entries == tree->size(), "as many entries as it says");
  require(tree->save(file).has_value(), "an index is written");
  const auto again = derived::EntryTree::load(file, meter);
  require(again && again->size() == entries, "an index reads as it was written");
  const derived::EntryTree::Edit edit{before + "x", true};
  require(tree->with({&edit, 1}, meter).size() == entries + 1, "an entry can be added");
}

void check_journal_head(Bytes bytes) {
  const auto head = store::read_journal_head(bytes);
  if (!head) return;
  require(store::encode_journal_head(*head).substr(0, store::kJournalHeadUsedBytes) ==
              bytes.substr(0, store::kJournalHeadUsedBytes),
          "a journal file's head is written as it was read");
}

template <typename T>
std::string bytes_of(T value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof value);
}

// The files' heads and checksums are right, so that what they guard is read.
std::string state_file(std::string_view body) {
  std::string rest(body.substr(0, 48));
  rest.resize(48);
  return "RowanSt1" + bytes_of(uint32_t{1}) + bytes_of(crc32(rest)) + rest;
}
std::string history_file(fuzz::Input& input) {
  std::string file = "rowan history 1\n";
  while (!input.at_end()) {
    const std::string_view payload = input.take(input.byte());
    file += bytes_of(static_cast<uint32_t>(payload.size())) + bytes_of(crc32(payload));
    file += payload;
  }
  return file;
}
std::string counts_file(std::string_view body) {
  return "rowan counts 1\n" + std::string(body) + bytes_of(crc32(body));
}
std::string notes_file(std::string_view body) {
  const std::string text = "rowan sequences 1\n" + std::string(body);
  char line[32];
  std::snprintf(line, sizeof line, "%016llx\n", static_cast<unsigned long long>(hash64(text, 0)));
  return text + line;
}

// Leaves of a few entries each, nearly always as a tree has them: a byte of the input says how many
// bytes an entry shares with the one before, one how many follow, and a third is a lie, rarely.
std::string index_file(fuzz::Input& input) {
  std::string places, runs;
  uint64_t entries = 0, leaves = 0;
  while (!input.at_end() && leaves < 64) {
    std::string run, first, last;
    uint32_t in_leaf = 0;
    for (int i = 1 + input.byte() % 8; i > 0 && !input.at_end(); --i, ++in_leaf) {
      const size_t shared = in_leaf == 0 ? 0 : std::min<size_t>(input.byte() % 64, last.size());
      const std::string_view rest = input.take(1 + input.byte() % 63);
      run += static_cast<char>(shared);
      run += static_cast<char>(rest.size());
      run += rest;
      last = last.substr(0, shared) + std::string(rest);
      if (in_leaf == 0) first = last;
    }
    const uint8_t lie = input.byte();
    places += bytes_of<uint64_t>(runs.size() + (lie == 1 ? 1 : 0));
    places += bytes_of<uint32_t>(static_cast<uint32_t>(run.size()) + (lie == 2 ? 1 : 0));
    places += bytes_of<uint32_t>(in_leaf + (lie == 3 ? 1 : 0));
    if (lie == 4) first += 'x';
    places += bytes_of<uint32_t>(static_cast<uint32_t>(first.size())) + first;
    runs += run;
    entries += in_leaf + (lie == 3 ? 1 : 0);
    ++leaves;
  }
  const std::string body = bytes_of(entries) + bytes_of(leaves) + places + runs;
  return "rowanix1" + bytes_of(crc32(body)) + body;
}
std::string journal_head(std::string_view body) {
  std::string rest(body.substr(0, store::kJournalHeadUsedBytes - 8));
  rest.resize(store::kJournalHeadUsedBytes - 8);
  std::string bytes = "RWJF" + bytes_of(crc32(rest)) + rest;
  bytes.resize(store::kJournalHeadBytes);
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("rowan-fuzz-" + std::to_string(::getpid()));
  fuzz::Input input(data, size);
  const uint8_t kind = input.byte() % 6;
  const bool is_framed = input.byte() % 4 != 0;
  Oid commit;
  if (input.rest().size() > Oid::kBytes) commit = Oid::from_raw(input.rest().data() + 1);
  const std::string_view rest = input.rest();
  if (kind == 5) {
    check_journal_head(is_framed ? journal_head(rest) : std::string(rest));
    return 0;
  }
  std::ofstream(file, std::ios::binary | std::ios::trunc)
      << (!is_framed  ? std::string(rest)
          : kind == 0 ? state_file(rest)
          : kind == 1 ? history_file(input)
          : kind == 2 ? counts_file(rest)
          : kind == 4 ? index_file(input)
                      : notes_file(rest));
  if (kind == 0) check_state(file);
  if (kind == 1) check_history(file, commit);
  if (kind == 2) derived::RowCounts(file).find(commit);
  if (kind == 3) check_notes(file);
  if (kind == 4) check_index(file);
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
  return 0;
}
