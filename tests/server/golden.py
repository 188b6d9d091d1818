"""Golden scripts over a connection: what the wire carries is what the session says."""
import os
import subprocess
import sys

from serving import PASSWORD, Server, run, skip

RUNNER = os.path.abspath(sys.argv[2])
SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "sql")


def scripts():
    with Server(folder=True) as server:
        done = subprocess.run([RUNNER, "--connect", f"host=127.0.0.1 port={server.port} user=ada password={PASSWORD}",
                               *(os.path.join(SCRIPTS, area) for area in ("select", "dml", "transaction", "errors", "types"))],
                              capture_output=True, text=True, timeout=280)
        if "without libpq" in done.stderr:
            skip("the runner was built without libpq")
        assert done.returncode == 0, "\n".join(line for line in done.stdout.splitlines() if "(0 wrong)" not in line)
        print(done.stdout.splitlines()[-1])


run(scripts)
