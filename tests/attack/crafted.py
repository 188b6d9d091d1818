"""A journal record by docs/format.md, right in every checksum, that says whatever it is told to."""

import struct
import zlib

HEAD = 64
FILE_HEAD = 4096


def read_state(folder):
    data = (folder / "rowan/state").read_bytes()
    assert data[:8] == b"RowanSt1"
    key, published, live, following = struct.unpack_from("<QQQQ", data, 16)
    return key, published, live, following


def last_record(data):
    """Where the records end, and the epoch and sequence of the last one."""
    at, epoch, sequence = FILE_HEAD, None, None
    while data[at:at + 4] == b"RWJ1":
        length, epoch, sequence = struct.unpack_from("<QQQ", data, at + 8)
        at += length
    return at, epoch, sequence


def add_record(folder, refs):
    """Behind the last record of the file in use: one that moves `refs` (name, old id, new id)."""
    body = b"".join(struct.pack("<H", len(name.encode())) + name.encode() + bytes.fromhex(old) + bytes.fromhex(new)
                    for name, old, new in refs)
    body += bytes(-len(body) % 8)
    path = max((folder / "rowan/journal").iterdir(), key=lambda each: last_record(each.read_bytes())[2] or 0)
    data = bytearray(path.read_bytes())
    at, epoch, sequence = last_record(data)
    fields = struct.pack("<QQQQIII", HEAD + len(body), epoch, sequence + 1, sequence, 0, len(refs), zlib.crc32(body)) + bytes(12)
    record = b"RWJ1" + struct.pack("<I", zlib.crc32(fields)) + fields + body
    data[at:at + len(record)] = record
    path.write_bytes(bytes(data))
