"""The protocol, message by message: simple and extended query, recovery to Sync, portals, COPY, and streams
that are cut, out of order or claim too much. A broken client gets an error or a closed connection; the next is served."""
import os
import random
import socket
import struct
import time

from serving import (FLUSH, SYNC, TERMINATE, Lost, Server, bind, close, describe, execute, expect, frame, parse,
                     query, run, startup, text)

server = Server()


def fresh():
    return server.connect()


def simple_query():
    c = fresh()
    expect(c.ask("CREATE TABLE p (a int PRIMARY KEY, b text)"), ["C CREATE TABLE", "Z I"])
    expect(c.ask("INSERT INTO p VALUES (1, 'x'), (2, NULL)"), ["C INSERT 0 2", "Z I"])
    expect(c.ask("SELECT a, b FROM p ORDER BY a"), ["T a:23 b:25", "D 1|x", "D 2|NULL", "C SELECT 2", "Z I"])
    expect(c.ask(""), ["I", "Z I"])
    expect(c.ask(" ; -- nothing\n"), ["I", "Z I"])
    expect(c.ask("SELECT 1; SELECT 2"), ["T ?column?:23", "D 1", "C SELECT 1", "T ?column?:23", "D 2", "C SELECT 1", "Z I"])
    expect(c.ask("SELECT 1; selct; SELECT 2"), ["E 42601", "Z I"])
    expect(c.ask("UPDATE p SET b = 'y' WHERE a = 9"), ["C UPDATE 0", "Z I"])
    expect(c.ask("SELECT 1 / 0"), ["E 22012", "Z I"])
    expect(c.ask("BEGIN"), ["C BEGIN", "Z T"])
    expect(c.ask("SELECT 1 FROM nowhere"), ["E 42P01", "Z E"])
    expect(c.ask("SELECT 1"), ["E 25P02", "Z E"])
    expect(c.ask("ROLLBACK"), ["C ROLLBACK", "Z I"])


def one_message_is_one_transaction():
    c, other = fresh(), fresh()
    c.ask("CREATE TABLE m (a int PRIMARY KEY)")
    expect(c.ask("INSERT INTO m VALUES (1); INSERT INTO m VALUES (2); SELECT 1 / 0"),
           ["C INSERT 0 1", "C INSERT 0 1", "E 22012", "Z I"])
    expect(other.values("SELECT count(*) FROM m"), ["0"])
    c.ask("INSERT INTO m VALUES (1); INSERT INTO m VALUES (2)")
    expect(other.values("SELECT count(*) FROM m"), ["2"])
    # COMMIT keeps what was before it, with a warning.
    told = c.ask("INSERT INTO m VALUES (3); COMMIT; INSERT INTO m VALUES (4); SELECT 1 / 0")
    expect([line for line in told if line[0] in "CENZ"],
           ["C INSERT 0 1", "N 25P01", "C COMMIT", "C INSERT 0 1", "E 22012", "Z I"])
    expect(other.values("SELECT count(*) FROM m"), ["3"])
    # BEGIN makes a block of it.
    expect(c.ask("INSERT INTO m VALUES (5); BEGIN; INSERT INTO m VALUES (6)")[-1], "Z T")
    c.ask("ROLLBACK")
    expect(other.values("SELECT count(*) FROM m"), ["3"])


