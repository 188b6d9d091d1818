// The bytes of one journal record, and nothing about files. Stored: the layout is fixed by
// format 1.
//
//   offset  bytes
//        0      4  magic "RWJ1"
//        4      4  CRC-32 of bytes 8 to 63 of the head
//        8      8  length of the whole record, a multiple of 8
//       16      8  epoch: this use of the file
//       24      8  sequence of the transaction
//       32      8  the sequence that was durable when the record was made
//       40      4  number of objects
//       44      4  number of ref updates
//       48      4  CRC-32 of the body
//       52     12  zero
//       64         body: the objects, then the ref updates, then zeros up to a multiple of 8
//   object: type (1), zeros (3), length (4), id (20), previous id (20), bytes
//   ref update: length of the name (2), name, old id (20), new id (20)
// Numbers are little-endian.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/oid.h"
#include "store/object_store.h"

namespace rowan::store {

inline constexpr size_t kRecordHeadBytes = 64;
inline constexpr size_t kRecordObjectHeadBytes = 48;
inline constexpr uint32_t kRecordMagic = 0x314a5752;  // "RWJ1"

struct RecordHead {
  uint64_t length = 0;
  uint64_t epoch = 0;
  uint64_t sequence = 0;
  uint64_t durable = 0;
  uint32_t objects = 0;
  uint32_t refs = 0;
  uint32_t body_crc = 0;
};

struct RecordObject {
  ObjectType type = ObjectType::kBlob;
  Oid id;
  Oid previous;
  Bytes bytes;  // Into the record.
};

struct RecordBody {
  std::vector<RecordObject> objects;
  std::vector<RefUpdate> refs;
};

// Appends head space and body to `out` (which must be empty) and gives the head, ready but for
// epoch, sequence and durable.
RecordHead encode_record(const std::vector<PendingObjects::Entry>& objects,
                         const std::vector<RefUpdate>& refs, std::string& out);
size_t record_bytes(const std::vector<PendingObjects::Entry>& objects,
                    const std::vector<RefUpdate>& refs);
void write_record_head(char* to, const RecordHead& head);

// The head at the front of `bytes` if its magic, its CRC and its length are sound. The body is not
// looked at.
std::optional<RecordHead> read_record_head(Bytes bytes);
// The epoch in a head whose magic and CRC are sound; the rest of the record need not be there.
std::optional<uint64_t> read_record_epoch(Bytes head);
// Whether the body behind `head` matches its CRC. Requires: `bytes` begins with a record whose head
// is `head`.
bool is_record_whole(Bytes bytes, const RecordHead& head);
// nullopt when the body does not add up (its CRC being right, that is damage or forgery).
std::optional<RecordBody> read_record_body(Bytes bytes, const RecordHead& head);

}  // namespace rowan::store
