#include "store/remembered_refs.h"

#include <set>
#include <string_view>

#include "git/ref_names.h"

namespace rowan::store {

namespace {

constexpr std::string_view kHeadWord = "HEAD ";

bool is_branch(std::string_view name) {
  return name.starts_with(git::kBranchRefs) && git::is_valid_ref(name);
}

}  // namespace

RememberedRefs read_remembered_refs(Bytes text) {
  RememberedRefs refs;
  std::set<std::string, std::less<>> doubtful;
  bool is_first = true;
  for (size_t end = 0; (end = text.find('\n')) != Bytes::npos; text.remove_prefix(end + 1)) {
    const std::string_view line = text.substr(0, end);
    if (std::exchange(is_first, false) && line.starts_with(kHeadWord)) {
      const std::string_view branch = line.substr(kHeadWord.size());
      if (is_branch(git::branch_ref(branch))) refs.head = branch;
      continue;
    }
    if (line.size() <= Oid::kHexDigits || line[Oid::kHexDigits] != ' ') continue;
    const auto value = Oid::parse(line.substr(0, Oid::kHexDigits));
    const std::string_view name = line.substr(Oid::kHexDigits + 1);
    if (!value || value->is_zero() || !is_branch(name)) continue;
    const auto [known, is_new] = refs.branches.try_emplace(std::string(name), *value);
    if (!is_new && known->second != *value) doubtful.emplace(name);
  }
  for (const std::string& name : doubtful) refs.branches.erase(name);
  return refs;
}

std::string remembered_refs_text(const RememberedRefs& refs) {
  std::string text = refs.head ? std::string(kHeadWord) + *refs.head + "\n" : std::string();
  for (const auto& [name, value] : refs.branches) text += value.hex() + " " + name + "\n";
  return text;
}

}  // namespace rowan::store
