"""What names mean at the port: one repository with its branches and revisions, and a folder of repositories, where
CREATE and DROP DATABASE make and remove them."""
import hashlib
import os
import shutil
import subprocess
import time

from serving import SYNC, Refused, Server, bind, execute, expect, fields, parse, query, run


def state(server, database):
    try:
        server.connect(database=database).close()
    except Refused as refusal:
        return refusal.state
    return "fine"


def oid(name):
    """As docs/decisions/0019-oids-follow-from-names.md has it."""
    bits = int.from_bytes(hashlib.sha256(f"\0database\0{name}".encode()).digest()[:4], "big") & 0x7FFFFFFF
    return bits if bits >= 16384 else bits + 16384


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
        listed = "SELECT oid, datname, pg_get_userbyid(datdba) = current_user, pg_encoding_to_char(encoding), datcollate, datistemplate FROM pg_database"
        for name in ("shop", "postgres", "shop/work", "shop@work~1"):
            other = server.connect(database=name)
            expect(other.values(listed), [f"{oid('shop')}|shop|t|UTF8|C|f"])
            expect(other.values("SELECT current_database()"), ["shop"])
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


LISTED = "SELECT datname FROM pg_database ORDER BY 1"


def a_folder_is_listed():
    """Every connection sees all databases of the folder, at once, by the same oids."""
    with Server(folder=True) as server:
        c = server.connect(database="postgres")
        expect(c.values("SELECT oid, datname, datistemplate FROM pg_database ORDER BY 1"), ["1|template1|t", "5|postgres|f"])
        expect(c.values("SELECT current_database()"), ["postgres"])
        expect(server.connect(database="template1").values("SELECT current_database()"), ["template1"])
        c.ask("CREATE DATABASE one")
        one = server.connect(database="one")
        expect(one.values(LISTED), ["one", "postgres", "template1"])
        expect(one.values("SELECT oid FROM pg_database WHERE datname = current_database()"), [str(oid("one"))])
        c.ask('CREATE DATABASE "Two, 2"')
        for connection in (c, one):
            expect(connection.values(LISTED), ["Two, 2", "one", "postgres", "template1"])
        # So is what another program makes there; what is no database is not.
        subprocess.run([server.rowan, "init", os.path.join(server.dir, "three")], check=True, stdout=subprocess.DEVNULL)
        os.mkdir(os.path.join(server.dir, "notes"))
        os.symlink(os.path.join(server.dir, "three"), os.path.join(server.dir, "link.git"))
        expect(one.values(LISTED), ["Two, 2", "one", "postgres", "template1", "three"])
        one.ask("BEGIN")
        expect(one.values("SELECT count(*) FROM pg_database"), ["5"])
        c.ask('DROP DATABASE "Two, 2"')
        expect(one.values("SELECT count(*) FROM pg_database"), ["4"])
        one.ask("COMMIT")
        # Sessions of another process that has the repository are told of the folder as well.
        with subprocess.Popen([server.rowan, "shell", os.path.join(server.dir, "three")], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as shell:
            shell.stdin.write("SELECT 'ready';\n")
            shell.stdin.flush()
            while "ready" not in shell.stdout.readline():
                pass
            expect(server.connect(database="three").values(LISTED), ["one", "postgres", "template1", "three"])
            shell.stdin.close()
            shell.stdout.read()


def a_shell_keeps_it():
    """Who works in the server from another process is a user like any other."""
    with Server(folder=True) as server:
        c = server.connect(database="postgres")
        c.ask("CREATE DATABASE one")
        in_server = server.connect(database="one")  # So the server has it, and the shell works there.
        with subprocess.Popen([server.rowan, "shell", os.path.join(server.dir, "one.git")], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as shell:
            def ask(text, until):
                shell.stdin.write(text + "\n")
                shell.stdin.flush()
                while until not in shell.stdout.readline():
                    pass
            ask("CREATE TABLE t (a int); SELECT 'ready';", "ready")
            in_server.socket.close()
            for _ in range(100):
                expect(c.ask("DROP DATABASE one"), ["E 55006", "Z I"])
                time.sleep(0.01)
            ask("INSERT INTO t VALUES (1); SELECT 'still ' || count(*) FROM t;", "still 1")
            shell.stdin.close()
            shell.stdout.read()
        for _ in range(500):
            told = c.ask("DROP DATABASE one")
            if told[0] != "E 55006":
                break
            time.sleep(0.01)
        expect(told, ["C DROP DATABASE", "Z I"])
        assert not os.path.exists(os.path.join(server.dir, "one.git"))


def what_a_kill_left_goes():
    with Server(folder=True) as server:
        server.connect(database="postgres").ask("CREATE DATABASE one")
        server.stop()
        gone = subprocess.Popen(["true"])
        gone.wait()
        for name in (f".new-{gone.pid}-a", f".dropped-{gone.pid}-b", f".new-{os.getpid()}-c", ".new-d", ".dropped-1x-e"):
            shutil.copytree(os.path.join(server.dir, "one.git"), os.path.join(server.dir, name))
        server.start()
        expect(sorted(os.listdir(server.dir)), sorted([f".new-{os.getpid()}-c", ".new-d", ".dropped-1x-e", "one.git"]))
        expect(server.connect(database="one").values("SELECT 1"), ["1"])


def the_first_keeps_nothing():
    """What is written in `postgres` of a folder is refused with a reason, and never lost in silence."""
    with Server(folder=True) as server:
        c = server.connect(database="postgres")
        for words in ("CREATE TABLE t (a int PRIMARY KEY)", "CREATE BRANCH b", "CREATE SEQUENCE s", "SELECT * FROM rowan.create_branch('b')"):
            for first in ("SELECT 1", "SET default_transaction_read_only = off", "BEGIN READ WRITE", "BEGIN; SET TRANSACTION READ WRITE"):
                c.ask(first)
                c.send(query(words))
                told = []
                while not told or told[-1][0] != "Z":
                    told.append(c.message())
                if told[0][0] != "E":  # The block's end tells.
                    c.send(query("COMMIT"))
                    told = []
                    while not told or told[-1][0] != "Z":
                        told.append(c.message())
                assert told[0][0] == "E", (words, first, told)
                failure = fields(told[0][1])
                if failure["C"] != "25001":  # Verbs in a block.
                    expect((failure["C"], failure["M"]), ("25006", 'database "postgres" of this server keeps nothing'))
                    assert "CREATE DATABASE postgres" in failure["H"], failure
                c.ask("ROLLBACK")
                c.ask("RESET ALL")
        expect(c.ask("DROP DATABASE postgres"), ["E 55006", "Z I"])
        expect(c.ask("DROP DATABASE template1"), ["E 0A000", "Z I"])
        expect(c.ask("CREATE DATABASE copy TEMPLATE shop"), ["E 0A000", "Z I"])
        expect(c.ask("CREATE DATABASE postgres"), ["C CREATE DATABASE", "Z I"])
        kept = server.connect(database="postgres")
        expect(kept.ask("CREATE TABLE t (a int PRIMARY KEY)"), ["C CREATE TABLE", "Z I"])
        expect(kept.values(LISTED), ["postgres", "template1"])


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


run(one_repository, a_folder, a_folder_is_listed, a_shell_keeps_it, what_a_kill_left_goes, the_first_keeps_nothing, a_literal_name_wins)
