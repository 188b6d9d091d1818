"""Caches of a folder (rowan/derived) that lie, right in every checksum: what they say is believed while the folder is
one's own, so `rowan check` must find it, and `rowan check --drop-caches` must put every answer right. None of them may
crash, and none may let a reader look beside a file."""

import hashlib
import struct
import zlib

COUNT = "SELECT count(*) FROM item"
BY_INDEX = "SELECT id FROM item WHERE n = 2"
AT_FIRST = "3"


def write_counts(folder, change):
    path = folder / "rowan/derived/counts"
    data = path.read_bytes()
    magic = b"rowan counts 1\n"
    body = b"".join(data[at:at + 20] + struct.pack("<Q", change(struct.unpack_from("<Q", data, at + 20)[0]))
                    for at in range(len(magic), len(data) - 4, 28))
    path.write_bytes(magic + body + struct.pack("<I", zlib.crc32(body)))


def write_history(folder, change):
    """`change` gets commit, time, parents and changes (None: many or not known) of each record, and gives them back."""
    path = folder / "rowan/derived/history"
    data = path.read_bytes()
    magic = b"rowan history 1\n"
    at, made = len(magic), magic
    while at < len(data):
        (length,) = struct.unpack_from("<I", data, at)
        payload = data[at + 8:at + 8 + length]
        at += 8 + length
        commit, (time, parents) = payload[:20], struct.unpack_from("<qB", payload, 20)
        listed = [payload[29 + 20 * i:49 + 20 * i] for i in range(parents)]
        (count,) = struct.unpack_from("<H", payload, 29 + 20 * parents)
        changes = None if count >= 65534 else list(struct.unpack_from(f"<{count}I", payload, 31 + 20 * parents))
        commit, time, listed, changes = change(commit, time, listed, changes)
        payload = commit + struct.pack("<qB", time, len(listed)) + b"".join(listed)
        payload += struct.pack("<H", count if changes is None else len(changes))
        payload += b"" if changes is None else struct.pack(f"<{len(changes)}I", *changes)
        made += struct.pack("<II", len(payload), zlib.crc32(payload)) + payload
    path.write_bytes(made)


def index_file(entries, said=None, first=None):
    """One leaf; `said`: how many entries it claims to have, `first`: which it claims is the first."""
    run, before = b"", b""
    for entry in entries:
        run += bytes([0, len(entry)]) + entry
    said = len(entries) if said is None else said
    first = entries[0] if first is None else first
    table = struct.pack("<QQQIII", said, 1, 0, len(run), said, len(first)) + first
    return b"rowanix1" + struct.pack("<I", zlib.crc32(table + run)) + table + run


def put_index(world, folder, data):
    """The file of item's index by_n at main's rows (docs/format.md)."""
    shape = b"index 1\n2 integer false false -\nkey 0 integer"
    rows = world.git(folder, "rev-parse", "main:public/item/rows")
    indexes = folder / "rowan/derived/indexes"
    indexes.mkdir(exist_ok=True)
    (indexes / f"{hashlib.sha256(shape).hexdigest()[:32]}-{rows}.index").write_bytes(data)


def attack_caches(world, source, expect, is_named):
    log = world.run("log", world.copy(source), "--table", "item", "--oneline")
    assert log.code == 0 and log.out, log

    def ask(folder, sql):
        return world.run("sql", folder, "--format", "csv", "-c", sql)

    def last(ended):
        return ended.out.splitlines()[-1:]

    def other_parent(commit, time, parents, changes):
        others = [each for each in seen if each not in parents and each != commit]
        seen.append(commit)
        return commit, time, [others[0]] if parents and others else parents, changes

    seen = []
    lies = {
        "counts, seven times as many": lambda folder: write_counts(folder, lambda rows: rows * 7),
        "history without changes": lambda folder: write_history(
            folder, lambda commit, time, parents, changes: (commit, time, parents, None if changes is None else [])),
        "history of a later time": lambda folder: write_history(
            folder, lambda commit, time, parents, changes: (commit, time + 86_400_000_000, parents, changes)),
        "history with other parents": lambda folder: write_history(folder, other_parent),
        "an index without a row": lambda folder: put_index(world, folder, index_file([b"a1 a1", b"a3 a3"])),
        "an index with a row that is not there": lambda folder: put_index(
            world, folder, index_file([b"a1 a1", b"a2 a2", b"a2 a9", b"a3 a3"])),
    }
    for what, lie in lies.items():
        folder = world.copy(source)
        expect(last(ask(folder, COUNT)) == [AT_FIRST], what, "before")
        seen.clear()
        lie(folder)
        for sql in (COUNT, BY_INDEX):
            ended = ask(folder, sql)
            expect(ended.code == 0 or is_named(ended), f"{what}: {sql}:", ended)
        ended = world.run("check", folder)
        kind = what.split()[0].strip(",") if what.startswith(("counts", "history")) else "indexes"
        expect(ended.code == 1 and f"rowan/derived/{kind}: " in ended.out and "--drop-caches" in ended.out,
               f"{what}: check:", ended)
        ended = world.run("check", folder, "--drop-caches")
        expect(ended.code == 0, f"{what}: check --drop-caches:", ended)
        expect(last(ask(folder, COUNT)) == [AT_FIRST], f"{what}: afterwards")
        expect(last(ask(folder, BY_INDEX)) == ["2"], f"{what}: afterwards, by the index")
        expect(world.run("log", folder, "--table", "item", "--oneline").out == log.out, f"{what}: the log afterwards")
        expect(world.run("check", folder).code == 0, f"{what}: check afterwards")
        world.check_outside(what)

    # What is no index at all, whatever its checksum, counts as absent.
    no_index = {
        "more entries than there are": index_file([b"a1 a1", b"a2 a2"], said=1000),
        "another first entry": index_file([b"a1 a1", b"a2 a2"], first=b"a0 a0"),
        "entries out of order": index_file([b"a3 a3", b"a2 a2", b"a1 a1"]),
    }
    for what, data in no_index.items():
        folder = world.copy(source)
        put_index(world, folder, data)
        ended = ask(folder, BY_INDEX)
        expect(last(ended) == ["2"], f"an index file with {what}:", ended)
        expect(world.run("check", folder).code == 0, f"an index file with {what}: check")
