#include "server/auth/saslprep.h"

#include <stringprep.h>

#include <algorithm>
#include <vector>

namespace rowan::server::auth {

namespace {

constexpr size_t kGrowthMax = 20;  // In NFKC a character grows 11 times at most.

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// libidn's steps, but in PostgreSQL's order: what is prohibited, unassigned or of both directions
// is looked for before the text is normalised, where RFC 3454 looks at what came out.
std::vector<Stringprep_profile> postgres_steps() {
  std::vector<Stringprep_profile> steps;
  Stringprep_profile normalise{};
  const Stringprep_profile* step = stringprep_saslprep;
  for (; step->operation != 0; ++step) {
    if (step->operation == STRINGPREP_NFKC) {
      normalise = *step;
    } else {
      steps.push_back(*step);
    }
  }
  steps.push_back(normalise);
  steps.push_back(*step);  // The end.
  return steps;
}

}  // namespace

std::string prepared_password(std::string_view password) {
  // ASCII is left alone, control characters and all.
  if (is_ascii(password) || password.find('\0') != std::string_view::npos)
    return std::string(password);
  std::vector<char> buffer(password.begin(), password.end());
  buffer.resize(password.size() * kGrowthMax + 1, '\0');
  const int code =
      ::stringprep(buffer.data(), buffer.size(), STRINGPREP_NO_UNASSIGNED, postgres_steps().data());
  if (code != STRINGPREP_OK || buffer[0] == '\0') return std::string(password);
  return buffer.data();
}

}  // namespace rowan::server::auth
