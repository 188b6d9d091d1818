// What the pack tests share: a bare repository in a temporary folder, stock git, and made-up
// histories.
#pragma once

#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "base/oid.h"
#include "store/object_store.h"
#include "store/pack_writer.h"

namespace rowan::store::testing {

namespace fs = std::filesystem;

// A bare repository made by stock git; gone with the object.
class TestRepository {
 public:
  TestRepository() {
    std::string pattern = (fs::temp_directory_path() / "rowan-pack-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    git("init -q --bare .");
  }
  ~TestRepository() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  // Runs git in the repository: what it printed. Any failure fails the test.
  std::string git(const std::string& arguments) const {
    const auto [status, out] = try_git(arguments);
    INFO("git ", arguments, "\n", out);
    REQUIRE(status == 0);
    return out;
  }
  std::pair<int, std::string> try_git(const std::string& arguments) const {
    const std::string command = "cd '" + folder_.string() + "' && GIT_CONFIG_NOSYSTEM=1 HOME=. " +
                                "git -c user.name=a -c user.email=a@b " + arguments + " 2>&1";
    FILE* pipe = popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string out;
    char block[65536];
    while (const size_t got = fread(block, 1, sizeof block, pipe)) out.append(block, got);
    return {pclose(pipe), out};
  }

  const fs::path& folder() const { return folder_; }
  fs::path objects() const { return folder_ / "objects"; }
  fs::path packs() const { return folder_ / "objects" / "pack"; }

 private:
  fs::path folder_;
};

struct MadeObject {
  ObjectType type;
  std::string bytes;
  Oid previous;
  Oid id;
};

inline std::vector<PackObject> as_pack_objects(const std::vector<MadeObject>& made) {
  std::vector<PackObject> objects;
  for (const MadeObject& one : made) objects.push_back({one.id, one.type, one.bytes, one.previous});
  return objects;
}

inline MadeObject make(ObjectType type, std::string bytes, const Oid& previous = {}) {
  const Oid id = hash_object(type, bytes);
  return {type, std::move(bytes), previous, id};
}

inline std::string make_row(std::mt19937_64& random, size_t key) {
  std::string row = std::to_string(1'000'000'000 + key) + "\t";
  for (int i = 0; i < 3; ++i) row += std::to_string(random() % 1'000'000) + "\t";
  return row + "customer number " + std::to_string(random() % 10'000) + "\n";
}

// A table of leaves under interior trees under a root, and one-row commits on it: the shape of the
// real thing. With 13,800 leaves and 10,000 commits it is the synthetic workload that the size
// limit of a commit is given for.
class MadeHistory {
 public:
  MadeHistory(size_t leaves, uint64_t seed) : random_(seed) {
    for (size_t i = 0; i < leaves; ++i) {
      std::vector<std::string> rows;
      std::string text;
      for (size_t row = 0; row < 76; ++row) text += make_row(random_, i * 76 + row);
      leaves_.push_back(make(ObjectType::kBlob, std::move(text)));
    }
    const size_t interiors = (leaves + kFan - 1) / kFan;
    for (size_t i = 0; i < interiors; ++i)
      interiors_.push_back(make(ObjectType::kTree, interior_text(i)));
    const size_t tops = (interiors + kFan - 1) / kFan;
    for (size_t i = 0; i < tops; ++i) tops_.push_back(make(ObjectType::kTree, top_text(i)));
    for (const char* name : {"rows", "orders", "public", "schemas"}) chain_names_.push_back(name);
    chain_.resize(chain_names_.size());
    rebuild_chain();
    commit_ = make(ObjectType::kCommit, commit_text());
  }

  // Everything as it stands.
  std::vector<MadeObject> all() const {
    std::vector<MadeObject> out = leaves_;
    out.insert(out.end(), interiors_.begin(), interiors_.end());
    out.insert(out.end(), tops_.begin(), tops_.end());
    out.insert(out.end(), chain_.begin(), chain_.end());
    out.push_back(commit_);
    return out;
  }

  // Changes one row of one leaf; appends the eight or so objects this makes to `out`.
  void commit(std::vector<MadeObject>& out) {
    const size_t leaf = random_() % leaves_.size();
    std::string text = leaves_[leaf].bytes;
    size_t at = text.find('\n', random_() % (text.size() / 2)) + 1;
    const size_t end = text.find('\n', at) + 1;
    text.replace(at, end - at, make_row(random_, leaf * 76 + random_() % 76));
    renew(leaves_[leaf], std::move(text), out);
    renew(interiors_[leaf / kFan], interior_text(leaf / kFan), out);
    renew(tops_[leaf / kFan / kFan], top_text(leaf / kFan / kFan), out);
    std::vector<MadeObject> before = chain_;
    rebuild_chain();
    for (size_t i = 0; i < chain_.size(); ++i) {
      chain_[i].previous = before[i].id;
      out.push_back(chain_[i]);
    }
    commit_ = make(ObjectType::kCommit, commit_text());
    out.push_back(commit_);
  }

  Oid head() const { return commit_.id; }

 private:
  static constexpr size_t kFan = 64;

  static void renew(MadeObject& node, std::string text, std::vector<MadeObject>& out) {
    const Oid previous = node.id;
    node = make(node.type, std::move(text), previous);
    out.push_back(node);
  }
  static std::string entry(std::string_view mode, const std::string& name, const Oid& id) {
    return std::string(mode) + " " + name + std::string(1, '\0') + std::string(id.raw());
  }
  std::string interior_text(size_t i) const {
    std::string text;
    for (size_t leaf = i * kFan; leaf < std::min(leaves_.size(), (i + 1) * kFan); ++leaf) {
      text += entry("100644", std::to_string(1'000'000 + leaf), leaves_[leaf].id);
    }
    return text;
  }
  std::string top_text(size_t i) const {
    std::string text;
    for (size_t at = i * kFan; at < std::min(interiors_.size(), (i + 1) * kFan); ++at) {
      text += entry("40000", std::to_string(1'000'000 + at), interiors_[at].id);
    }
    return text;
  }
  void rebuild_chain() {
    std::string text;
    for (size_t i = 0; i < tops_.size(); ++i)
      text += entry("40000", std::to_string(1000 + i), tops_[i].id);
    for (size_t i = 0; i < chain_.size(); ++i) {
      chain_[i] = make(ObjectType::kTree, std::move(text));
      text = entry("40000", chain_names_[i], chain_[i].id);
    }
  }
  std::string commit_text() {
    std::string text = "tree " + chain_.back().id.hex() + "\n";
    if (!commit_.bytes.empty()) text += "parent " + commit_.id.hex() + "\n";
    ++time_;
    const std::string who = "rowan <rowan@localhost> " + std::to_string(time_);
    return text + "author " + who + " +0000\ncommitter " + who +
           " +0000\n\nupdate orders\n\nRowan-Time: " + std::to_string(time_) + "000000\n";
  }

  std::mt19937_64 random_;
  uint64_t time_ = 1'700'000'000;
  std::vector<MadeObject> leaves_;
  std::vector<MadeObject> interiors_;
  std::vector<MadeObject> tops_;
  std::vector<std::string> chain_names_;
  std::vector<MadeObject> chain_;  // The trees above the table's own, to the commit's.
  MadeObject commit_{ObjectType::kCommit, {}, {}, {}};
};

inline std::string read_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

inline void write_file(const fs::path& file, const std::string& bytes) {
  fs::create_directories(file.parent_path());
  std::error_code ignored;
  fs::remove(file, ignored);
  std::ofstream(file, std::ios::binary) << bytes;
}

}  // namespace rowan::store::testing