def extended_query():
    c = fresh()
    c.ask("CREATE TABLE e (a int PRIMARY KEY, b text)")
    expect(c.ask(parse("INSERT INTO e VALUES ($1, $2)", "ins") + describe("S", "ins") + SYNC), ["1", "t 23 25", "n", "Z I"])
    expect(c.ask(bind(1, "x", name="ins") + execute() + bind(2, None, name="ins") + execute() + SYNC),
           ["2", "C INSERT 0 1", "2", "C INSERT 0 1", "Z I"])
    expect(c.ask(parse("SELECT a, b FROM e WHERE a >= $1 ORDER BY a", "sel") + describe("S", "sel") + SYNC),
           ["1", "t 23", "T a:23 b:25", "Z I"])
    expect(c.ask(bind(1, name="sel") + describe() + execute() + SYNC),
           ["2", "T a:23 b:25", "D 1|x", "D 2|NULL", "C SELECT 2", "Z I"])
    # Binary, both ways.
    expect(c.ask(bind(struct.pack(">i", 2), name="sel", formats=(1,), results=(1, 0)) + describe() + execute() + SYNC),
           ["2", "T a:23b b:25", "D \0\0\0\2|NULL", "C SELECT 1", "Z I"])
    expect(c.ask(parse("") + bind() + describe() + execute() + SYNC), ["1", "2", "n", "I", "Z I"])
    expect(c.ask(close("S", "sel") + close("S", "never") + SYNC), ["3", "3", "Z I"])
    expect(c.ask(bind(1, name="sel") + SYNC), ["E 26000", "Z I"])
    expect(c.ask(parse("SELECT 1", "ins") + SYNC), ["E 42P05", "Z I"])
    expect(c.ask(bind(1, name="ins") + SYNC), ["E 08P01", "Z I"])
    expect(c.ask(bind(1, 2, name="ins", results=(0, 0, 0)) + SYNC), ["E 08P01", "Z I"])
    expect(c.ask(execute("none") + SYNC), ["E 34000", "Z I"])
    expect(c.ask(parse("SELECT 1; SELECT 2") + SYNC), ["E 42601", "Z I"])
    expect(c.ask(bind(1, b"\x94", name="ins") + execute() + SYNC)[-2:], ["E 22021", "Z I"])
    expect(c.ask(frame("C", b"S\x94\0") + SYNC), ["E 22021", "Z I"])
    expect(c.ask(frame("F", b"\0\0\0\1\0\0\0\0\0\0")), ["E 0A000", "Z I"])


def a_plan_whose_columns_changed():
    c = fresh()
    c.ask("CREATE TABLE plan (a int PRIMARY KEY)")
    c.ask(parse("SELECT * FROM plan", "all") + SYNC)
    c.ask("ALTER TABLE plan ADD COLUMN b text")
    expect(c.ask(bind(name="all") + execute() + SYNC), ["2", "E 0A000", "Z I"])


def failures_wait_for_sync():
    c, other = fresh(), fresh()
    c.ask("CREATE TABLE s (a int PRIMARY KEY)")
    told = c.ask(parse("INSERT INTO s VALUES (1)") + bind() + execute() + parse("SELECT 1 / a FROM (SELECT 0) z(a)") + bind() +
                 execute() + parse("SELECT 1") + bind() + execute() + query("SELECT 2") + SYNC)
    expect(told, ["1", "2", "C INSERT 0 1", "1", "2", "E 22012", "Z I"])
    expect(other.values("SELECT count(*) FROM s"), ["0"])  # One implicit transaction to the Sync.
    # A pipeline that is well commits at its Sync, all of it.
    c.send(parse("INSERT INTO s VALUES ($1)", "ins") + bind(1, name="ins") + execute() + bind(2, name="ins") + execute() + FLUSH)
    time.sleep(0.2)
    expect(other.values("SELECT count(*) FROM s"), ["0"])
    expect(c.ask(SYNC), ["1", "2", "C INSERT 0 1", "2", "C INSERT 0 1", "Z I"])
    expect(other.values("SELECT count(*) FROM s"), ["2"])


def values_are_checked_at_bind():
    c = fresh()
    c.ask("CREATE TABLE v (a int PRIMARY KEY, b date)")
    c.ask(parse("INSERT INTO v VALUES ($1, $2)", "ins") + SYNC)
    expect(c.ask(bind("x", None, name="ins") + execute() + SYNC), ["E 22P02", "Z I"])
    expect(c.ask(bind(1, "2023-02-29", name="ins") + execute() + SYNC), ["E 22008", "Z I"])
    expect(c.ask(bind(b"\1", None, name="ins", formats=(1, 0)) + execute() + SYNC), ["E 08P01", "Z I"])
    expect(c.ask(bind(1, None, name="ins") + execute() + bind("x", None, name="ins") + execute() + SYNC),
           ["2", "C INSERT 0 1", "E 22P02", "Z I"])
    expect(c.values("SELECT count(*) FROM v"), ["0"])
    c.ask("BEGIN")
    expect(c.ask(bind("x", None, name="ins") + SYNC), ["E 22P02", "Z E"])
    c.ask("ROLLBACK")


