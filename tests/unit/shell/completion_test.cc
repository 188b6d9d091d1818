// Proves which words Tab offers at each place of a statement.
#include "shell/completion.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace rowan::shell;

namespace {

std::vector<std::string> names(NameKind kind, const std::string& owner) {
  switch (kind) {
    case NameKind::kTable:
      return owner.empty() || owner == "public" ? std::vector<std::string>{"orders", "people"}
                                                : std::vector<std::string>{};
    case NameKind::kColumn:
      if (owner == "orders") return {"id", "total"};
      if (owner.empty()) return {"id", "name", "\"Odd\"", "total"};
      return {};
    case NameKind::kSchema:
      return {"public", "shop"};
    case NameKind::kBranch:
      return {"main", "next-year"};
  }
  return {};
}

std::vector<std::string> words(std::string_view text) { return complete(text, names).words; }
bool offers(std::string_view text, const std::string& word) {
  const auto found = words(text);
  return std::find(found.begin(), found.end(), word) != found.end();
}

}  // namespace

TEST_CASE("keywords keep the case they were begun in") {
  CHECK(words("SELE") == std::vector<std::string>{"SELECT"});
  CHECK(words("sele") == std::vector<std::string>{"select"});
}

TEST_CASE("tables where a table is due, columns elsewhere") {
  CHECK(words("SELECT * FROM ") ==
        std::vector<std::string>{"orders", "people", "public.", "shop."});
  CHECK(words("select * from o") == std::vector<std::string>{"orders"});
  CHECK(words("\\d pe") == std::vector<std::string>{"people"});
  CHECK(words("SHOW LOG FOR p") == std::vector<std::string>{"people", "public."});
  CHECK(offers("SELECT to", "total"));
  CHECK(offers("SELECT \"o", "\"Odd\""));
  CHECK(!offers("SELECT * FROM o", "ORDER"));
}

TEST_CASE("behind a dot: a schema's tables, a table's columns, every column for an alias") {
  CHECK(words("SELECT * FROM public.o") == std::vector<std::string>{"orders"});
  CHECK(words("SELECT orders.") == std::vector<std::string>{"id", "total"});
  CHECK(words("SELECT x.na") == std::vector<std::string>{"name"});
  CHECK(complete("SELECT orders.to", names).replaced == 2);
}

TEST_CASE("branches") {
  CHECK(words("CHECKOUT ") == std::vector<std::string>{"main", "next-year"});
  CHECK(words("DROP BRANCH n") == std::vector<std::string>{"next-year"});
  CHECK(words("CHECKOUT next-y") == std::vector<std::string>{"next-year"});
  CHECK(words("SELECT * FROM orders AS OF 'm") == std::vector<std::string>{"main"});
}

TEST_CASE("commands and files") {
  CHECK(words("\\t") == std::vector<std::string>{"\\timing"});
  CHECK(words("\\i /no/such/folder/x").empty());
  CHECK(words("\\i /pro") == std::vector<std::string>{"/proc/"});
}
