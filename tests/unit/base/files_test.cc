// Proves: nothing is opened but regular files that are reached without links; what is made takes the
// place of whatever had the name, whole, and leaves what a link there named alone.
#include "base/files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "unit/temp_folder.h"

namespace rowan {

namespace {

namespace fs = std::filesystem;

void write_file(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

constexpr OpenMode kModes[] = {OpenMode::kRead, OpenMode::kWrite, OpenMode::kCreate,
                               OpenMode::kCreateNew};

}  // namespace

TEST_CASE("whatever is no file of its own is refused by name, in every mode") {
  const TempFolder folder;
  const fs::path outside = folder.path / "outside";
  fs::create_directories(outside / "inner");
  write_file(outside / "kept", "kept");
  const fs::path inside = folder.path / "inside";
  fs::create_directories(inside / "folder");
  fs::create_symlink(outside / "kept", inside / "link");
  fs::create_symlink(outside / "made", inside / "dangling");
  fs::create_symlink(outside, inside / "away");
  REQUIRE(::mkfifo((inside / "fifo").c_str(), 0600) == 0);
  for (const char* name : {"link", "dangling", "away/kept", "fifo", "folder"}) {
    for (const OpenMode mode : kModes) {
      CAPTURE(name);
      CAPTURE(static_cast<int>(mode));
      const auto opened = open_file(inside / name, mode);
      REQUIRE_FALSE(opened.has_value());
      const bool is_there = mode == OpenMode::kCreateNew && name != std::string("away/kept");
      CHECK(opened.error().code() ==
            (is_there ? ErrorCode::kDuplicateFile : ErrorCode::kCorruption));
      CHECK(opened.error().message().find(inside.string()) != std::string::npos);
    }
    CHECK_FALSE(read_whole_file(inside / name, 100).has_value());
    CHECK_FALSE(is_file(inside / name));
  }
  CHECK_FALSE(is_folder(inside / "away"));
  CHECK_FALSE(is_folder(inside / "away" / "inner"));
  CHECK_FALSE(list_folder(inside / "away").has_value());
  CHECK_FALSE(make_folders(inside / "away" / "more").has_value());
  CHECK_FALSE(remove_file(inside / "away" / "kept").has_value());
  CHECK(read_file(outside / "kept") == "kept");
  CHECK_FALSE(fs::exists(outside / "made"));
  CHECK_FALSE(fs::exists(outside / "more"));
  // A path that the user gave is resolved once.
  CHECK(resolve(inside / "away") == outside);
  CHECK(resolve(inside / "folder") == inside / "folder");
  CHECK(read_whole_file(resolve(inside / "away") / "kept", 100).value() == "kept");
}

TEST_CASE("a file with a second name is read, and not written into") {
  const TempFolder folder;
  write_file(folder.path / "one", "text");
  fs::create_hard_link(folder.path / "one", folder.path / "two");
  CHECK(read_whole_file(folder.path / "two", 100).value() == "text");
  CHECK(open_file(folder.path / "two", OpenMode::kWrite).error().code() == ErrorCode::kCorruption);
  CHECK(open_file(folder.path / "two", OpenMode::kCreate).error().code() == ErrorCode::kCorruption);
}

TEST_CASE("a size that a file only claims does not become memory") {
  const TempFolder folder;
  write_file(folder.path / "hole", "");
  fs::resize_file(folder.path / "hole", uint64_t{1} << 40);
  CHECK(read_whole_file(folder.path / "hole", 1u << 20).error().code() == ErrorCode::kCorruption);
  write_file(folder.path / "full", std::string(100, 'x'));
  CHECK(read_whole_file(folder.path / "full", 100).value().size() == 100);
  CHECK_FALSE(read_whole_file(folder.path / "full", 99).has_value());
}

TEST_CASE("a new file takes its place whole, or leaves nothing") {
  const TempFolder folder;
  write_file(folder.path / "kept", "kept");
  const fs::path path = folder.path / "new";
  fs::create_symlink(folder.path / "kept", path);
  for (const bool durable : {false, true}) {
    auto file = NewFile::open(path);
    REQUIRE(file.has_value());
    REQUIRE(file->write(std::string(300'000, 'a')).has_value());
    REQUIRE(file->write("b").has_value());
    REQUIRE(file->commit(durable).has_value());
    CHECK(fs::symlink_status(path).type() == fs::file_type::regular);
    CHECK(read_file(path) == std::string(300'000, 'a') + "b");
  }
  CHECK(read_file(folder.path / "kept") == "kept");
  {
    auto given_up = NewFile::open(path);
    REQUIRE(given_up.has_value());
    REQUIRE(given_up->write("c").has_value());
  }
  fs::remove(path);
  fs::create_directory(path);
  {
    auto in_the_way = NewFile::open(path);
    REQUIRE(in_the_way.has_value());
    CHECK(in_the_way->commit(false).error().code() == ErrorCode::kCorruption);
  }
  CHECK(list_folder(folder.path).value() == std::vector<std::string>{"kept", "new"});
}

}  // namespace rowan
