// A repository's rows spelled anew: the same rows in other leaves, in another order and with other
// spellings of their values, all of them valid. What people and other programs push.
#pragma once

#include <map>
#include <random>
#include <string>
#include <vector>

#include "git_testing.h"

namespace rowan::git_testing {

// What the columns of a table hold, a letter each: i integer, n numeric(…,2), f double, b boolean,
// j jsonb, s anything that is a string. `#` in front: the table has no primary key.
using Kinds = std::map<std::string, std::string>;

class FreeSpelling {
 public:
  explicit FreeSpelling(uint32_t seed) : random_(seed) {}

  // Spells the rows of the tables below a working tree's schema folder anew.
  void respell(const fs::path& schema, const Kinds& kinds) {
    for (const auto& [table, letters] : kinds) respell_table(schema / table, letters);
  }

 private:
  bool one_in(int n) { return random_() % static_cast<uint32_t>(n) == 0; }
  template <typename T>
  const T& any(const std::vector<T>& of) {
    return of[random_() % of.size()];
  }

  static std::vector<std::string> lines_below(const fs::path& rows) {
    std::vector<std::string> lines;
    if (!fs::exists(rows)) return lines;
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(rows)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    for (const fs::path& file : files) {
      std::ifstream in(file, std::ios::binary);
      for (std::string line; std::getline(in, line);) lines.push_back(line);
    }
    return lines;
  }

  // The elements of an array, or the members of an object.
  static std::vector<std::string> parts_of(const std::string& json) {
    std::vector<std::string> parts;
    int depth = 0;
    bool in_string = false;
    std::string part;
    for (size_t i = 1; i + 1 < json.size(); ++i) {
      const char c = json[i];
      if (in_string && c == '\\') {
        part += c;
        part += json[++i];
        continue;
      }
      if (c == '"') in_string = !in_string;
      if (!in_string && (c == '[' || c == '{')) ++depth;
      if (!in_string && (c == ']' || c == '}')) --depth;
      if (!in_string && depth == 0 && c == ',') {
        parts.push_back(part);
        part.clear();
      } else {
        part += c;
      }
    }
    if (json.size() > 2) parts.push_back(part);
    return parts;
  }

  std::string blanks() { return std::string(one_in(3) ? random_() % 3 : 0, one_in(4) ? '\t' : ' '); }

  static std::string unicode_escape(uint32_t unit, bool upper) {
    char text[8];
    std::snprintf(text, sizeof text, upper ? "\\u%04X" : "\\u%04x", unit);
    return text;
  }

  // A string's token with other escapes.
  std::string string_token(const std::string& token) {
    std::string out;
    for (size_t i = 0; i < token.size(); ++i) {
      const auto byte = static_cast<unsigned char>(token[i]);
      if (token[i] == '\\') {
        out += token[i];
        out += token[++i];
        if (token[i] == 'u') continue;
      } else if (byte >= 0xc0) {
        const int more = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
        uint32_t point = byte & (0x3f >> more);
        for (int k = 1; k <= more; ++k)
          point = (point << 6) | (static_cast<unsigned char>(token[i + static_cast<size_t>(k)]) & 0x3f);
        if (one_in(2)) {
          out += token.substr(i, static_cast<size_t>(more) + 1);
        } else if (point < 0x10000) {
          out += unicode_escape(point, one_in(2));
        } else {
          out += unicode_escape(0xd800 + ((point - 0x10000) >> 10), one_in(2));
          out += unicode_escape(0xdc00 + ((point - 0x10000) & 0x3ff), one_in(2));
        }
        i += static_cast<size_t>(more);
      } else if (token[i] == '/' && one_in(2)) {
        out += "\\/";
      } else if (byte >= 0x20 && token[i] != '"' && one_in(9)) {
        out += unicode_escape(byte, one_in(2));
      } else {
        out += token[i];
      }
    }
    return out;
  }

