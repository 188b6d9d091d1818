#include "txn/sequence_notes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>

#include "base/hash.h"

namespace rowan::txn {

namespace {

constexpr std::string_view kHead = "rowan sequences 1\n";

std::string last_line(std::string_view text) { return fmt::format("{:016x}\n", hash64(text, 0)); }

bool remove_for_good(const std::filesystem::path& file) {
  std::error_code failed;
  if (!std::filesystem::remove(file, failed) || failed) return false;
  const int folder = ::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return false;
  const bool synced = ::fsync(folder) == 0;
  ::close(folder);
  return synced;
}

}  // namespace

Result<void> write_sequence_notes(const std::filesystem::path& file,
                                  const std::vector<SequenceNote>& notes) {
  if (notes.empty()) return {};
  std::string text(kHead);
  for (const SequenceNote& note : notes)
    text += fmt::format("{} {} {} {}\n", note.value, note.covered, note.branch, note.path);
  text += last_line(text);
  std::error_code ignored;  // Writing tells.
  std::filesystem::create_directories(file.parent_path(), ignored);
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) return Error(ErrorCode::kIoError, "cannot write \"" + file.string() + "\"");
  return {};
}

std::vector<SequenceNote> take_sequence_notes(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return {};
  const std::string text(std::istreambuf_iterator<char>(in), {});
  in.close();
  if (!remove_for_good(file)) return {};
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
