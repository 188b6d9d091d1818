"""pgbench: its tables are made, and its scripts run in the three query modes; the sums of TPC-B agree."""
import os
import subprocess

from serving import Server, expect, need, run

PGBENCH, PSQL = need("pgbench"), need("psql")
server = Server()


def bench(*words):
    done = subprocess.run([PGBENCH, *words], capture_output=True, text=True, env=server.env(), timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def value(sql):
    return subprocess.run([PSQL, "-XAtc", sql], capture_output=True, text=True, env=server.env(), timeout=60).stdout.strip()


def tables():
    bench("-i", "-q", "-s", "1")
    expect(value("SELECT count(*) FROM pgbench_accounts"), "100000")
    bench("-i", "-q", "-I", "dtGvp", "-s", "1")
    expect(value("SELECT count(*) FROM pgbench_accounts"), "100000")


def modes():
    bench("-i", "-q", "-I", "dtgvp", "-s", "1")
    for mode in ("simple", "extended", "prepared"):
        for script in ((), ("-S",), ("-N",)):
            out = bench("-n", "-M", mode, "-c", "8", "-j", "2", "-t", "25", *script)
            assert "number of failed transactions: 0" in out and "processed: 200/200" in out, out
    expect(value("SELECT count(*) FROM pgbench_history"), "1200")


def sums():
    bench("-i", "-q", "-I", "dtgvp", "-s", "1")
    bench("-n", "-M", "prepared", "-c", "8", "-t", "25")
    expect(value("SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(delta) FROM pgbench_history) AND "
                 "(SELECT sum(bbalance) FROM pgbench_branches) = (SELECT sum(tbalance) FROM pgbench_tellers)"), "t")


def pipelines():
    path = os.path.join(server.temp, "pipeline.sql")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\\startpipeline\nSELECT 1;\nSELECT aid FROM pgbench_accounts WHERE aid = 3;\n"
                   "UPDATE pgbench_tellers SET tbalance = tbalance WHERE tid = 1;\n\\endpipeline\n")
    for mode in ("extended", "prepared"):
        assert "processed: 40/40" in bench("-n", "-f", path, "-M", mode, "-c", "2", "-t", "20")


with server:
    run(tables, modes, sums, pipelines)
    assert server.stop() == 0
    server.check()