def columns_follow_a_revision():
    c = fresh()
    c.ask("CREATE TABLE r (a int PRIMARY KEY)")
    c.ask("CREATE TAG one")
    c.ask("ALTER TABLE r ADD COLUMN b text")
    old = parse("SELECT * FROM r AS OF $1", "old")
    expect(c.ask(old + describe("S", "old") + SYNC), ["1", "t 25", "T a:23 b:25", "Z I"])
    expect(c.ask(bind("one", name="old") + describe() + execute() + SYNC), ["2", "T a:23", "C SELECT 0", "Z I"])
    expect(c.ask(bind("HEAD", name="old") + describe() + execute() + SYNC), ["2", "T a:23 b:25", "C SELECT 0", "Z I"])
    expect(c.ask(bind("one", name="old", results=(0, 0)) + SYNC), ["E 08P01", "Z I"])
    expect(c.ask(bind("two", name="old") + SYNC), ["E VC002", "Z I"])
    expect(c.ask(bind(None, name="old") + SYNC), ["E 22023", "Z I"])


def several_statements():
    c = fresh()
    c.ask("CREATE TABLE w (a int PRIMARY KEY)")
    for words in ("CREATE DATABASE more", "DROP DATABASE more", "VACUUM w"):
        expect(c.ask(words + "; SELECT 1"), ["E 25001", "Z I"])
        expect(c.ask("INSERT INTO w VALUES (1); " + words), ["C INSERT 0 1", "E 25001", "Z I"])
    expect(c.values("SELECT count(*) FROM w"), ["0"])
    expect(c.ask("SELECT 1; CREATE DATABASE a b; SELECT 2"), ["E 42601", "Z I"])
    # What is prepared by messages is dropped by SQL, among others as well.
    c.ask(parse("SELECT 1", "one") + SYNC)
    expect(c.ask("SELECT ';'; DEALLOCATE one; SELECT 2 -- end"),
           ["T ?column?:25", "D ;", "C SELECT 1", "C DEALLOCATE", "T ?column?:23", "D 2", "C SELECT 1", "Z I"])
    expect(c.ask(bind(name="one") + SYNC), ["E 26000", "Z I"])
    expect(c.ask("BEGIN; DISCARD ALL"), ["C BEGIN", "E 25001", "Z E"])
    c.ask("ROLLBACK")
    expect(c.ask("ANALYZE w; ANALYZE VERBOSE"), ["C ANALYZE", "C ANALYZE", "Z I"])
    expect(c.ask("VACUUM (FULL) w"), ["C VACUUM", "Z I"])
    expect(c.ask("VACUUM nowhere"), ["E 42P01", "Z I"])
    c.ask("BEGIN")
    expect(c.ask("VACUUM"), ["E 25001", "Z E"])
    c.ask("ROLLBACK")


