// The words that the grammar knows in statements, by the word that a statement begins with: what users
// can write, but for expressions, queries and names.
#pragma once

#include <cctype>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace rowan::testing {

class GrammarWords {
 public:
  explicit GrammarWords(const std::string& path) { read(path); }

  // "TRUNCATE" -> "RESTART", …
  std::map<std::string, std::set<std::string>> by_head() const {
    std::map<std::string, std::set<std::string>> found;
    for (const char* start : {"statement", "plain_statement", "insert", "update", "delete"}) {
      for (const Symbols& symbols : rules_.at(start)) {
        if (!is_terminal(symbols.front())) continue;
        std::set<std::string>& words = found[symbols.front()];
        std::set<std::string> seen;
        for (size_t i = 1; i < symbols.size(); ++i) collect(symbols[i], seen, words);
      }
    }
    return found;
  }

 private:
  using Symbols = std::vector<std::string>;

  // What stands for names, values, expressions and queries.
  static bool is_open(const std::string& symbol) {
    static const std::set<std::string> all = {
        "a_expr",        "b_expr",         "c_expr",    "call",        "colid",
        "explainable",   "expr_list",      "from_clause", "from_list", "label",
        "literal",       "name_list",      "name_list_opt", "qualified_list", "qualified_name",
        "relation",      "revision",       "branch_name", "select_statement", "select_with_parens",
        "signed_literal", "simple_type",   "special_call", "target_list", "type_name", "where"};
    return all.contains(symbol);
  }
  static bool is_mark(const std::string& symbol) {
    static const std::set<std::string> all = {
        "COMMA", "CURRENT_VALUE", "DECIMAL", "DOT",      "EQ", "HEX8", "IDENT",  "INTEGER",
        "LP",    "MINUS",         "OP",      "PARAMETER", "PLUS", "RP", "STAR", "STRING", "TYPE_FUNC"};
    return all.contains(symbol);
  }
  static bool is_terminal(const std::string& symbol) {
    return std::isupper(static_cast<unsigned char>(symbol.front())) != 0;
  }
  // The words of a token that stands for two, or that is told apart by what follows it.
  static std::vector<std::string> words_of(const std::string& token) {
    static const std::map<std::string, std::vector<std::string>> fused = {
        {"AS_OF", {"AS", "OF"}},           {"DROPPED_SLOT", {"DROPPED", "SLOT"}},
        {"INDEX_LA", {"INDEX"}},           {"MERGE_RULE", {"MERGE", "RULE"}},
        {"INTERVAL_FIELDS", {"HOUR", "TO", "MINUTE"}},
        {"NULLS_LA", {"NULLS"}}};
    const auto found = fused.find(token);
    return found == fused.end() ? std::vector<std::string>{token} : found->second;
  }

  void collect(const std::string& symbol, std::set<std::string>& seen,
               std::set<std::string>& words) const {
    if (is_terminal(symbol)) {
      if (is_mark(symbol)) return;
      for (const std::string& word : words_of(symbol)) words.insert(word);
      return;
    }
    if (is_open(symbol) || !seen.insert(symbol).second) return;
    for (const Symbols& symbols : rules_.at(symbol)) {
      for (const std::string& each : symbols) collect(each, seen, words);
    }
  }

  // `name(A) ::= SYMBOL(B) other. { action }`, perhaps on two lines.
  void read(const std::string& path) {
    std::ifstream file(path);
    std::string rule;
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with("//") || line.starts_with("%") || line.empty()) continue;
      if (!line.starts_with(" ")) rule.clear();
      rule += line;
      const size_t arrow = rule.find(" ::=");
      const size_t end = rule.find('.', arrow);
      if (arrow == std::string::npos || end == std::string::npos) continue;
      Symbols symbols;
      std::istringstream text(rule.substr(arrow + 4, end - arrow - 4));
      for (std::string symbol; text >> symbol;) symbols.push_back(bare(symbol));
      auto& all = rules_[bare(rule.substr(0, arrow))];
      if (!symbols.empty()) all.push_back(std::move(symbols));
      rule.clear();
    }
  }
  static std::string bare(const std::string& symbol) { return symbol.substr(0, symbol.find('(')); }

  std::map<std::string, std::vector<Symbols>> rules_;
};

}  // namespace rowan::testing
