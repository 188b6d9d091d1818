"""What names mean at the port: one repository with its branches and revisions, and a folder of repositories, where
CREATE and DROP DATABASE make and remove them."""
import os
import subprocess

from serving import SYNC, Refused, Server, bind, execute, expect, parse, run


def state(server, database):
    try:
        server.connect(database=database).close()
    except Refused as refusal:
        return refusal.state
    return "fine"


def one_repository():
    with Server() as server:
        c = server.connect(database="postgres")
        c.ask("CREATE TABLE t (a int PRIMARY KEY)")
        c.ask("CREATE BRANCH work")
        w = server.connect(database="shop/work")
        expect(w.ask("INSERT INTO t VALUES (1)"), ["C INSERT 0 1", "Z I"])
        expect(server.connect(database="postgres/work").values("SELECT count(*) FROM t"), ["1"])
        expect(c.values("SELECT count(*) FROM t"), ["0"])
        old = server.connect(database="shop@work~1")
        expect(old.values("SELECT count(*) FROM t"), ["0"])
        expect(old.ask("INSERT INTO t VALUES (2)"), ["E 25006", "Z I"])
        for name in ("shop2", "shop/none", "shop@none", "/", "shop/", "@main", "../shop"):
            assert state(server, name) in ("3D000", "VC005"), (name, state(server, name))
        told = c.ask("CREATE DATABASE other")
        expect(told, ["E 0A000", "Z I"])
        expect(c.ask("DROP DATABASE shop"), ["E 0A000", "Z I"])


def a_folder():
    with Server(folder=True) as server:
        c = server.connect(database="postgres")
        expect(state(server, "a"), "3D000")
        expect(c.ask("CREATE DATABASE a"), ["C CREATE DATABASE", "Z I"])
        expect(c.ask("CREATE DATABASE a"), ["E 42P04", "Z I"])
        expect(c.ask("CREATE DATABASE IF NOT EXISTS a"), ["C CREATE DATABASE", "Z I"])
        expect(c.ask('CREATE DATABASE "B c" TEMPLATE template0 ENCODING \'UTF8\''), ["C CREATE DATABASE", "Z I"])
        expect(sorted(os.listdir(server.dir)), ["B c.git", "a.git"])
        for name in ("..", "x/y", "../x", "a@b", ".x", "x.git"):
            expect(c.ask(f'CREATE DATABASE "{name}"'), ["E 42602", "Z I"])
        expect(sorted(os.listdir(server.dir)), ["B c.git", "a.git"])
        expect(sorted(n for n in os.listdir(server.temp) if not n.startswith(".s.")), ["all", "server.err"])
        # In blocks and beside other statements it is refused, as in PostgreSQL.
        expect(c.ask("SELECT 1; CREATE DATABASE d")[-2:], ["E 25001", "Z I"])
        c.ask("BEGIN")
        expect(c.ask("CREATE DATABASE d"), ["E 25001", "Z E"])
        c.ask("ROLLBACK")
        # By the extended protocol, too.
        expect(c.ask(parse("CREATE DATABASE d") + bind() + execute() + SYNC), ["1", "2", "C CREATE DATABASE", "Z I"])
        a = server.connect(database="a")
        a.ask("CREATE TABLE t (x int PRIMARY KEY)")
        a.ask("INSERT INTO t VALUES (1)")
        a.ask("CREATE BRANCH side")
        expect(server.connect(database="a/side").values("SELECT x FROM t"), ["1"])
        expect(c.ask("DROP DATABASE a"), ["E 55006", "Z I"])
        expect(a.ask("DROP DATABASE a"), ["E 55006", "Z I"])
        a.close()
        for _ in range(50):
            told = c.ask("DROP DATABASE a")
            if told[0] != "E 55006":
                break
        expect(told, ["C DROP DATABASE", "Z I"])
        expect(sorted(os.listdir(server.dir)), ["B c.git", "d.git"])
        expect(c.ask("DROP DATABASE a"), ["E 3D000", "Z I"])
        expect(c.ask("DROP DATABASE IF EXISTS a")[-2:], ["C DROP DATABASE", "Z I"])
        expect(state(server, "B c"), "fine")
        # A place to say CREATE DATABASE from, that keeps nothing.
        expect(c.ask("CREATE TABLE t (a int PRIMARY KEY)"), ["E 25006", "Z I"])
        server.stop()
        server.check(os.path.join(server.dir, "d.git"))


def a_literal_name_wins():
    with Server(folder=True) as server:
        c = server.connect(database="postgres")
        c.ask("CREATE DATABASE shop")
        s = server.connect(database="shop")
        s.ask("CREATE TABLE t (a int PRIMARY KEY)")
        subprocess.run([server.rowan, "init", os.path.join(server.dir, "shop@main")], check=True, stdout=subprocess.DEVNULL)
        expect(server.connect(database="shop@main").ask("SELECT 1 FROM t"), ["E 42P01", "Z I"])
        c.ask("CREATE DATABASE postgres")
        p = server.connect(database="postgres")
        expect(p.ask("CREATE TABLE kept (a int PRIMARY KEY)"), ["C CREATE TABLE", "Z I"])


run(one_repository, a_folder, a_literal_name_wins)
