// Packs that are damaged or made to do harm: reading every object of one ends in an object or an
// error. Input: a byte says how: 0 the bytes are pack and index as they stand; 1 they describe
// entries that are deflated and indexed properly, but may lie about sizes, bases and deltas; 2 they
// are a base and a delta.
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/hash.h"
#include "fuzz_input.h"
#include "store/pack_delta.h"
#include "store/pack_output.h"
#include "store/pack_set.h"

namespace {

using namespace rowan;
using namespace rowan::store;
using fuzz::require;

// One folder for the whole run; every input writes the same two files.
const std::filesystem::path& objects_folder() {
  static const struct Folder {
    Folder() {
      std::string name =
          (std::filesystem::temp_directory_path() / "rowan-pack-fuzz-XXXXXX").string();
      require(mkdtemp(name.data()) != nullptr, "a folder for packs");
      path = name;
      std::filesystem::create_directories(path / "pack");
    }
    ~Folder() {
      std::error_code ignored;
      std::filesystem::remove_all(path, ignored);
    }
    std::filesystem::path path;
  } folder;
  return folder.path;
}

void append_be32(std::string& out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift & 0xff));
  }
}

std::string raw_sha1(Bytes bytes) {
  const auto hash = sha1({}, bytes);
  return std::string(reinterpret_cast<const char*>(hash.data()), hash.size());
}

struct Entry {
  Oid id;
  uint32_t offset = 0;
};

std::string make_idx(std::vector<Entry> entries, Bytes pack_hash) {
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.id < b.id; });
  std::string idx("\377tOc\0\0\0\2", 8);
  for (unsigned first = 0; first < 256; ++first) {
    append_be32(idx, static_cast<uint32_t>(std::count_if(
                         entries.begin(), entries.end(),
                         [first](const Entry& entry) { return entry.id.bytes[0] <= first; })));
  }
  for (const Entry& entry : entries) idx += entry.id.raw();
  for (size_t i = 0; i < entries.size(); ++i) append_be32(idx, 0);
  for (const Entry& entry : entries) append_be32(idx, entry.offset);
  idx += pack_hash;
  return idx + raw_sha1(idx);
}

void write_file(const std::filesystem::path& path, Bytes bytes) {
  // A new file each time: an older one may be mapped still.
  std::filesystem::remove(path);
  std::ofstream(path, std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

void read_everything(Bytes pack, Bytes idx) {
  const auto stem = objects_folder() / "pack" / "pack-fuzz";
  write_file(stem.string() + ".pack", pack);
  write_file(stem.string() + ".idx", idx);
  const auto packs = PackSet::open(objects_folder());
  if (!packs) {
    return;
  }
  const auto ids = (*packs)->ids_of(stem);
  for (size_t i = 0; ids && i < std::min<size_t>(ids->size(), 32); ++i) {
    const auto checked = (*packs)->find((*ids)[i], true);
    require(!checked || !*checked || hash_object((*checked)->type, (*checked)->bytes) == (*ids)[i],
            "a checked object matches its id");
    (void)(*packs)->find((*ids)[i], false);
    (void)(*packs)->find_prefix((*ids)[i].hex().substr(0, 4), 8);
  }
}

void read_described(fuzz::Input& input) {
  std::vector<Entry> entries;
  std::string pack = "PACK";
  append_be32(pack, 2);
  const uint32_t count = input.byte() % 8;
  append_be32(pack, count);
  Deflater deflater(1);
  for (uint32_t i = 0; i < count; ++i) {
    const uint8_t kind = input.byte() % 8;
    const auto lie = static_cast<int8_t>(input.byte() % 8 == 7 ? input.byte() : 0);
    const uint8_t base = input.byte();
    const std::string data(input.take(input.byte()));
    Entry entry;
    entry.id.bytes[0] = static_cast<uint8_t>(i * 16);
    entry.offset = static_cast<uint32_t>(pack.size());
    const uint64_t size = data.size() + static_cast<uint64_t>(std::max<int64_t>(
                                            lie, -static_cast<int64_t>(data.size())));
    if (kind <= 3) {
      entry.id = hash_object(static_cast<ObjectType>(kind + 1), data);
      pack += whole_entry_head(static_cast<ObjectType>(kind + 1), size);
    } else if (kind <= 5 || i == 0) {
      const uint32_t to = i == 0 ? base : entries[base % i].offset;
      pack += delta_entry_head(size, entry.offset - to);
    } else {
      pack.push_back(static_cast<char>(7 << 4 | (size & 15)));  // REF_DELTA, its size in four bits.
      Oid id;
      id.bytes[0] =
          static_cast<uint8_t>(base % 8 * 16);  // Of any entry: itself and later ones too.
      pack += id.raw();
    }
    deflater.append(data, pack);
    entries.push_back(entry);
  }
  const std::string hash = raw_sha1(pack);
  read_everything(pack + hash, make_idx(entries, hash));
}

void apply(fuzz::Input& input) {
  const std::string base(input.take(input.byte()));
  const std::string delta(input.rest());
  const auto sizes = read_delta_sizes(delta);
  constexpr uint64_t kResultMax = 1u << 20;
  if (sizes && sizes->result <= kResultMax) {
    std::string out(sizes->result, '\0');
    (void)apply_delta(base, delta, out.data(), out.size());
  }
  DeltaMaker maker;
  const std::string made = maker.make(base, delta, base.size() + delta.size() + 64);
  if (!made.empty()) {
    std::string out(delta.size(), '\0');
    require(apply_delta(base, made, out.data(), out.size()) && out == delta,
            "a delta that was made gives the target");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  switch (input.byte() % 3) {
    case 0: {
      const std::string_view pack = input.take(input.number());
      read_everything(pack, input.rest());
      break;
    }
    case 1:
      read_described(input);
      break;
    default:
      apply(input);
  }
  return 0;
}