  std::string jsonb(const std::string& value) {
    if (value.starts_with('"')) return string_token(value);
    if (!value.starts_with('[') && !value.starts_with('{')) return value;
    std::vector<std::string> parts = parts_of(value);
    const bool is_object = value[0] == '{';
    if (is_object) std::shuffle(parts.begin(), parts.end(), random_);
    std::string out(1, value[0]);
    for (size_t i = 0; i < parts.size(); ++i) {
      if (i > 0) out += blanks() + "," + blanks();
      size_t colon = std::string::npos;
      if (is_object) colon = parts[i].find("\":");
      if (colon == std::string::npos) {
        out += jsonb(parts[i]);
      } else {
        out += parts[i].substr(0, colon + 1) + blanks() + ":" + blanks() +
               jsonb(parts[i].substr(colon + 2));
      }
    }
    return out + blanks() + (is_object ? "}" : "]");
  }

  std::string element(const std::string& token, char kind) {
    if (token == "null" || token.starts_with("{\"large\"")) return token;
    switch (kind) {
      case 'i': {
        std::vector<std::string> ways{token, token + ".0", "\"" + token + "\"", token + "e0"};
        if (token.size() > 2 && token.ends_with("0"))
          ways.push_back(token.substr(0, token.size() - 1) + "e1");
        return any(ways);
      }
      case 'n': {
        std::vector<std::string> ways{token, token + "e0", token + "00"};
        if (token.ends_with("0")) ways.push_back(token.substr(0, token.size() - 1));
        if (token.ends_with(".00")) ways.push_back(token.substr(0, token.size() - 3));
        return any(ways);
      }
      case 'f': {
        if (token.starts_with('"')) return token;
        std::vector<std::string> ways{token};
        if (token.find('e') == std::string::npos) {
          ways.push_back(token + "e0");
          ways.push_back(token + (token.find('.') == std::string::npos ? ".00" : "00"));
        }
        return any(ways);
      }
      case 'b':
        return token == "true" ? any<std::string>({"true", "\"true\"", "\"yes\"", "\"t\""})
                               : any<std::string>({"false", "\"false\"", "\"no\"", "\"f\""});
      case 'j':
        return "[" + blanks() + jsonb(parts_of(token)[0]) + blanks() + "]";
      case 's':
        return string_token(token);
    }
    return token;
  }

  std::string respell_line(const std::string& line, const std::string& kinds) {
    std::vector<std::string> parts = parts_of(line);
    std::string out = blanks() + "[";
    for (size_t i = 0; i < parts.size(); ++i) {
      if (i > 0) out += blanks() + "," + blanks();
      out += i < kinds.size() ? (kinds[i] == '#' ? parts[i] : element(parts[i], kinds[i])) : parts[i];
    }
    if (parts.size() < kinds.size() && !parts.empty() && one_in(2)) out += ", null";
    return out + blanks() + "]" + (one_in(7) ? "\r" : "");
  }

  void respell_table(const fs::path& table, const std::string& kinds) {
    const fs::path rows = table / "rows";
    std::vector<std::string> lines;
    for (const std::string& line : lines_below(rows)) {
      // Rows of a table without a primary key may stand apart.
      const size_t count_end = line.find_first_of(",]");
      const uint64_t count = kinds[0] == '#' ? std::stoull(line.substr(1, count_end - 1)) : 1;
      if (count > 1 && one_in(2)) {
        lines.push_back(respell_line("[1" + line.substr(count_end), kinds));
        lines.push_back(respell_line("[" + std::to_string(count - 1) + line.substr(count_end), kinds));
      } else {
        lines.push_back(respell_line(line, kinds));
      }
    }
    if (lines.empty()) return;
    fs::remove_all(rows);
    // Leaves that are in order, each of them, but lie between each other; or no order at all.
    const bool is_interleaved = one_in(2);
    if (!is_interleaved) std::shuffle(lines.begin(), lines.end(), random_);
    const size_t leaves = 1 + random_() % std::max<size_t>(2, lines.size() / 40);
    std::vector<std::string> texts(leaves);
    for (size_t i = 0; i < lines.size(); ++i)
      texts[is_interleaved ? i % leaves : random_() % leaves] += lines[i] + (one_in(50) ? "\n\n" : "\n");
    for (size_t i = 0; i < leaves; ++i) {
      std::string& text = texts[i];
      if (text.empty()) continue;
      if (one_in(2)) text.pop_back();
      const fs::path folder = one_in(3) ? rows / ("d" + std::to_string(i % 5)) : rows;
      fs::create_directories(folder);
      write_file(folder / ((i == 0 ? "0" : "a" + std::to_string(i)) + ".jsonl"), text);
    }
  }

  std::mt19937 random_;
};

}  // namespace rowan::git_testing
