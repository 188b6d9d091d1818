// DIR/rowan/refs and DIR/rowan/publishing, whatever stands in them: a branch is known with a value
// only when a whole line spells both, what is written reads as it was, and a lock file is looked for
// below the repository's refs alone. Input: a byte says how: 0 the bytes are the files; else they
// make lines out of their parts: heads, ids, names, separators and ends, right and wrong ones.
#include <string>
#include <string_view>

#include "fuzz_input.h"
#include "git/ref_names.h"
#include "store/ref_files.h"
#include "store/remembered_refs.h"

namespace {

using namespace rowan;
using fuzz::require;

constexpr std::string_view kNames[] = {
    "refs/heads/main", "refs/heads/a/b", "refs/heads/a", "refs/heads/../x", "refs/heads/",
    "refs/heads/x.lock", "refs/tags/v1", "refs/heads/\xc3\xa4", "/etc/passwd", "packed-refs",
    "refs/heads/-", "refs/rowan/good/main", "refs/heads/a//b", "refs", "HEAD", "refs/heads/HEAD"};
constexpr std::string_view kIds[] = {
    "1111111111111111111111111111111111111111", "0000000000000000000000000000000000000000",
    "ffffffffffffffffffffffffffffffffffffffff", "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
    "111111111111111111111111111111111111111",   "11111111111111111111111111111111111111111", "", "HEAD"};
constexpr std::string_view kBetween[] = {" ", "", "  ", "\t"};
constexpr std::string_view kEnds[] = {"\n", "", "\r\n", "\n\n"};

// Each two bytes are a line.
std::string lines_of(fuzz::Input& input) {
  std::string text;
  while (!input.at_end()) {
    const uint8_t what = input.byte();
    const uint8_t how = input.byte();
    const std::string_view id = kIds[what % 8];
    text += id;
    text += kBetween[how % 8 < 5 ? 0 : how % 8 - 4];
    if (how / 64 == 3) {
      text += input.take(input.byte() % 32);
    } else {
      std::string_view name = kNames[what / 8 % 16];
      if (id == "HEAD" && name.starts_with("refs/heads/")) name.remove_prefix(11);
      text += name;
    }
    text += kEnds[how / 8 % 8 < 5 ? 0 : how / 8 % 8 - 4];
  }
  return text;
}

bool has_line(std::string_view text, std::string_view line) {
  const std::string whole = std::string(line) + "\n";
  return text.starts_with(whole) || text.find("\n" + whole) != text.npos;
}

void check_refs(std::string_view text) {
  const store::RememberedRefs refs = store::read_remembered_refs(text);
  require(!refs.head || has_line(text, "HEAD " + *refs.head), "HEAD is what a line says", text);
  require(!refs.head || git::is_valid_ref("refs/heads/" + *refs.head), "HEAD names a branch", text);
  for (const auto& [name, value] : refs.branches) {
    require(has_line(text, value.hex() + " " + name), "a branch is what a line says", text);
    require(name.starts_with("refs/heads/") && git::is_valid_ref(name), "a branch's name is one");
    require(!value.is_zero(), "a branch that is known is somewhere");
  }
  const std::string written = store::remembered_refs_text(refs);
  const store::RememberedRefs again = store::read_remembered_refs(written);
  require(again.head == refs.head && again.branches == refs.branches, "refs read as written", text);
  require(store::remembered_refs_text(again) == written, "and are written as they were");
  // A line that was torn off says nothing more.
  const store::RememberedRefs torn =
      store::read_remembered_refs(std::string_view(written).substr(0, written.size() / 2));
  for (const auto& [name, value] : torn.branches) {
    const auto whole = refs.branches.find(name);
    require(whole != refs.branches.end() && whole->second == value, "half a file has half its lines");
  }
}

void check_marker(std::string_view text) {
  for (const std::string_view name : store::marked_names(text)) {
    if (name == "packed-refs") continue;
    require(name.starts_with("refs/") && name.find("..") == name.npos && name.back() != '/' &&
                name.find('\0') == name.npos,
            "a lock file lies below refs/", name);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const bool is_raw = input.byte() == 0;
  const std::string text = is_raw ? std::string(input.rest()) : lines_of(input);
  check_refs(text);
  check_marker(text);
  return 0;
}
