"""Who is let in: passwords by SCRAM, the owner by the Unix socket, and how many; who does not finish its start
holds nobody up."""
import base64
import hashlib
import hmac
import os
import pwd
import resource
import shutil
import struct
import subprocess
import sys
import time

from serving import PASSWORD, Refused, Server, Wire, expect, frame, run, startup, text


def refused(server, **options):
    try:
        server.connect(**options)
    except Refused as refusal:
        return refusal.state
    return "let in"


def passwords():
    with Server() as server:
        server.connect().close()
        expect(refused(server, password="wrong"), "28P01")
        expect(refused(server, password=""), "28P01")
        expect(refused(server, database="nix"), "3D000")
        expect(refused(server, user=""), "28000")
        expect(refused(server, client_encoding="LATIN1"), "22023")
        expect(refused(server, no_such_setting="1"), "42704")
        expect(refused(server, options="-x"), "42601")
        expect(refused(server, replication="true"), "0A000")
        assert PASSWORD not in "".join(server.said), "a password that was given is not told"
        # A query before authentication is no message then.
        c = server.connect(login=False)
        c.send(startup(user="ada", database="shop"))
        c.message()
        c.send(frame("Q", text("SELECT 1")))
        expect(c.until_lost(), ["E 08P01"])


def a_password_is_made():
    with Server(password="") as server:
        assert server.said[1].startswith("psql postgres://"), server.said
        made = server.said[1].split(":")[2].split("@")[0]
        assert len(made) >= 20
        server.connect(password=made).close()
        expect(refused(server, password=made[:-1]), "28P01")


def a_password_file_and_a_verifier():
    with Server() as server:
        server.stop()
        path = os.path.join(server.temp, "password")
        salt = os.urandom(16)
        salted = hashlib.pbkdf2_hmac("sha256", b"pencil", salt, 4096)
        keys = (hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest(), hmac.digest(salted, b"Server Key", "sha256"))
        salt, stored, key = (base64.b64encode(part).decode() for part in (salt, *keys))
        verifier = f"SCRAM-SHA-256$4096:{salt}${stored}:{key}"
        for line, word in (("from the file", "from the file"), (verifier, "pencil")):
            with open(path, "w", encoding="utf-8") as file:
                file.write(line + "\nmore\n")
            server.options = ["--password-file", path]
            server.start()
            server.connect(password=word).close()
            expect(refused(server, password=PASSWORD), "28P01")
            server.stop()


def passwords_in_any_spelling():
    """SASLprep: what libpq makes of a password is what the server knows, whichever of the two was spelled out."""
    psql = shutil.which("psql")
    for spellings in (("p\u00e4ss", "pa\u0308ss"), ("IX", "I\u00adX", "\u2168"), ("\u0340",), ("\u00e4\x07",)) if psql else ():
        with Server(password=spellings[-1]) as server:
            for given in spellings:
                for end, wanted in (("", "7\n"), ("x", "")):
                    done = subprocess.run([psql, "-XAtc", "SELECT 7"], capture_output=True, text=True, env=server.env() | {"PGPASSWORD": given + end})
                    expect((given, done.stdout), (given, wanted))
            if len(spellings) == 1:
                continue
            expect(refused(server, password=spellings[-1]), "28P01")  # Raw, as no client of PostgreSQL's sends it.


def the_owner_by_the_socket():
    with Server() as server:
        expect(server.connect(local=True, password="").values("SELECT 1"), ["1"])


def the_owner_is_one_author():
    login = pwd.getpwuid(os.getuid()).pw_name
    with Server() as server:
        server.stop()
        for name, value in (("user.name", "Ada L"), ("user.email", "ada@example.org")):
            subprocess.run(["git", "-C", server.dir, "config", name, value], check=True)
        server.start()
        for user, author in ((login, "Ada L <ada@example.org>"), ("Ada L", "Ada L <ada@example.org>"), ("bob", "bob <bob@localhost>")):
            c = server.connect(user=user)
            expect(c.values("SELECT current_user"), [user])
            expect(c.values("SHOW rowan.author"), [author])


def trust():
    with Server("--auth", "trust", password="") as server:
        c = server.connect(user="whoever", password="")
        expect(c.values("SELECT 1"), ["1"])
        rowan = os.path.abspath(sys.argv[1])
        done = subprocess.run([rowan, "serve", server.dir, "--port", "0", "--listen", "0.0.0.0", "--auth", "trust"],
                              capture_output=True, text=True, timeout=20)
        assert done.returncode != 0 and "loopback" in done.stderr + done.stdout, done


def encryption_is_declined():
    with Server() as server:
        s = server.raw()
        for code in (80877103, 80877104):
            s.sendall(struct.pack(">II", 8, code))
            expect(s.recv(10), b"N")
        c = Wire.__new__(Wire)
        c.socket, c.buffer, c.parameters, c.notices, c.key = s, b"", {}, [], None
        c.send(startup(user="ada", database="shop"))
        c.log_in(PASSWORD)
        expect(c.values("SELECT 1"), ["1"])


def newer_protocols_are_negotiated():
    with Server() as server:
        c = server.connect(login=False)
        body = struct.pack(">I", 3 << 16 | 2) + text("user") + text("ada") + text("database") + text("shop") + \
            text("_pq_.more") + text("1") + b"\0"
        c.send(struct.pack(">I", len(body) + 4) + body)
        kind, told = c.message()
        expect((kind, told), ("v", struct.pack(">II", 3 << 16, 1) + text("_pq_.more")))
        c.log_in(PASSWORD)
        expect(c.values("SELECT 1"), ["1"])


def too_many():
    with Server("--max-connections", "3") as server:
        kept = [server.connect() for _ in range(3)]
        expect(refused(server), "53300")
        kept[0].close()
        time.sleep(0.2)
        server.connect().close()


def half_open_connections():
    with Server() as server:
        held = []
        for i in range(2000):
            s = server.raw()
            if i % 3 == 1:
                s.sendall(struct.pack(">I", 60))
            if i % 3 == 2:
                s.sendall(startup(user="ada", database="shop"))
            held.append(s)
        start = time.time()
        expect(server.connect().values("SELECT 1"), ["1"])
        assert time.time() - start < 5
        for s in held:
            s.close()
        expect(server.connect().values("SELECT 1"), ["1"])


def idle_connections_are_small():
    for work, limit in (("SELECT 1", 20), ("SELECT a, b FROM t ORDER BY b, a", 30)):
        with Server("--max-connections", "1100") as server:
            first = [server.connect(local=True) for _ in range(20)]
            first[0].ask("CREATE TABLE t (a int PRIMARY KEY, b text)")
            first[0].ask("INSERT INTO t SELECT g, repeat('x', 200) FROM generate_series(1, 2000) g")
            for c in first:
                c.ask(work)
            before = server.memory_kb()
            idle = [server.connect(local=True) for _ in range(1000)]
            for c in idle:
                c.ask(work)
            each = (server.memory_kb() - before) / len(idle)
            print(f"an idle connection, after {work}: {each:.1f} kB")
            assert each <= limit or "SANITIZED" in os.environ, (work, each)
            expect(first[0].values("SELECT 1"), ["1"])


soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
run(passwords, passwords_in_any_spelling, a_password_is_made, a_password_file_and_a_verifier, the_owner_by_the_socket, the_owner_is_one_author, trust, encryption_is_declined,
    newer_protocols_are_negotiated, too_many, half_open_connections, idle_connections_are_small)
