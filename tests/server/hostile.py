"""Clients that mean harm, or are broken: every message cut at every length, before and after the client is let in; each
message where it does not belong; lengths and counts that claim too much; many half-received messages at a time. Each
gets an error or a closed connection, memory is not taken for a claim, and the next client is served."""
import os
import socket
import struct
import time

from serving import (FLUSH, SYNC, TERMINATE, Lost, Server, bind, close, describe, execute, expect, fields, frame, parse, query,
                     run, startup, text)

server = Server()
SANITIZED = "SANITIZED" in os.environ
START = startup(user="ada", database="shop", application_name="x", options="-c work_mem=8MB")
SSL, GSS = (struct.pack(">II", 8, code) for code in (80877103, 80877104))
CANCEL = struct.pack(">IIII", 16, 80877102, 1, 1)
COPY_DATA, COPY_DONE, COPY_FAIL = frame("d", b"1\tx\n"), frame("c"), frame("f", text("enough"))
FUNCTION = frame("F", struct.pack(">IHHHiH", 1, 1, 1, 1, 0, 1))
FIRST = b"n,,n=,r=abcdefghijklmnopqrstuvwx"
INITIAL = frame("p", text("SCRAM-SHA-256") + struct.pack(">I", len(FIRST)) + FIRST)
BINDS = bind(1, None, "x", name="s", formats=(0, 0, 0), results=(0, 1))
AFTER = {"Query": query("SELECT 1"), "Parse": parse("SELECT $1, $2, $3", "s", (23, 0, 25)), "Bind": BINDS, "Describe": describe("S", "s"),
         "Execute": execute("portal", 5), "Close": close("P", "portal"), "Sync": SYNC, "Flush": FLUSH, "Terminate": TERMINATE,
         "CopyData": COPY_DATA, "CopyDone": COPY_DONE, "CopyFail": COPY_FAIL, "FunctionCall": FUNCTION, "Password": INITIAL}


def served():
    """The next client is, and at once."""
    start = time.time()
    c = server.connect()
    expect(c.values("SELECT 40 + 2"), ["42"])
    c.close()
    assert time.time() - start < 5, "the next client waited"


def ended(connection):
    """What the server says until it closes; it must close."""
    told = connection.until_lost()
    connection.close()
    return told


def stranger():
    return server.connect(login=False)


def let_in():
    return server.connect(local=True)


def asked_for_a_password(messages=1):
    c = stranger()
    c.send(START)
    c.message()
    if messages == 2:
        c.send(INITIAL)
        c.message()
    return c


def cut_before_the_client_is_let_in():
    final = frame("p", b"c=biws,r=abcdefghijklmnopqrstuvwx" + b"y" * 24 + b",p=" + b"A" * 43 + b"=")
    for message, make in ((START, stranger), (SSL, stranger), (GSS, stranger), (CANCEL, stranger),
                          (INITIAL, asked_for_a_password), (final, lambda: asked_for_a_password(2))):
        for size in range(len(message)):
            c = make()
            c.send(message[:size])
            c.socket.shutdown(socket.SHUT_WR)
            for line in ended(c):
                assert line[0] in "ER", (message, size, line)
        served()


def cut_after():
    for name, message in AFTER.items():
        for size in range(len(message)):
            c = let_in()
            c.send(message[:size])
            c.socket.shutdown(socket.SHUT_WR)
            expect((name, size, ended(c)), (name, size, []))
        served()
    # Within a block and a COPY: nothing of it stays.
    c = let_in()
    c.ask("CREATE TABLE cut (a int PRIMARY KEY, b text)")
    for message in (query("INSERT INTO cut VALUES (2, 'b')"), COPY_DATA * 2, COPY_DONE, COPY_FAIL, SYNC):
        for size in range(len(message)):
            hurt = let_in()
            hurt.ask("BEGIN")
            hurt.ask("INSERT INTO cut VALUES (7, 'g')")
            if message[0:1] != b"Q":
                hurt.send(query("COPY cut FROM STDIN"))
                expect(hurt.message()[0], "G")
            hurt.send(message[:size])
            hurt.socket.shutdown(socket.SHUT_WR)
            for line in ended(hurt):
                assert line[0] in "E", line
        served()
    expect(c.values("SELECT count(*) FROM cut"), ["0"])


def fields_cut_within_their_message():
    """The frame is whole, what stands in it ends early: an error, and the connection goes on after the next Sync."""
    for name, message in AFTER.items():
        if name in ("Sync", "Flush", "Terminate", "CopyData", "CopyDone", "CopyFail", "Password"):
            continue
        body = message[5:]
        c = let_in()
        for size in range(len(body)):
            c.send(frame(message[:1].decode(), body[:size]) + SYNC)
            told = c.until_ready()
            if name in ("Query", "FunctionCall"):
                told += c.until_ready()
            assert told[0] in ("E 08P01", "E 0A000", "E 26000", "E 34000"), (name, size, told)
        expect(c.values("SELECT 1"), ["1"])
        # And more than belongs there.
        c.send(message + SYNC)
        c.until_ready()
        if name in ("Query", "FunctionCall"):
            c.until_ready()
        longer = message[:1] + struct.pack(">I", len(body) + 4 + 3) + body + b"xyz"
        c.send(longer + SYNC)
        told = c.until_ready()
        assert told[0][0] == "E", (name, told)
        c.close()
    served()


