// Arbitrary bytes as the files that Rowan keeps beside Git's: the store's state, the history index,
// the counts of rows and the notes of sequences. Each is read as a whole or not at all, and what is
// read is written so that it reads again.
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/hash.h"
#include "derived/history_index.h"
#include "derived/row_counts.h"
#include "fuzz_input.h"
#include "git/commit.h"
#include "store/file_system.h"
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("rowan-fuzz-" + std::to_string(::getpid()));
  fuzz::Input input(data, size);
  const uint8_t kind = input.byte() % 4;
  const bool is_framed = input.byte() % 4 != 0;
  Oid commit;
  if (input.rest().size() > Oid::kBytes) commit = Oid::from_raw(input.rest().data() + 1);
  const std::string_view rest = input.rest();
  std::ofstream(file, std::ios::binary | std::ios::trunc)
      << (!is_framed  ? std::string(rest)
          : kind == 0 ? state_file(rest)
          : kind == 1 ? history_file(input)
          : kind == 2 ? counts_file(rest)
                      : notes_file(rest));
  if (kind == 0) check_state(file);
  if (kind == 1) check_history(file, commit);
  if (kind == 2) derived::RowCounts(file).find(commit);
  if (kind == 3) check_notes(file);
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
  return 0;
}
