"""How connections and the server end: SIGTERM lets what runs go on for a while, idle timeouts, and lock waits that
take every worker; all acknowledged commits are published."""
import os
import signal
import subprocess
import time

from serving import Refused, Server, expect, query, run


def rest_ends_at_once():
    with Server() as server:
        c = server.connect()
        c.ask("CREATE TABLE t (a int PRIMARY KEY)")
        c.ask("INSERT INTO t VALUES (1)")
        start = time.time()
        expect(server.stop(), 0)
        assert time.time() - start < 3
        expect(c.until_lost(), ["E 57P01"])
        log = subprocess.run(["git", "--git-dir", server.dir, "log", "--oneline", "main"], capture_output=True, text=True)
        expect(len(log.stdout.splitlines()), 3)  # Published: stock git sees them.
        server.check()


def a_short_transaction_may_end():
    with Server() as server:
        c, late = server.connect(), server.connect(login=False)
        c.ask("CREATE TABLE t (a int PRIMARY KEY)")
        c.ask("BEGIN")
        c.ask("INSERT INTO t VALUES (1)")
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        try:
            server.connect()
            assert False, "a new client was let in"
        except Refused as refusal:
            expect(refusal.state, "57P03")
        expect(c.ask("INSERT INTO t VALUES (2)"), ["C INSERT 0 1", "Z T"])
        c.send(query("COMMIT"))
        expect(c.until_lost(), ["C COMMIT", "Z I", "E 57P01"])
        server.process.communicate(timeout=10)
        expect(server.process.returncode, 0)
        late.close()
        server.start()
        expect(server.connect().values("SELECT count(*) FROM t"), ["2"])
        server.stop()
        server.check()


def a_long_one_is_ended():
    with Server() as server:
        busy, open_block = server.connect(), server.connect()
        busy.ask("CREATE TABLE t (a int PRIMARY KEY)")
        open_block.ask("BEGIN")
        open_block.ask("INSERT INTO t VALUES (1)")
        busy.send(query("SELECT count(*) FROM generate_series(1, 20000000000)"))
        time.sleep(0.2)
        start = time.time()
        expect(server.stop(), 0)
        assert 4 < time.time() - start < 12, time.time() - start
        expect(busy.until_lost()[-1], "E 57P01")
        expect(open_block.until_lost(), ["E 57P01"])
        server.start()
        expect(server.connect().values("SELECT count(*) FROM t"), ["0"])


def a_second_signal_hurries():
    with Server() as server:
        c = server.connect()
        c.ask("BEGIN")
        start = time.time()
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        expect(server.stop(signal.SIGINT), 0)
        assert time.time() - start < 3
        expect(c.until_lost(), ["E 57P01"])


def idle_timeouts():
    with Server() as server:
        c = server.connect()
        c.ask("SET idle_session_timeout = 300")
        start = time.time()
        expect(c.until_lost(), ["E 57P05"])
        assert 0.2 < time.time() - start < 2
        c = server.connect(options="-c idle_in_transaction_session_timeout=300")
        time.sleep(0.6)  # Outside a block it does not count.
        expect(c.ask("BEGIN"), ["C BEGIN", "Z T"])
        expect(c.until_lost(), ["E 25P03"])


def waits_take_no_worker_from_who_ends_them():
    with Server() as server:
        holder = server.connect()
        holder.ask("CREATE TABLE t (a int PRIMARY KEY, b int)")
        holder.ask("INSERT INTO t VALUES (1, 0)")
        holder.ask("BEGIN")
        holder.ask("UPDATE t SET b = b + 1 WHERE a = 1")
        waiting = [server.connect(local=True) for _ in range(40)]
        for c in waiting:
            c.send(query("UPDATE t SET b = b + 1 WHERE a = 1"))
        time.sleep(0.3)
        expect(server.connect().values("SELECT b FROM t"), ["0"])
        expect(holder.ask("COMMIT"), ["C COMMIT", "Z I"])
        for c in waiting:
            expect(c.until_ready(), ["C UPDATE 1", "Z I"])
        expect(holder.values("SELECT b FROM t"), ["41"])


def clients_that_leave_leave_nothing():
    with Server() as server:
        holder = server.connect()
        holder.ask("CREATE TABLE t (a int PRIMARY KEY)")
        for _ in range(20):
            c = server.connect(local=True)
            c.ask("BEGIN")
            c.ask("INSERT INTO t VALUES (1)")  # Waits for the one before, unless that one is gone.
            c.close()
        expect(holder.ask("INSERT INTO t VALUES (1)"), ["C INSERT 0 1", "Z I"])
        time.sleep(0.5)
        threads = len(os.listdir(f"/proc/{server.process.pid}/task"))
        assert threads < 60, threads


run(rest_ends_at_once, a_short_transaction_may_end, a_long_one_is_ended, a_second_signal_hurries, idle_timeouts,
    waits_take_no_worker_from_who_ends_them, clients_that_leave_leave_nothing)
