// The graph of commits as it is drawn, and texts compared word by word.
#include "shell/history_commands.h"

#include <doctest/doctest.h>

namespace rowan::shell {

namespace {

struct Step {
  std::string commit;
  std::vector<std::string> parents;
};

std::string draw(const std::vector<Step>& steps) {
  GraphDrawer graph;
  std::string text;
  for (const Step& step : steps) {
    const GraphDrawer::Drawn drawn = graph.next(step.commit, step.parents);
    for (const std::string& line : drawn.before) text += line + "\n";
    text += drawn.prefix + step.commit + "\n";
    for (const std::string& line : drawn.after) text += line + "\n";
  }
  return text;
}

std::string marked(const std::string& from, const std::string& to) {
  std::string text;
  for (const WordPiece& piece : word_difference(from, to)) {
    const bool old = piece.kind == WordPiece::Kind::kOld;
    text += piece.kind == WordPiece::Kind::kSame ? piece.text
                                                 : (old ? "-" : "+") + ("(" + piece.text + ")");
  }
  return text;
}

}  // namespace

TEST_CASE("a graph parts at a merge and joins at the fork") {
  CHECK(draw({{"m", {"a", "b"}}, {"b", {"c"}}, {"a", {"c"}}, {"c", {}}}) ==
        "* m\n"
        "|\\\n"
        "| * b\n"
        "* | a\n"
        "|/\n"
        "* c\n");
  CHECK(draw({{"x", {"z"}}, {"y", {"z"}}, {"z", {}}}) == "* x\n| * y\n|/\n* z\n");
  CHECK(draw({{"a", {"d"}}, {"b", {"e"}}, {"c", {"d"}}, {"d", {}}, {"e", {}}}) ==
        "* a\n"
        "| * b\n"
        "| | * c\n"
        "|_|/\n"
        "* | d\n"
        "* e\n");
}

TEST_CASE("texts differ by words") {
  CHECK(marked("the quick fox", "the slow fox") == "the -(quick )+(slow )fox");
  CHECK(marked("", "new") == "+(new)");
  CHECK(marked("8.00", "9.00") == "-(8.00)+(9.00)");
  CHECK(marked("a b c", "a c") == "a -(b )c");
}

}  // namespace rowan::shell
