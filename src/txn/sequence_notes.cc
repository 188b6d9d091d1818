#include "txn/sequence_notes.h"

#include <fmt/format.h>

#include <sstream>

#include "base/files.h"
#include "base/hash.h"

namespace rowan::txn {

namespace {

constexpr std::string_view kHead = "rowan sequences 1\n";
constexpr uint64_t kBytesMax = 64u << 20;

std::string last_line(std::string_view text) { return fmt::format("{:016x}\n", hash64(text, 0)); }

Result<void> remove_for_good(const std::filesystem::path& file) {
  TRY_ASSIGN(const Folder folder, Folder::open(file.parent_path()));
  TRY(folder.unlink(file.filename().string()));
  return folder.sync();
}

}  // namespace

Result<void> write_sequence_notes(const std::filesystem::path& file,
                                  const std::vector<SequenceNote>& notes) {
  if (notes.empty()) return {};
  std::string text(kHead);
  for (const SequenceNote& note : notes)
    text += fmt::format("{} {} {} {}\n", note.value, note.covered, note.branch, note.path);
  text += last_line(text);
  TRY(make_folders(file.parent_path()));
  TRY_ASSIGN(NewFile out, NewFile::open(file));
  TRY(out.write(text));
  return out.commit(false);
}

std::vector<SequenceNote> take_sequence_notes(const std::filesystem::path& file) {
  const auto read = read_whole_file(file, kBytesMax);
  if (!read || !remove_for_good(file)) return {};
  const std::string& text = *read;
  const size_t body = text.size() < 17 ? 0 : text.size() - 17;
  if (!text.starts_with(kHead) || body < kHead.size() ||
      text.substr(body) != last_line(std::string_view(text).substr(0, body)))
    return {};
  std::vector<SequenceNote> notes;
  std::istringstream lines(text.substr(kHead.size(), body - kHead.size()));
  for (SequenceNote note; lines >> note.value >> note.covered >> note.branch >> note.path;)
    notes.push_back(note);
  return notes;
}

}  // namespace rowan::txn