def out_of_order():
    # Before the start a type byte is a length, and no message is a start-up packet.
    for message in AFTER.values():
        c = stranger()
        c.send(message)
        c.socket.shutdown(socket.SHUT_WR)
        for line in ended(c):
            assert line[0] == "E", line
    # Where a password is waited for, nothing else is taken; nor its parts in the wrong order, nor twice.
    for message in AFTER.values():
        if message != INITIAL:
            c = asked_for_a_password()
            c.send(message)
            expect(ended(c), ["E 08P01"])
        c = asked_for_a_password(2)
        c.send(message)
        expect(ended(c), ["E 08P01"])
    c = asked_for_a_password()
    c.send(START)
    expect(ended(c)[:1], ["E 08P01"])
    served()
    # A start within the talk, a password that nobody asked for.
    for message in (START, SSL, CANCEL, INITIAL):
        c = let_in()
        c.send(message)
        c.socket.shutdown(socket.SHUT_WR)
        expect(ended(c)[-1:], ["E 08P01"])
    # COPY's own without a COPY, and everything else within one.
    c = let_in()
    expect(c.ask(COPY_DATA + COPY_DONE + COPY_FAIL + query("SELECT 1"))[1:], ["D 1", "C SELECT 1", "Z I"])
    c.ask("CREATE TABLE order_of (a int PRIMARY KEY, b text)")
    for name, message in AFTER.items():
        if name in ("Sync", "Flush", "CopyData", "CopyDone", "CopyFail", "Terminate", "Password"):
            continue
        c.send(query("COPY order_of FROM STDIN"))
        expect(c.message()[0], "G")
        c.send(COPY_DATA + message)
        expect((name, c.until_ready()), (name, ["E 08P01", "Z I"]))
        c.send(COPY_DATA + COPY_DONE)  # Late, and passed over.
        expect(c.values("SELECT count(*) FROM order_of"), ["0"])
    # Binds, Executes and Describes of what is not there; each waits for its Sync.
    c.ask("BEGIN")
    for message, state in ((BINDS, "26000"), (execute("none"), "34000"), (describe("P", "none"), "34000"), (describe("S", "none"), "26000")):
        expect(c.ask(message + execute() + bind() + SYNC)[0], "E " + state)
        expect(c.status, "E")
        c.ask("ROLLBACK")
        c.ask("BEGIN")
    c.ask("ROLLBACK")
    expect(c.ask(SYNC * 5 + query("SELECT 1")), ["Z I"])
    for _ in range(4):
        expect(c.until_ready(), ["Z I"])
    expect(c.until_ready()[1:], ["D 1", "C SELECT 1", "Z I"])
    served()


def lengths_that_claim_too_much():
    before = server.memory_kb()
    kept = []
    for length in (0, 1, 3, 0x10000001, 0x40000000, 0x7fffffff, 0x80000000, 0xffffffff):
        for kind in "QPBFdEDCHSXcfp\0\x01zZ~\xff":
            c = let_in()
            c.send(kind.encode("latin1") + struct.pack(">I", length) + b"x" * 50)
            expect((kind, length, ended(c)), (kind, length, ["E 08P01"]))
        for data in (struct.pack(">I", length) + b"x" * 50, struct.pack(">II", length, 3 << 16) + b"user\0ada\0\0"):
            c = stranger()
            c.send(data)
            expect(ended(c), ["E 08P01"])
        c = asked_for_a_password()
        c.send(b"p" + struct.pack(">I", length))
        expect(ended(c), ["E 08P01"])
    served()
    # What is allowed is not believed either: 200 claims of 200 MB, of which nothing comes.
    for _ in range(200):
        c = let_in()
        c.send(b"Q" + struct.pack(">I", 200 << 20) + b"x" * 100)
        kept.append(c)
    time.sleep(0.5)
    served()
    assert SANITIZED or server.memory_kb() - before < 40_000, server.memory_kb() - before
    for c in kept:
        c.close()


