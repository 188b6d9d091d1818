#include "type/jsonb.h"

#include <utility>
#include <vector>

#include "type/json_text.h"
#include "type/number_text.h"
#include "type/numeric.h"

namespace rowan::type {

namespace {

// A document's parts, in their order. Names and values stand as written.
struct Members {
  std::vector<std::pair<std::string_view, std::string_view>> items;  // An array's have no names.
};

std::string_view take(std::string_view& rest) {
  const char* const stop = skip_json(rest.data(), rest.data() + rest.size());
  const std::string_view part = rest.substr(0, static_cast<size_t>(stop - rest.data()));
  rest.remove_prefix(part.size());
  return part;
}

// Requires: canonical text of an object or array, so between parts stand ", " and ": ".
Members members_of(std::string_view container) {
  Members members;
  const bool object = container.front() == '{';
  std::string_view rest = container.substr(1, container.size() - 2);
  while (!rest.empty()) {
    std::string_view name;
    if (object) {
      name = take(rest);
      rest.remove_prefix(2);
    }
    members.items.emplace_back(name, take(rest));
    if (!rest.empty()) rest.remove_prefix(2);
  }
  return members;
}

enum class Rank : uint8_t { kNull, kString, kNumber, kBoolean, kArray, kObject };

Rank rank_of(std::string_view value) {
  switch (value.front()) {
    case '{':
      return Rank::kObject;
    case '[':
      return Rank::kArray;
    case '"':
      return Rank::kString;
    case 't':
    case 'f':
      return Rank::kBoolean;
    case 'n':
      return Rank::kNull;
    default:
      return Rank::kNumber;
  }
}

std::string plain(std::string_view quoted) {
  std::string text;
  read_json_string(quoted, text);
  return text;
}

int compare_strings_as_written(std::string_view a, std::string_view b) {
  if (a == b) return 0;
  return plain(a).compare(plain(b));
}

template <typename T>
int order(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

int compare_values(std::string_view a, std::string_view b);

int compare_members(std::string_view a, std::string_view b) {
  const Members left = members_of(a);
  const Members right = members_of(b);
  if (left.items.size() != right.items.size()) {
    return order(left.items.size(), right.items.size());
  }
  for (size_t i = 0; i < left.items.size(); ++i) {
    const auto& [name_a, value_a] = left.items[i];
    const auto& [name_b, value_b] = right.items[i];
    if (!name_a.empty()) {
      if (const int names = compare_strings_as_written(name_a, name_b); names != 0) return names;
    }
    if (const int values = compare_values(value_a, value_b); values != 0) return values;
  }
  return 0;
}

int compare_values(std::string_view a, std::string_view b) {
  const Rank rank = rank_of(a);
  if (rank != rank_of(b)) return order(rank, rank_of(b));
  switch (rank) {
    case Rank::kNull:
      return 0;
    case Rank::kString:
      return compare_strings_as_written(a, b);
    case Rank::kNumber:
      return numeric_compare(a, b);
    case Rank::kBoolean:
      return order(a == "true", b == "true");
    case Rank::kArray:
    case Rank::kObject:
      return compare_members(a, b);
  }
  return 0;
}

bool is_scalar(std::string_view value) { return rank_of(value) < Rank::kArray; }

// By length, then bytes: the order in which an object keeps its names.
bool before(std::string_view a, std::string_view b) {
  const std::string x = plain(a);
  const std::string y = plain(b);
  return x.size() != y.size() ? x.size() < y.size() : x < y;
}

std::string merge_objects(std::string_view a, std::string_view b) {
  const Members left = members_of(a);
  const Members right = members_of(b);
  std::string out = "{";
  const auto append = [&out](const auto& member) {
    if (out.size() > 1) out += ", ";
    out.append(member.first).append(": ").append(member.second);
  };
  size_t i = 0;
  for (const auto& member : right.items) {
    for (; i < left.items.size() && before(left.items[i].first, member.first); ++i) {
      append(left.items[i]);
    }
    if (i < left.items.size() && left.items[i].first == member.first) ++i;
    append(member);
  }
  for (; i < left.items.size(); ++i) append(left.items[i]);
  return out + "}";
}

// What stands between an array's brackets; anything else is one element.
std::string_view elements(std::string_view value) {
  return rank_of(value) == Rank::kArray ? value.substr(1, value.size() - 2) : value;
}

}  // namespace

int jsonb_compare(std::string_view a, std::string_view b) {
  if (a == b) return 0;
  if (a.empty() || b.empty()) return order(a.size(), b.size());  // Under a NULL.
  // At the top a scalar is kept as an array of one, which only an empty array is below.
  if (is_scalar(a) && rank_of(b) == Rank::kArray) return b == "[]" ? 1 : -1;
  if (is_scalar(b) && rank_of(a) == Rank::kArray) return a == "[]" ? -1 : 1;
  return compare_values(a, b);
}

void append_jsonb_identity(std::string_view jsonb, std::string& out) {
  for (size_t i = 0; i < jsonb.size();) {
    const size_t from = i;
    if (jsonb[i] == '"') {
      for (++i; jsonb[i] != '"'; ++i) i += jsonb[i] == '\\' ? 1 : 0;
      ++i;
    } else if (is_digit(jsonb[i])) {
      while (i < jsonb.size() && (is_digit(jsonb[i]) || jsonb[i] == '.')) ++i;
      std::string_view number = jsonb.substr(from, i - from);
      if (number.find('.') != number.npos) {
        number = number.substr(0, number.find_last_not_of('0') + 1);
        if (number.back() == '.') number.remove_suffix(1);
      }
      out += number;
      continue;
    } else {
      ++i;
    }
    out += jsonb.substr(from, i - from);
  }
}

std::string jsonb_concatenate(std::string_view a, std::string_view b) {
  if (rank_of(a) == Rank::kObject && rank_of(b) == Rank::kObject) return merge_objects(a, b);
  const std::string_view left = elements(a);
  const std::string_view right = elements(b);
  std::string out = "[";
  out += left;
  if (!left.empty() && !right.empty()) out += ", ";
  out += right;
  return out + "]";
}

}  // namespace rowan::type
