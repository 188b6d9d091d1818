"""A server of a test's own, and a client that speaks PostgreSQL's protocol message by message."""
import base64
import hashlib
import hmac
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

PASSWORD = "sesame"
SKIPPED = 77


def skip(why):
    print("skipped: " + why)
    sys.exit(SKIPPED)


def need(program):
    """The path of a program, also where Debian hides PostgreSQL's own."""
    found = shutil.which(program)
    if not found:
        for version in range(20, 12, -1):
            candidate = f"/usr/lib/postgresql/{version}/bin/{program}"
            if os.access(candidate, os.X_OK):
                return candidate
        skip(program + " is not installed")
    return found


class Server:
    """`rowan serve` on a repository `shop` (or an empty folder) below a temporary folder."""

    def __init__(self, *options, folder=False, password=PASSWORD):
        self.rowan = os.path.abspath(sys.argv[1])
        self.temp = tempfile.mkdtemp(prefix="rowan-server-")
        self.dir = os.path.join(self.temp, "all" if folder else "shop.git")
        if folder:
            os.mkdir(self.dir)
        else:
            subprocess.run([self.rowan, "init", self.dir], check=True, stdout=subprocess.DEVNULL)
        self.options, self.password = list(options), password
        self.process = None
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.process and self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.temp, ignore_errors=True)

    def start(self):
        env = dict(os.environ)
        env.pop("ROWAN_PASSWORD", None)
        if self.password:
            env["ROWAN_PASSWORD"] = self.password
        self.log = open(os.path.join(self.temp, "server.err"), "ab")
        self.process = subprocess.Popen(
            [self.rowan, "serve", self.dir, "--port", "0", "--socket-dir", self.temp, *self.options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log, env=env, text=True)
        self.said = [self.process.stdout.readline(), self.process.stdout.readline()]
        found = re.search(r" on ([0-9.]+):(\d+)", self.said[0])
        assert found, f"the server did not start: {self.said} {open(self.log.name).read()}"
        self.port = int(found[2])

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.communicate(timeout=30)
        return self.process.returncode

    def kill(self):
        self.process.kill()
        self.process.communicate()

    def check(self, path=None):
        """Ours and git's: nothing is wrong with what is stored."""
        path = path or self.dir
        done = subprocess.run([self.rowan, "check", path], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        done = subprocess.run(["git", "--git-dir", path, "fsck", "--strict", "--no-progress"],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    def env(self, database="shop"):
        """For libpq."""
        env = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        env.update(PGHOST="127.0.0.1", PGPORT=str(self.port), PGUSER="ada", PGPASSWORD=PASSWORD,
                   PGDATABASE=database, PSQLRC="/dev/null", HOME=self.temp)
        return env

    def connect(self, **options):
        return Wire(self, **options)

    def raw(self):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        return connection

    def memory_kb(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])


def frame(kind, body=b""):
    return kind.encode() + struct.pack(">I", len(body) + 4) + body


def text(value):
    return value.encode() + b"\0"


def startup(**parameters):
    body = struct.pack(">I", 3 << 16)
    for name, value in parameters.items():
        body += text(name) + text(value)
    body += b"\0"
    return struct.pack(">I", len(body) + 4) + body


def query(sql):
    return frame("Q", text(sql))


def parse(sql, name="", types=()):
    return frame("P", text(name) + text(sql) + struct.pack(">H", len(types)) +
                 b"".join(struct.pack(">I", oid) for oid in types))


def bind(*values, portal="", name="", formats=(), results=()):
    body = text(portal) + text(name) + struct.pack(">H", len(formats))
    body += b"".join(struct.pack(">H", f) for f in formats) + struct.pack(">H", len(values))
    for value in values:
        if value is None:
            body += struct.pack(">i", -1)
        else:
            value = value if isinstance(value, bytes) else str(value).encode()
            body += struct.pack(">i", len(value)) + value
    body += struct.pack(">H", len(results)) + b"".join(struct.pack(">H", f) for f in results)
    return frame("B", body)


def describe(kind="P", name=""):
    return frame("D", kind.encode() + text(name))


def execute(portal="", rows=0):
    return frame("E", text(portal) + struct.pack(">I", rows))


def close(kind="P", name=""):
    return frame("C", kind.encode() + text(name))


def copy_in(data):
    return frame("d", data.encode()) + frame("c")


SYNC, FLUSH, TERMINATE = frame("S"), frame("H"), frame("X")


class Lost(Exception):
    """The server closed the connection."""


class Wire:
    """A connection that has logged in, message by message."""

    def __init__(self, server, database="shop", user="ada", password=PASSWORD, local=False, login=True, **more):
        self.parameters, self.notices, self.key, self.buffer = {}, [], None, b""
        if local:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(20)
            self.socket.connect(f"{server.temp}/.s.PGSQL.{server.port}")
        else:
            self.socket = server.raw()
        if login:
            self.send(startup(user=user, database=database, **more))
            self.log_in(password)

    def send(self, data):
        self.socket.sendall(data)

    def message(self):
        """The next message: its type and body."""
        while len(self.buffer) < 5 or len(self.buffer) < 1 + struct.unpack(">I", self.buffer[1:5])[0]:
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                raise Lost()
            self.buffer += more
        size = 1 + struct.unpack(">I", self.buffer[1:5])[0]
        kind, body = chr(self.buffer[0]), self.buffer[5:size]
        self.buffer = self.buffer[size:]
        return kind, body

    def log_in(self, password):
        kind, body = self.message()
        if kind == "R" and body[:4] == struct.pack(">I", 10):
            self.scram(password)
            kind, body = self.message()
        while kind != "Z":
            if kind == "E":
                raise Refused(fields(body))
            if kind == "S":
                name, value, _ = body.split(b"\0")
                self.parameters[name.decode()] = value.decode()
            if kind == "K":
                self.key = struct.unpack(">II", body)
            kind, body = self.message()
        self.status = body.decode()

    def scram(self, password):
        bare = "n=,r=" + base64.b64encode(os.urandom(18)).decode()
        first = ("n,," + bare).encode()
        self.send(frame("p", text("SCRAM-SHA-256") + struct.pack(">I", len(first)) + first))
        kind, body = self.message()
        if kind == "E":
            raise Refused(fields(body))
        server_first = body[4:].decode()
        values = dict(part.split("=", 1) for part in server_first.split(","))
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(values["s"]), int(values["i"]))
        key = hmac.digest(salted, b"Client Key", "sha256")
        stored = hashlib.sha256(key).digest()
        without = f"c=biws,r={values['r']}"
        proof = hmac.digest(stored, f"{bare},{server_first},{without}".encode(), "sha256")
        proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, proof))).decode()
        self.send(frame("p", f"{without},p={proof}".encode()))
        kind, body = self.message()
        if kind == "E":
            raise Refused(fields(body))
        signature = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"),
                                f"{bare},{server_first},{without}".encode(), "sha256")
        assert body[4:] == b"v=" + base64.b64encode(signature), "the server does not know the password"

    def until_ready(self):
        """All messages to ReadyForQuery, as short texts: "T a:23", "D 1|x", "C SELECT 1", "E 42601", "Z I"."""
        told = []
        while True:
            kind, body = self.message()
            told.append(short(kind, body))
            if kind == "N":
                self.notices.append(fields(body))
            if kind == "Z":
                self.status = body.decode()
                return told

    def ask(self, data):
        self.send(data if isinstance(data, bytes) else query(data))
        return self.until_ready()

    def values(self, sql):
        return [line[2:] for line in self.ask(sql) if line.startswith("D ")]

    def until_lost(self):
        told = []
        try:
            while True:
                told.append(short(*self.message()))
        except Lost:
            return told

    def close(self):
        self.socket.close()


