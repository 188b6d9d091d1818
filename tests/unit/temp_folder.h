// TempFolder: a folder of a test's own that is gone when the object is.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

namespace rowan {

struct TempFolder {
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "rowan-test-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  std::filesystem::path repository() const { return path / "db"; }  // For one to be made in.

  std::filesystem::path path;
};

}  // namespace rowan
