// Proves: what is appended durably is what readers of the file find, wherever an append begins and
// however long it is, and nothing beyond its last block changes.
#include "store/file_system.h"

#include <random>

#include "unit/store/store_fixture.h"

namespace rowan::store {

namespace {

std::string random_bytes(std::mt19937& random, size_t bytes) {
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>('a' + random() % 26);
  return text;
}

std::string content_of(FileSystem& files, const std::filesystem::path& path) {
  auto read = files.read_whole(path, 64u << 20);
  REQUIRE(read.has_value());
  return std::move(*read);
}

void append(File& file, std::string& expected, const std::string& bytes, size_t offset) {
  REQUIRE(file.append_durably(bytes, offset).has_value());
  const size_t end = whole_blocks(offset + bytes.size());
  if (expected.size() < end) expected.resize(end, '\0');
  expected.replace(offset, bytes.size(), bytes);
  std::fill(expected.begin() + static_cast<std::ptrdiff_t>(offset + bytes.size()),
            expected.begin() + static_cast<std::ptrdiff_t>(end), '\0');
}

// What follows an append in its block may be zeros, or what was there.
bool is_as_expected(const std::string& found, const std::string& expected, size_t log_end) {
  const size_t end = std::min(whole_blocks(log_end), expected.size());
  return found.substr(0, log_end) == expected.substr(0, log_end) &&
         (found.size() <= end || found.substr(end) == expected.substr(end));
}

}  // namespace

TEST_CASE("appends follow each other, begin anew and go on after the file was opened again") {
  const TempFolder folder;
  FileSystem& files = real_file_system();
  const std::filesystem::path path = folder.path / "log";
  std::mt19937 random(11);
  std::string expected = random_bytes(random, 300'000);
  {
    auto file = files.open(path, OpenMode::kCreateNew);
    REQUIRE(file.has_value());
    REQUIRE((*file)->write(expected, 0).has_value());
  }
  for (int round = 0; round < 6; ++round) {
    size_t end = round % 2 == 0 ? 0 : random() % 60'000;
    for (int opened = 0; opened < 2; ++opened) {
      auto file = files.open(path, OpenMode::kWrite);
      REQUIRE(file.has_value());
      for (int i = 0; i < 40; ++i) {
        const size_t bytes = random() % 20 == 0 ? 4096 * (1 + random() % 3) : 1 + random() % 9000;
        append(**file, expected, random_bytes(random, bytes), end);
        end += bytes;
        std::string seen(end, '\0');
        const auto got = (*file)->read(seen.data(), seen.size(), 0);
        REQUIRE(got.has_value());
        REQUIRE(seen == expected.substr(0, end));
      }
      CHECK(is_as_expected(content_of(files, path), expected, end));
    }
  }
}

TEST_CASE("an append may be larger than any buffer, and the next one follows it") {
  const TempFolder folder;
  FileSystem& files = real_file_system();
  const std::filesystem::path path = folder.path / "log";
  auto file = files.open(path, OpenMode::kCreateNew);
  REQUIRE(file.has_value());
  std::mt19937 random(12);
  std::string expected;
  size_t end = 0;
  for (const size_t bytes : {size_t{100}, size_t{3} << 20, size_t{77}, size_t{1} << 20, size_t{5},
                             (size_t{1} << 20) + 1, size_t{4096}, size_t{1}}) {
    append(**file, expected, random_bytes(random, bytes), end);
    end += bytes;
    CHECK(is_as_expected(content_of(files, path), expected, end));
  }
}

TEST_CASE("a log whose name is another file's by now is still written where it is open") {
  const TempFolder folder;
  FileSystem& files = real_file_system();
  const std::filesystem::path path = folder.path / "log";
  auto file = files.open(path, OpenMode::kCreateNew);
  REQUIRE(file.has_value());
  REQUIRE(files.rename(path, folder.path / "moved").has_value());
  REQUIRE(files.open(path, OpenMode::kCreateNew).has_value());
  REQUIRE((*file)->append_durably("first", 0).has_value());
  REQUIRE((*file)->append_durably("second", 5).has_value());
  CHECK(content_of(files, folder.path / "moved").substr(0, 11) == "firstsecond");
  CHECK(content_of(files, path).empty());
}

}  // namespace rowan::store