class Refused(Exception):
    def __init__(self, told):
        super().__init__(str(told))
        self.state, self.told = told["C"], told


def fields(body):
    return {part[:1].decode(): part[1:].decode() for part in body.split(b"\0") if part}


def short(kind, body):
    if kind == "D":
        values, at = [], 2
        for _ in range(struct.unpack(">H", body[:2])[0]):
            size = struct.unpack(">i", body[at:at + 4])[0]
            at += 4
            values.append("NULL" if size < 0 else body[at:at + size].decode("latin1"))
            at += max(size, 0)
        return "D " + "|".join(values)
    if kind == "T":
        names, at = [], 2
        for _ in range(struct.unpack(">H", body[:2])[0]):
            end = body.index(b"\0", at)
            oid = struct.unpack(">I", body[end + 7:end + 11])[0]
            form = struct.unpack(">H", body[end + 17:end + 19])[0]
            names.append(f"{body[at:end].decode()}:{oid}" + ("b" if form else ""))
            at = end + 19
        return "T " + " ".join(names)
    if kind == "t":
        return "t " + " ".join(map(str, struct.unpack(f">{(len(body) - 2) // 4}I", body[2:])))
    if kind in "EN":
        return f"{kind} {fields(body)['C']}"
    if kind == "C":
        return "C " + body[:-1].decode()
    if kind in "Zd":
        return f"{kind} {body.decode()}"
    if kind == "S":
        return "S " + body.split(b"\0")[0].decode()
    return kind


def expect(found, wanted):
    assert found == wanted, f"\nfound  {found}\nwanted {wanted}"


def run(*tests):
    """Each with its name; the first that fails ends the program."""
    for test in tests:
        start = time.time()
        test()
        print(f"{test.__name__}: fine, {time.time() - start:.1f} s", flush=True)