def names_of_statements():
    """PREPARE and Parse share one space of names."""
    c = fresh()
    listed = "SELECT name, statement, parameter_types, from_sql FROM pg_prepared_statements ORDER BY name"
    expect(c.ask(parse("SELECT $1 + 1", "p", (23,)) + SYNC), ["1", "Z I"])
    expect(c.ask("PREPARE s (text) AS SELECT $1 || '!'"), ["C PREPARE", "Z I"])
    expect(c.values(listed), ["p|SELECT $1 + 1|{integer}|f", "s|PREPARE s (text) AS SELECT $1 || '!'|{text}|t"])
    expect(c.values("EXECUTE p (41)"), ["42"])
    expect(c.ask(describe("S", "s") + bind("hi", name="s") + execute() + SYNC), ["t 25", "T ?column?:25", "2", "D hi!", "C SELECT 1", "Z I"])
    expect(c.ask("PREPARE p AS SELECT 1"), ["E 42P05", "Z I"])
    expect(c.ask(parse("SELECT 1", "s") + SYNC), ["E 42P05", "Z I"])
    expect(c.ask(parse("SELECT 1", "p") + SYNC), ["E 42P05", "Z I"])
    # Each is dropped by either.
    expect(c.ask("DEALLOCATE p"), ["C DEALLOCATE", "Z I"])
    expect(c.ask(bind(1, name="p") + SYNC), ["E 26000", "Z I"])
    expect(c.ask(close("S", "s") + SYNC), ["3", "Z I"])
    expect(c.ask("EXECUTE s ('x')"), ["E 26000", "Z I"])
    expect(c.values(listed), [])
    c.ask(parse("SELECT 1", "a") + parse("SELECT 2", "b") + SYNC)
    expect(c.ask("BEGIN; EXECUTE a; DEALLOCATE ALL; COMMIT")[-4:], ["C SELECT 1", "C DEALLOCATE ALL", "C COMMIT", "Z I"])
    expect(c.ask(bind(name="b") + SYNC), ["E 26000", "Z I"])
    expect(c.ask("EXECUTE b"), ["E 26000", "Z I"])
    # A ROLLBACK leaves it; the unnamed one is in no list.
    c.ask("BEGIN")
    c.ask(parse("SELECT 3", "kept") + parse("SELECT 4") + SYNC)
    c.ask("ROLLBACK")
    expect(c.values(listed), ["kept|SELECT 3|{}|f"])
    expect(c.values("EXECUTE kept"), ["3"])
    expect(c.ask(parse("", "empty") + bind(name="empty") + execute() + SYNC), ["1", "2", "I", "Z I"])
    expect(c.ask(parse("", "empty") + SYNC), ["E 42P05", "Z I"])
    c.ask("DISCARD ALL")
    expect(c.ask(parse("SELECT 5", "kept") + parse("", "empty") + SYNC), ["1", "1", "Z I"])


def where_columns_come_from():
    """RowDescription names table and column of what is one, and nothing of what is not."""
    c = fresh()
    c.ask("CREATE TABLE home (id int PRIMARY KEY, name text, price numeric)")
    c.ask("INSERT INTO home VALUES (1, 'x', 2)")
    c.ask("CREATE VIEW homes AS SELECT name AS called, id FROM home")
    home, view = c.values("SELECT oid FROM pg_class WHERE relname IN ('home', 'homes') ORDER BY relname")

    def origins(sql):
        c.send(parse(sql) + describe("S") + SYNC)
        found = None
        while True:
            kind, body = c.message()
            if kind == "T":
                found, at = [], 2
                for _ in range(struct.unpack(">H", body[:2])[0]):
                    at = body.index(b"\0", at) + 1
                    table, column = struct.unpack(">IH", body[at:at + 6])
                    found.append((str(table), column) if table else 0)
                    at += 18
            if kind == "Z":
                return found

    for sql, wanted in (("SELECT price, name || '', id FROM home", [(home, 3), 0, (home, 1)]), ("SELECT h.* FROM home h", [(home, 1), (home, 2), (home, 3)]),
                        ("SELECT id FROM home a JOIN home b USING (id)", [(home, 1)]), ("SELECT id FROM home UNION SELECT id FROM home", [0]),
                        ("SELECT name, count(*), max(id) FROM home GROUP BY name ORDER BY 1", [(home, 2), 0, 0]), ("SELECT DISTINCT name FROM home", [(home, 2)]),
                        ("SELECT n FROM (SELECT name AS n FROM home LIMIT 1) s ORDER BY n", [(home, 2)]), ("WITH q AS (SELECT id FROM home) SELECT id FROM q", [(home, 1)]),
                        ("SELECT called, id FROM homes", [(view, 1), (view, 2)]), ("SELECT relname FROM pg_class", [("1259", 2)]), ("VALUES (1)", [0]),
                        ("SELECT b.name FROM home a LEFT JOIN home b ON a.id = b.id + 1", [(home, 2)]), ("SELECT (SELECT id FROM home)", [0]),
                        ("INSERT INTO home VALUES (2) RETURNING price, id + 1, name", [(home, 3), 0, (home, 2)]), ("SELECT * FROM generate_series(1, 2) g", [0]),
                        ("UPDATE home SET name = 'y' RETURNING home.name", [(home, 2)]), ("SELECT id::bigint FROM home", [0])):
        expect((sql, origins(sql)), (sql, wanted))


