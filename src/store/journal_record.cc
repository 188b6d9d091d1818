#include "store/journal_record.h"

#include <cstring>

#include "base/hash.h"

namespace rowan::store {

namespace {

// The numbers are little-endian on disk; Rowan runs on little-endian machines only.
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

template <typename T>
void put(char* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

template <typename T>
T get(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

constexpr size_t kRefFixedBytes = 2 + 2 * Oid::kBytes;

size_t padded(size_t bytes) { return (bytes + 7) & ~size_t{7}; }

}  // namespace

size_t record_bytes(const std::vector<PendingObjects::Entry>& objects,
                    const std::vector<RefUpdate>& refs) {
  size_t bytes = kRecordHeadBytes;
  for (const auto& entry : objects) bytes += kRecordObjectHeadBytes + entry.object.bytes.size();
  for (const auto& ref : refs) bytes += kRefFixedBytes + ref.name.size();
  return padded(bytes);
}

RecordHead encode_record(const std::vector<PendingObjects::Entry>& objects,
                         const std::vector<RefUpdate>& refs, std::string& out) {
  const size_t bytes = record_bytes(objects, refs);
  out.reserve(bytes);
  out.append(kRecordHeadBytes, '\0');
  for (const auto& entry : objects) {
    char head[kRecordObjectHeadBytes] = {};
    head[0] = static_cast<char>(entry.type);
    put(head + 4, static_cast<uint32_t>(entry.object.bytes.size()));
    std::memcpy(head + 8, entry.id.bytes.data(), Oid::kBytes);
    std::memcpy(head + 28, entry.previous.bytes.data(), Oid::kBytes);
    out.append(head, sizeof head);
    out.append(entry.object.bytes);
  }
  for (const auto& ref : refs) {
    char length[2];
    put(length, static_cast<uint16_t>(ref.name.size()));
    out.append(length, sizeof length);
    out.append(ref.name);
    out.append(ref.old_value.raw());
    out.append(ref.new_value.raw());
  }
  out.append(bytes - out.size(), '\0');
  RecordHead head;
  head.length = bytes;
  head.objects = static_cast<uint32_t>(objects.size());
  head.refs = static_cast<uint32_t>(refs.size());
  head.body_crc = crc32(Bytes(out).substr(kRecordHeadBytes));
  return head;
}

void write_record_head(char* to, const RecordHead& head) {
  std::memset(to, 0, kRecordHeadBytes);
  put(to, kRecordMagic);
  put(to + 8, head.length);
  put(to + 16, head.epoch);
  put(to + 24, head.sequence);
  put(to + 32, head.durable);
  put(to + 40, head.objects);
  put(to + 44, head.refs);
  put(to + 48, head.body_crc);
  put(to + 4, crc32(Bytes(to + 8, kRecordHeadBytes - 8)));
}

std::optional<uint64_t> read_record_epoch(Bytes head) {
  if (head.size() < kRecordHeadBytes || get<uint32_t>(head.data()) != kRecordMagic)
    return std::nullopt;
  if (get<uint32_t>(head.data() + 4) != crc32(head.substr(8, kRecordHeadBytes - 8)))
    return std::nullopt;
  return get<uint64_t>(head.data() + 16);
}

std::optional<RecordHead> read_record_head(Bytes bytes) {
  if (!read_record_epoch(bytes)) return std::nullopt;
  RecordHead head;
  head.length = get<uint64_t>(bytes.data() + 8);
  head.epoch = get<uint64_t>(bytes.data() + 16);
  head.sequence = get<uint64_t>(bytes.data() + 24);
  head.durable = get<uint64_t>(bytes.data() + 32);
  head.objects = get<uint32_t>(bytes.data() + 40);
  head.refs = get<uint32_t>(bytes.data() + 44);
  head.body_crc = get<uint32_t>(bytes.data() + 48);
  if (head.length < kRecordHeadBytes || head.length > bytes.size() || head.length % 8 != 0)
    return std::nullopt;
  return head;
}

bool is_record_whole(Bytes bytes, const RecordHead& head) {
  return crc32(bytes.substr(kRecordHeadBytes, head.length - kRecordHeadBytes)) == head.body_crc;
}

std::optional<RecordBody> read_record_body(Bytes bytes, const RecordHead& head) {
  Bytes rest = bytes.substr(kRecordHeadBytes, head.length - kRecordHeadBytes);
  if (head.objects > rest.size() / kRecordObjectHeadBytes ||
      head.refs > rest.size() / kRefFixedBytes)
    return std::nullopt;
  RecordBody body;
  body.objects.reserve(head.objects);
  body.refs.reserve(head.refs);
  for (uint32_t i = 0; i < head.objects; ++i) {
    if (rest.size() < kRecordObjectHeadBytes) return std::nullopt;
    RecordObject object;
    const auto type = static_cast<uint8_t>(rest[0]);
    if (type < 1 || type > 4) return std::nullopt;
    object.type = static_cast<ObjectType>(type);
    const size_t length = get<uint32_t>(rest.data() + 4);
    object.id = Oid::from_raw(rest.data() + 8);
    object.previous = Oid::from_raw(rest.data() + 28);
    rest.remove_prefix(kRecordObjectHeadBytes);
    if (length > rest.size()) return std::nullopt;
    object.bytes = rest.substr(0, length);
    rest.remove_prefix(length);
    body.objects.push_back(object);
  }
  for (uint32_t i = 0; i < head.refs; ++i) {
    if (rest.size() < 2) return std::nullopt;
    const size_t length = get<uint16_t>(rest.data());
    rest.remove_prefix(2);
    if (rest.size() < length + 2 * Oid::kBytes) return std::nullopt;
    RefUpdate ref;
    ref.name = std::string(rest.substr(0, length));
    ref.old_value = Oid::from_raw(rest.data() + length);
    ref.new_value = Oid::from_raw(rest.data() + length + Oid::kBytes);
    rest.remove_prefix(length + 2 * Oid::kBytes);
    body.refs.push_back(std::move(ref));
  }
  if (rest.size() >= 8 || rest.find_first_not_of('\0') != Bytes::npos) return std::nullopt;
  return body;
}

}  // namespace rowan::store
