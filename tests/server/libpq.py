"""A program in C's manner, with libpq: libpq_program.cc tells what is not as it should be."""
import os
import subprocess
import sys

from serving import PASSWORD, Server, run


def the_program():
    with Server() as server:
        done = subprocess.run([os.path.abspath(sys.argv[2]), f"host=127.0.0.1 port={server.port} user=ada password={PASSWORD} dbname=shop"],
                              capture_output=True, text=True, timeout=240, env={"LC_ALL": "C", "HOME": server.temp})
        print(done.stdout, end="")
        assert done.returncode == 0, done.stderr
        assert server.stop() == 0
        server.check()


run(the_program)