def binary_cursors():
    c = fresh()
    c.ask("BEGIN")
    expect(c.ask("DECLARE b BINARY SCROLL CURSOR FOR SELECT 258 AS n, 'x' AS t"), ["C DECLARE CURSOR", "Z T"])
    expect(c.values("SELECT name, is_holdable, is_binary FROM pg_cursors"), ["b|f|t"])
    expect(c.ask("FETCH b"), ["T n:23b t:25b", "D \0\0\1\2|x", "C FETCH 1", "Z T"])
    c.ask("MOVE BACKWARD ALL IN b")
    # Who binds says the format himself, as in PostgreSQL.
    expect(c.ask(parse("FETCH b") + bind() + describe() + execute() + SYNC),
           ["1", "2", "T n:23 t:25", "D 258|x", "C FETCH 1", "Z T"])
    c.ask("COMMIT")
    expect(c.values("SELECT count(*) FROM pg_cursors"), ["0"])


def cursors():
    c = fresh()
    expect(c.ask("DECLARE c CURSOR FOR SELECT 1"), ["E 25P01", "Z I"])
    expect(c.ask("DECLARE c CURSOR FOR SELECT 1 AS one; FETCH c"),
           ["C DECLARE CURSOR", "T one:23", "D 1", "C FETCH 1", "Z I"])
    expect(c.ask("FETCH c"), ["E 34000", "Z I"])
    c.ask("BEGIN")
    c.ask(parse("DECLARE \"C\" CURSOR FOR SELECT g AS n FROM generate_series(1, $1) g", "d") + SYNC)
    expect(c.ask(describe("S", "d") + bind(5, name="d") + execute() + SYNC), ["t 23", "n", "2", "C DECLARE CURSOR", "Z T"])
    expect(c.ask(describe("P", "C") + SYNC), ["T n:23", "Z T"])
    expect(c.ask("FETCH FORWARD 2 FROM \"C\""), ["T n:23", "D 1", "D 2", "C FETCH 2", "Z T"])
    expect(c.ask("MOVE 1 IN \"C\""), ["C MOVE 1", "Z T"])
    expect(c.ask(parse("FETCH 9 FROM \"C\"") + describe("S") + bind(results=(1,)) + execute() + SYNC),
           ["1", "t ", "T n:23", "2", "D \0\0\0\4", "D \0\0\0\5", "C FETCH 2", "Z T"])
    expect(c.ask("CLOSE \"C\""), ["C CLOSE CURSOR", "Z T"])
    expect(c.ask(describe("P", "C") + SYNC), ["E 34000", "Z E"])
    c.ask("ROLLBACK")


def row_limits():
    c = fresh()
    many = parse("SELECT g FROM generate_series(1, 5) g") + bind(portal="p")
    c.ask("BEGIN")
    expect(c.ask(many + execute("p", 2) + SYNC), ["1", "2", "D 1", "D 2", "s", "Z T"])
    expect(c.ask(execute("p", 2) + SYNC), ["D 3", "D 4", "s", "Z T"])
    expect(c.ask(parse("SELECT 7") + bind() + execute() + SYNC), ["1", "2", "D 7", "C SELECT 1", "Z T"])
    expect(c.ask(execute("p", 2) + SYNC), ["D 5", "C SELECT 1", "Z T"])
    expect(c.ask(execute("p") + SYNC), ["C SELECT 0", "Z T"])
    expect(c.ask(bind(portal="p") + SYNC), ["E 42P03", "Z E"])
    c.ask("ROLLBACK")
    # Outside a block a portal ends with its transaction.
    expect(c.ask(many + execute("p", 2) + SYNC), ["1", "2", "D 1", "D 2", "s", "Z I"])
    expect(c.ask(execute("p", 2) + SYNC), ["E 34000", "Z I"])
    c.ask("BEGIN")
    c.ask(many + SYNC)
    c.ask("COMMIT")
    expect(c.ask(execute("p") + SYNC), ["E 34000", "Z I"])
    # What gives no rows runs once.
    c.ask("CREATE TABLE once (a int PRIMARY KEY)")
    expect(c.ask(parse("INSERT INTO once VALUES (1)") + bind() + execute() + execute() + SYNC),
           ["1", "2", "C INSERT 0 1", "E 55000", "Z I"])


