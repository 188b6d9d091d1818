#!/usr/bin/env python3
"""Proves that kill -9 of the process that has the repository loses nothing that others were told is committed: 08006 is certainly
not there, 08007 may be, whole or not at all; and one of those that are left has it afterwards.
    neighbours_kills.py PATH-OF-ROWAN [PART…]; ROWAN_NEIGHBOURS_ROUNDS: how many are killed.
"""
import os
import random
import threading
import time

from shells import Serving, Shell, check, expect, place, prove_sound, run_parts, sql, state_of, writer_of

ROUNDS = int(os.environ.get("ROWAN_NEIGHBOURS_ROUNDS", "6"))
WRITERS = 3
LOST = ("08006", "08007")


class Writer(threading.Thread):
    """A shell that commits until it is told to stop, and keeps what it was told of each key."""

    def __init__(self, home, shell=None):
        super().__init__()
        self.home, self.shell, self.stopped, self.problem = home, shell or Shell(home), False, None
        self.told = {}  # By key: "committed", or the SQLSTATE.
        self.last = 0

    def run(self):
        try:
            while not self.stopped:
                self.last += 1
                key = f"{self.shell.pid}, {self.last}"
                self.told[key] = self.one(key)
        except BaseException as problem:  # Told by the thread that waits.
            self.problem = problem

    def one(self, key):
        way = self.last % 3
        if way == 0:  # Both tables by one statement, which commits by itself.
            state = state_of(self.shell.ask(f"INSERT INTO t SELECT w, n, 'x' FROM (VALUES ({key})) AS k(w, n);"))
            return self.settle(state)
        steps = ["BEGIN;", f"INSERT INTO t VALUES ({key}, 'x');", f"INSERT INTO u VALUES ({key});", "COMMIT;"]
        if way == 1:  # What follows a BEGIN that failed would run outside of a block.
            steps = [steps[0], " ".join(steps[1:])]
        for step in steps:
            told = self.shell.ask(step)
            if state_of(told):
                return self.settle(state_of(told), in_block=True)
        return "committed"

    def settle(self, state, in_block=False):
        if state is None:
            return "committed"
        check(state in LOST, f"a writer was told {state}")
        if in_block:
            self.shell.ask("ROLLBACK;")
        return state

    def stop(self):
        self.stopped = True
        self.join()
        if self.problem:
            raise self.problem


def rounds_of_kills():
    with place("CREATE TABLE t (w int, n int, v text, PRIMARY KEY (w, n))", "CREATE TABLE u (w int, n int, PRIMARY KEY (w, n))") as home:
        told = {}
        first = Shell(home)
        writers = [Writer(home) for _ in range(WRITERS)]
        for writer in writers:
            writer.start()
        for number in range(ROUNDS):
            time.sleep(random.uniform(0.2, 1.0))
            expect(writer_of(home), first.pid)
            first.kill()
            time.sleep(random.uniform(0.5, 1.5))  # The others go on.
            for writer in writers:
                writer.stop()
            heir = writer_of(home)
            check(heir in [writer.shell.pid for writer in writers], f"one of the others has it, not {heir}")
            for writer in writers:
                for key, state in writer.told.items():
                    told[key] = state
            look(writers[0].shell, told)
            # The heir is the next to be killed, while it commits or while it only serves.
            first = next(writer.shell for writer in writers if writer.shell.pid == heir)
            writers = [Writer(home, writer.shell) for writer in writers if writer.shell.pid != heir] + [Writer(home)]
            for writer in writers:
                writer.last = 1000000 * (number + 1)
                writer.start()
        for writer in writers:
            writer.stop()
            told.update(writer.told)
        look(writers[0].shell, told)
        for shell in [first] + [writer.shell for writer in writers]:
            shell.leave()
        prove_sound(home)
        counts = {state: sum(1 for found in told.values() if found == state) for state in ("committed",) + LOST}
        print(f"    {counts}")
        check(counts["committed"] > 20 * ROUNDS, "the writers were at work")
        check(counts["08006"] + counts["08007"] > 0, "somebody was interrupted")


def look(shell, told):
    """Holds what is there to what was said."""
    there = {"t": set(), "u": set()}
    for table, keys in there.items():
        for row in shell.rows(f"SELECT w || ', ' || n FROM {table};"):
            keys.add(row)
    for key, state in told.items():
        is_whole = key in there["t"] and (key in there["u"] or int(key.split(", ")[1]) % 3 == 0)
        is_half = not is_whole and (key in there["t"] or key in there["u"])
        check(not is_half, f"{key} ({state}) is there by half")
        check(state != "committed" or is_whole, f"{key} was acknowledged and is gone")
        check(state != "08006" or not is_whole, f"{key} was said to be rolled back and is there")
    strangers = [key for key in there["t"] | there["u"] if key not in told]
    check(not strangers, f"nobody wrote {strangers[:5]}")


def a_server_is_killed():
    with place("CREATE TABLE t (w int, n int, v text, PRIMARY KEY (w, n))", "CREATE TABLE u (w int, n int, PRIMARY KEY (w, n))") as home:
        server = Serving(home)
        writers = [Writer(home) for _ in range(WRITERS)]
        for writer in writers:
            writer.start()
        time.sleep(1)
        server.kill()
        time.sleep(1)
        for writer in writers:
            writer.stop()
        told = {key: state for writer in writers for key, state in writer.told.items()}
        look(writers[0].shell, told)
        for writer in writers:
            writer.shell.leave()
        expect(sql(home, "SELECT 1").count("1 row"), 1)
        prove_sound(home)


def ends_in_order_lose_nothing():
    with place("CREATE TABLE t (w int, n int, v text, PRIMARY KEY (w, n))", "CREATE TABLE u (w int, n int, PRIMARY KEY (w, n))") as home:
        first = Shell(home)
        writers = [Writer(home) for _ in range(WRITERS)]
        for writer in writers:
            writer.start()
        time.sleep(1)
        first.leave()
        time.sleep(1)
        for writer in writers:
            writer.stop()
        told = {key: state for writer in writers for key, state in writer.told.items()}
        look(writers[0].shell, told)
        # Short transactions end within the five seconds, and the next one begins with the next process.
        expect({state for state in told.values()}, {"committed"}, "nobody noticed")
        for writer in writers:
            writer.shell.leave()
        prove_sound(home)


run_parts([rounds_of_kills, a_server_is_killed, ends_in_order_lose_nothing])