def counts_that_claim_too_much():
    before = server.memory_kb()
    c = let_in()
    c.ask(parse("SELECT $1::int", "one") + SYNC)
    for body in (text("") + text("one") + b"\xff\xff",                                             # 65,535 formats
                 text("") + text("one") + b"\0\0\xff\xff",                                         # as many parameters
                 text("") + text("one") + b"\0\0\0\1" + struct.pack(">I", 0x7fffffff),              # a value of 2 GB
                 text("") + text("one") + b"\0\0\0\1" + struct.pack(">i", -2),                      # of less than nothing
                 text("") + text("one") + b"\0\0\0\1" + struct.pack(">i", 1) + b"1\xff\xff",         # 65,535 results
                 text("") + text("one") + b"\0\1\0\2\0\1" + struct.pack(">i", 1) + b"1\0\0",         # a format that is none
                 text("") + text("one") + b"\0\0\0\1" + struct.pack(">i", 1) + b"1\0\1\0\7"):
        told = c.ask(frame("B", body) + SYNC)
        assert told[0] in ("E 08P01", "E 22023", "E 0A000"), (body, told)
    for body in (text("") + text("SELECT 1") + b"\xff\xff", text("x" * 100), b"\xff" * 40):
        expect(c.ask(frame("P", body) + SYNC)[0][:4], "E 08" if body[:1] != b"\xff" else "E 08")
    expect(c.ask(frame("F", struct.pack(">IH", 1, 0xffff)))[-1], "Z I")
    many = 65_535
    told = c.ask(parse("SELECT 1", "many", [23] * many) + SYNC)
    assert told[0][0] in "1E", told
    told = c.ask(frame("B", text("") + text("one") + b"\0\0" + struct.pack(">H", many) + b"\xff\xff\xff\xff" * many + b"\0\0") + SYNC)
    expect(told[0], "E 08P01")
    s = stranger()  # As many settings as a start-up packet holds.
    s.send(startup(user="ada", database="shop", **{f"x.n{i}": "1" for i in range(900)}))
    s.message()
    s.close()
    assert SANITIZED or server.memory_kb() - before < 60_000
    expect(c.values("SELECT 1"), ["1"])
    served()


def a_byte_at_a_time():
    c = server.connect(local=True)
    for byte in parse("SELECT $1::int + 1") + bind(41) + execute() + SYNC:
        c.send(bytes([byte]))
    expect(c.until_ready(), ["1", "2", "D 42", "C SELECT 1", "Z I"])


def half_open_at_every_step():
    """2,000 that stop somewhere on their way in, and 300 that stop within a message; clients come in between."""
    held = []
    for i in range(2000):
        s = server.raw()
        step = i % 8
        if step == 1:
            s.sendall(b"\0")
        elif step == 2:
            s.sendall(START[:5 + i % (len(START) - 5)])
        elif step == 3:
            s.sendall(SSL)
        elif step >= 4:
            s.sendall(START)
        if step == 5:
            s.sendall(INITIAL[:1 + i % (len(INITIAL) - 1)])
        elif step == 6:
            s.sendall(INITIAL)
        elif step == 7:
            s.sendall(b"p" + struct.pack(">I", 60_000) + b"n" * 20_000)
        held.append(s)
        if i % 500 == 499:
            served()
    for i in range(300):
        c = let_in()
        message = list(AFTER.values())[i % 3] + query("x" * 50_000)
        c.send(message[:-1 - i])
        held.append(c.socket)
    served()
    for s in held:
        s.close()
    served()


def half_received_messages_share_a_budget():
    """What all clients together have half sent is bounded: who is beyond it is told 53200 and let go."""
    with Server("--input-memory", "64") as small:
        before = small.memory_kb()
        # Each stops within a message of 8 MB, of which 6 MB have come.
        clients, told = [small.connect(local=True) for _ in range(30)], []
        for c in clients:
            c.socket.settimeout(5)
            try:
                c.send(b"Q" + struct.pack(">I", 8 << 20) + b" " * (6 << 20))
            except (BrokenPipeError, ConnectionResetError, socket.timeout):
                pass
        time.sleep(0.5)
        assert SANITIZED or small.memory_kb() - before < 110_000, small.memory_kb() - before
        expect(small.connect().values("SELECT 40 + 2"), ["42"])  # Small messages need none of it.
        for c in clients:
            c.socket.settimeout(0.2)
            try:
                told.append(c.until_lost())
            except socket.timeout:
                told.append("waits")
        refused = [line for line in told if line != "waits"]
        assert 15 <= len(refused) <= 28 and all(line in ([], ["E 53200"]) for line in refused), told
        assert ["E 53200"] in refused, told
        for c in clients:
            c.close()
        # Given back, it is there for others: also what stood in portals and prepared statements.
        for _ in range(5):
            c = small.connect(local=True)
            expect(c.ask("SELECT '" + "y" * (20 << 20) + "' IS NULL"), ["T ?column?:16", "D f", "C SELECT 1", "Z I"])
            c.ask("BEGIN")
            kept = 0
            while (line := c.ask(parse("SELECT $1::text", f"s{kept}") + bind("z" * (9 << 20), portal=f"p{kept}", name=f"s{kept}") + SYNC)) == ["1", "2", "Z T"]:
                kept += 1
                assert kept < 12, "portals keep without end"
            expect(line, ["1", "E 53200", "Z E"])
            assert kept >= 4, kept
            c.close()
        small.stop()


with server:
    run(cut_before_the_client_is_let_in, cut_after, fields_cut_within_their_message, out_of_order, lengths_that_claim_too_much,
        counts_that_claim_too_much, a_byte_at_a_time, half_open_at_every_step, half_received_messages_share_a_budget)
    assert server.stop() == 0
    server.check()