def copy():
    c = fresh()
    c.ask("CREATE TABLE c (a int PRIMARY KEY, b text)")
    c.send(query("COPY c FROM STDIN"))
    expect(c.message()[0], "G")
    c.send(frame("d", b"1\tx\n2") + SYNC + FLUSH + frame("d", b"\t\\N\n") + frame("c"))
    expect(c.until_ready(), ["C COPY 2", "Z I"])
    expect(c.ask("COPY c TO STDOUT"), ["H", "d 1\tx\n", "d 2\t\\N\n", "c", "C COPY 2", "Z I"])
    expect(c.ask("COPY c TO STDOUT (FORMAT csv, HEADER)"), ["H", "d a,b\n", "d 1,x\n", "d 2,\n", "c", "C COPY 2", "Z I"])
    expect(c.ask("COPY (SELECT 'a\nb') TO STDOUT (FORMAT csv)"), ["H", 'd "a\nb"\n', "c", "C COPY 1", "Z I"])
    # The client breaks off; the data are wrong; another message comes. Nothing stays.
    for end, state in ((frame("f", text("enough")), "57014"), (frame("d", b"x\ty\n") + frame("c"), "22P02"),
                       (parse("SELECT 1"), "08P01")):
        c.send(query("COPY c FROM STDIN"))
        expect(c.message()[0], "G")
        c.send(frame("d", b"7\tseven\n") + end)
        expect(c.until_ready(), [f"E {state}", "Z I"])
    expect(c.values("SELECT count(*) FROM c"), ["2"])
    # What comes late, after the failure, is passed over.
    expect(c.ask(frame("d", b"8\teight\n") + frame("c") + query("SELECT 1")), ["T ?column?:23", "D 1", "C SELECT 1", "Z I"])
    # In the extended protocol, and within a message of several statements.
    c.send(parse("COPY c FROM STDIN (FORMAT csv)") + bind() + describe() + execute() + SYNC)
    expect([c.message()[0] for _ in range(4)], ["1", "2", "n", "G"])
    c.send(frame("d", b"3,three\n") + frame("c") + SYNC)
    expect(c.until_ready(), ["C COPY 1", "Z I"])
    c.send(query("SELECT 1; COPY c FROM STDIN; SELECT count(*) FROM c"))
    expect([c.message()[0] for _ in range(4)], ["T", "D", "C", "G"])
    c.send(frame("d", b"4\tfour\n") + frame("c"))
    expect(c.until_ready(), ["C COPY 1", "T count:20", "D 4", "C SELECT 1", "Z I"])
    # The client is gone in the middle: nothing stays.
    c.send(query("COPY c FROM STDIN"))
    expect(c.message()[0], "G")
    c.send(frame("d", b"9\tnine\n"))
    c.close()
    time.sleep(0.2)
    expect(fresh().values("SELECT count(*) FROM c"), ["4"])


def large_results_stream():
    c = fresh()
    before = server.memory_kb()
    c.send(query("SELECT repeat('x', 1000) FROM generate_series(1, 200000)"))
    time.sleep(1)  # The client does not read.
    assert server.memory_kb() - before < 60_000, "a client that does not read holds memory"
    other = fresh()
    expect(other.values("SELECT 1"), ["1"])
    told = c.until_ready()
    assert len(told) == 200_003 and told[-2] == "C SELECT 200000"
    # It leaves in the middle; others go on.
    c.send(query("SELECT repeat('x', 1000) FROM generate_series(1, 200000)"))
    c.message()
    c.close()
    expect(other.values("SELECT 1"), ["1"])


def settings():
    c = server.connect(application_name="tester", options="-c work_mem=4MB", client_encoding="utf-8")
    expect(c.parameters["client_encoding"], "UTF8")
    expect(c.parameters["application_name"], "tester")
    for name in ("server_version", "server_encoding", "DateStyle", "TimeZone", "integer_datetimes", "IntervalStyle",
                 "standard_conforming_strings", "is_superuser", "session_authorization"):
        assert name in c.parameters, name
    expect(c.values("SHOW work_mem"), ["4MB"])
    expect(c.ask("SET application_name = 'other'"), ["C SET", "S application_name", "Z I"])
    expect(c.ask("DISCARD ALL")[0], "C DISCARD ALL")
    expect(c.values("SHOW application_name"), ["tester"])


