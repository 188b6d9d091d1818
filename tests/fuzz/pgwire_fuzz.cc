// The wire: any bytes, in any phase, cut anywhere, are frames or an error; the same frames however
// they were cut; memory follows what came; every body is a message or an error, and SCRAM takes
// none for a proof.
#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "fuzz_input.h"
#include "server/auth/scram.h"
#include "server/pgwire/frame.h"
#include "server/pgwire/frontend.h"
#include "server/server_statement.h"

namespace {

using namespace rowan::server;
using rowan::Bytes;
using rowan::fuzz::require;

struct Taken {
  std::vector<std::pair<char, std::string>> frames;
  bool broken = false;
};

Taken take_all(std::string_view stream, pgwire::Phase phase, size_t step) {
  pgwire::InputBudget budget(4u << 20);
  pgwire::FrameReader reader(1u << 20, budget);
  reader.enter(phase);
  Taken taken;
  size_t given = 0;
  while (given < stream.size() && !taken.broken) {
    const auto room = reader.room();
    require(room.has_value(), "there is memory for one message");
    const size_t size = std::min({room->size(), step, stream.size() - given});
    std::memcpy(room->data(), stream.data() + given, size);
    reader.received(size);
    given += size;
    require(reader.bytes_held() <= 4 * given + (32u << 10), "memory follows what came");
    for (;;) {
      const auto frame = reader.next();
      if (!frame) taken.broken = true;
      if (!frame || !*frame) break;
      taken.frames.emplace_back((*frame)->type, (*frame)->body);
    }
  }
  return taken;
}

void read_body(char type, Bytes body, pgwire::Phase phase) {
  if (phase == pgwire::Phase::kStartup) {
    (void)pgwire::parse_startup(body);
  } else if (phase == pgwire::Phase::kAuthentication) {
    static const auth::ScramVerifier verifier = *auth::ScramVerifier::make("pencil", "salt", 1);
    (void)pgwire::parse_sasl_initial(body);
    auth::ScramExchange exchange(verifier, "nonce");
    (void)exchange.answer_first(body);
    const auto last = exchange.answer_final(body);
    require(!last || !*last, "no proof is guessed");
  } else {
    const auto query = pgwire::parse_query(body);
    if (query) (void)find_server_statement(*query);
    (void)pgwire::parse_parse(body);
    const auto bind = pgwire::parse_bind(body);
    require(!bind || bind->parameters.size() * 4 <= body.size(), "no parameter from nothing");
    (void)pgwire::parse_target(body, "CLOSE");
    (void)pgwire::parse_execute(body);
    (void)pgwire::parse_empty(body);
    (void)type;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  rowan::fuzz::Input input(data, size);
  const auto phase = static_cast<pgwire::Phase>(input.byte() % 3);
  const size_t step = input.byte() + 1;
  const Taken whole = take_all(input.rest(), phase, input.rest().size() + 1);
  const Taken cut = take_all(input.rest(), phase, step);
  require(whole.frames == cut.frames && whole.broken == cut.broken, "frames do not depend on cuts");
  for (const auto& [type, body] : whole.frames) read_body(type, body, phase);
  return 0;
}
