#!/usr/bin/env python3
"""Types what README.md shows of the server, behind its transcripts: starts it, and asks it by psql; only the port, the password and the
repository's folder are of the run.
    readme_server.py README.MD PATH-OF-ROWAN
"""
import os
import re
import subprocess
import sys
import tempfile

import transcripts


def main():
    page, rowan = sys.argv[1], os.path.realpath(sys.argv[2])
    with open(page, encoding="utf-8") as file:
        lines = file.read().split("\n")
    with tempfile.TemporaryDirectory() as folder:
        replay = transcripts.Replay(rowan, folder)
        for begin, end in transcripts.blocks_of(lines, "console"):
            for typed, _ in transcripts.steps_of(lines[begin:end]):
                replay.step(typed)
        replay.close()
        begin = next(i for i, line in enumerate(lines) if line.startswith("    $ rowan serve "))
        end = next(i for i in range(begin, len(lines)) if lines[i] and not lines[i].startswith("    "))
        steps = transcripts.steps_of([line[4:] for line in lines[begin:end]])
        (serve, told), (ask, answer) = steps
        server = subprocess.Popen(serve[2:].split() + ["--port", "0"], cwd=folder, env=replay.environment, stdout=subprocess.PIPE, text=True)
        try:
            first, second = server.stdout.readline().strip(), server.stdout.readline().strip()
            shown = re.sub(r"(?<=Serving )\S+/", folder + "/", told[0])
            port = re.search(r":(\d+)\.$", first).group(1)
            if first != shown.replace(":5432.", f":{port}."):
                raise SystemExit(f"FAILED: the page shows\n  {shown}\nit printed\n  {first}")
            url = second.split()[1]
            form = r"psql postgres://\w+:[0-9a-f]+@127\.0\.0\.1:\d+/shop"
            if not re.fullmatch(form, second) or not re.fullmatch(form, told[1]):
                raise SystemExit(f"FAILED: the page shows\n  {told[1]}\nit printed\n  {second}")
            happened = replay.run(re.sub(r"postgres://\S+", url, ask[2:]))
            if transcripts.comparable(happened) != transcripts.comparable(answer):
                raise SystemExit("FAILED: the page shows\n  " + "\n  ".join(answer) + "\nit printed\n  " + "\n  ".join(happened))
        finally:
            server.terminate()
            server.wait(timeout=60)
    print("2 steps typed")


if __name__ == "__main__":
    main()