def cancel():
    c = fresh()
    c.send(query("SELECT count(*) FROM generate_series(1, 2000000000)"))
    time.sleep(0.3)
    for key in ((c.key[0], c.key[1] ^ 1), c.key):  # A wrong key cancels nothing.
        s = server.raw()
        s.sendall(struct.pack(">IIII", 16, 80877102, *key))
        assert s.recv(10) == b""
        s.close()
        time.sleep(0.2)
    expect(c.until_ready(), ["T count:20", "E 57014", "Z I"] if c.buffer[:1] == b"T" else ["E 57014", "Z I"])
    expect(c.values("SELECT 1"), ["1"])


def statement_timeout():
    c = fresh()
    c.ask("SET statement_timeout = 100")
    expect([line for line in c.ask("SELECT count(*) FROM generate_series(1, 2000000000)") if line[0] in "EZ"], ["E 57014", "Z I"])
    expect(c.values("SELECT 1"), ["1"])


def malformed_streams():
    good = startup(user="ada", database="shop")
    starts = [b"", b"\0", good[:-1], good[:9], struct.pack(">I", 8) + b"\0\3\0\0", struct.pack(">I", 0x7fffffff),
              struct.pack(">I", 4), struct.pack(">I", 10_001) + b"x" * 100, struct.pack(">II", 8, 2 << 16),
              struct.pack(">II", 8, 80877103) * 5, struct.pack(">II", 9, 3 << 16) + b"x", b"GET / HTTP/1.1\r\n\r\n"]
    for data in starts:
        s = server.raw()
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        while s.recv(1000):
            pass
        s.close()
    # After the start: each message cut at each length, then the end of the stream.
    for message in (query("SELECT 1"), parse("SELECT $1", "x", (23,)), bind(1, name="x"), execute("p", 3), describe("S", "x")):
        for size in range(len(message)):
            c = server.connect(local=True)
            c.send(message[:size])
            c.socket.shutdown(socket.SHUT_WR)
            c.until_lost()
            c.close()
    for message, ends in ((frame("Q", b"SELECT 1"), False), (frame("B", b"\0\0\xff\xff"), False), (frame("D", b"X\0"), False),
                          (b"Q\0\0\0\3", True), (b"Q\x7f\xff\xff\xff", True), (b"\0\0\0\0\4", True), (b"z\0\0\0\4", True),
                          (frame("p", b"x"), True), (frame("E", b"x" * 20_000), True)):
        c = server.connect(local=True)
        c.send(message + SYNC)
        told = c.until_lost() if ends else c.until_ready()
        assert told[0] == "E 08P01", (message, told)
        c.close()
    expect(fresh().values("SELECT 1"), ["1"])


def random_streams():
    seed = int(os.environ.get("ROWAN_SEED", time.time_ns() % 1_000_000))
    print("seed", seed)
    dice = random.Random(seed)
    parts = [query("SELECT 1"), query("BEGIN"), query("COMMIT"), parse("SELECT $1::int", "s"), bind(1, name="s"), execute(),
             execute("", 1), describe("S", "s"), describe(), close("S", "s"), SYNC, FLUSH, frame("c"), frame("d", b"1\n"),
             frame("f", b"x\0"), query("COPY (SELECT 1) TO STDOUT"), query("SELECT 1; SELECT 1 / 0"), frame("F", b"")]
    for _ in range(150):
        c = server.connect(local=True)
        data = bytearray(b"".join(dice.choice(parts) for _ in range(dice.randint(1, 20))))
        for _ in range(dice.choice((0, 0, 1, 3))):
            data[dice.randrange(len(data))] = dice.randrange(256)
        try:
            c.send(bytes(data))
            c.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        c.until_lost()
        c.close()
    expect(fresh().values("SELECT 1"), ["1"])


with server:
    run(random_streams) if "ROWAN_SEED" in os.environ else run(simple_query, one_message_is_one_transaction, extended_query, a_plan_whose_columns_changed, failures_wait_for_sync,
        values_are_checked_at_bind, columns_follow_a_revision, several_statements, names_of_statements, where_columns_come_from, binary_cursors, cursors, row_limits, copy, large_results_stream, settings, cancel, statement_timeout, malformed_streams, random_streams)
    assert server.stop() == 0
    server.check()
